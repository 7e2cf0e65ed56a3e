import type { JWTHeaderParameters, JWTPayload } from 'jose'
import { demoUsers } from '../../demo/idp/users.ts'
import type { TestGateway } from './gateway.ts'
import type { RawAnswer } from './raw-request.ts'
import { signToken } from './sign-token.ts'

/** What `AUTH_ALLOWED_AUDIENCES` is in tests. */
export const audience = 'https://api.example.com'

/** Claims of an access token of the provider of a test, for its first user. */
export function accessClaims(
  { idp, clock }: Pick<TestGateway, 'idp' | 'clock'>,
  claims: JWTPayload = {},
): JWTPayload {
  const now = Math.floor(clock.now() / 1_000)
  return {
    iss: idp.issuer,
    aud: audience,
    sub: demoUsers[0]?.id ?? '',
    preferred_username: 'alice',
    azp: 'cli',
    sid: 'session-at-the-provider',
    scope: 'profile email',
    groups: ['/ops'],
    iat: now,
    exp: now + 300,
    ...claims,
  }
}

/**
 * An access token that is good, but for these claims and members of its header; undefined leaves one
 * out.
 */
export function accessToken(
  site: Pick<TestGateway, 'idp' | 'clock'>,
  claims: JWTPayload = {},
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return signToken(site.idp.keys.RS256, accessClaims(site, claims), { typ: 'at+jwt', ...header })
}

/** Asks as a program with a token. */
export function validateWith(
  site: TestGateway,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return site.validate({ Authorization: `Bearer ${token}`, Accept: '*/*', ...headers })
}
