import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { demoUsers } from '../../demo/idp/users.ts'
import { clientId, type TestGateway } from './gateway.ts'
import { type RawAnswer, rawRequest } from './raw-request.ts'
import { signToken } from './sign-token.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const form = 'application/x-www-form-urlencoded'

/** The claims of a logout token that is right, and that ends every session of the first demo user. */
export function logoutClaims(
  { idp }: Pick<TestGateway, 'idp'>,
  changes: Readonly<Record<string, unknown>> = {},
): JWTPayload {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss: idp.issuer,
    aud: clientId,
    sub: demoUsers[0]?.id ?? '',
    iat: now,
    exp: now + 120,
    jti: randomUUID(),
    events: { [event]: {} },
    ...changes,
  }
}

/** A logout token of the provider; changes are to its claims and its protected header. */
export function logoutToken(
  site: Pick<TestGateway, 'idp'>,
  changes: Readonly<Record<string, unknown>> = {},
  header: Parameters<typeof signToken>[2] = {},
): Promise<string> {
  const claims = logoutClaims(site, changes)
  return signToken(site.idp.keys.RS256, claims, { typ: 'logout+jwt', ...header })
}

/** What a provider posts; the body as it is. */
export function postLogout(
  { gateway }: TestGateway,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return rawRequest(
    gateway.origin,
    'POST',
    '/auth/backchannel-logout',
    { 'Content-Type': form, 'Content-Length': String(Buffer.byteLength(body)), ...headers },
    body,
  )
}

export function sendLogoutToken(site: TestGateway, token: string): Promise<RawAnswer> {
  return postLogout(site, new URLSearchParams({ logout_token: token }).toString())
}
