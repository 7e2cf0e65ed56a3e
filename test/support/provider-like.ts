import { createHash } from 'node:crypto'
import { decodeJwt, type JWTPayload } from 'jose'
import type { Configuration } from 'oidc-provider'
import { freePort } from '../../demo/free-port.ts'
import type { Alter, Intercept } from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import type { Agent } from './agent.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'
import { isSignInPage } from './sign-in.ts'
import { signToken } from './sign-token.ts'

type Says = (user: User) => Readonly<Record<string, unknown>>

/** What a provider does in its own way. What is left out is as at the demo provider. */
export interface Particulars {
  /** The issuer's path. */
  readonly path?: string
  /** Which claims each scope releases; `sub` comes with `openid`. */
  readonly scopes: Readonly<Record<string, readonly string[]>>
  readonly idToken: Says
  readonly userinfo: Says
  readonly subject?: 'public' | 'pairwise'
  /** Claims of a JWT in place of the opaque access token, made of the id token's. Userinfo takes it. */
  readonly accessToken?: (idToken: JWTPayload) => JWTPayload
  /** Whether a sign-in gives a refresh token, from the parameters of the authorization request. */
  readonly refreshToken?: (request: URLSearchParams) => boolean
  /** A refresh token is not replaced, and not repeated where it is redeemed. */
  readonly lastingRefreshToken?: true
  readonly endSession?: false
  readonly revocation?: false
}

/** As most providers: a sign-in gives a refresh token where the scope `offline_access` is asked for. */
export const withOfflineAccess: NonNullable<Particulars['refreshToken']> = (request) =>
  (request.get('scope') ?? '').split(' ').includes('offline_access')

/** A gateway beside the real provider, which is configured to do as another one does. */
export async function startGatewayLike(
  particulars: Particulars,
  env: Readonly<Record<string, string>> = {},
): Promise<TestGateway> {
  const requests = new Map<string, URLSearchParams>()
  const port = await freePort(10_000 + Math.floor(Math.random() * 10_000), '127.0.0.1')
  const site = await startTestGateway({
    env,
    idp: {
      port,
      issuer: `http://localhost:${port}${particulars.path ?? ''}`,
      rotateRefreshTokens: !particulars.lastingRefreshToken,
      configure: (configuration) => configured(configuration, particulars, requests),
      intercept: observed(requests),
    },
  })
  site.idp.alter = tokenResponse(site, particulars)
  return site
}

/** The subject identifier of a user at one client (OIDC Core section 8.1). */
export function pairwise(userId: string, clientId: string): string {
  return createHash('sha256').update(`${userId} ${clientId}`).digest('base64url')
}

function configured(
  configuration: Configuration,
  { scopes, idToken, userinfo, subject = 'public', ...rest }: Particulars,
  requests: ReadonlyMap<string, URLSearchParams>,
): Configuration {
  const { refreshToken = () => true, endSession = true, revocation = true } = rest
  const { features } = configuration
  return {
    ...configuration,
    claims: { openid: ['sub'], ...scopes } as Record<string, string[]>,
    subjectTypes: [subject],
    pairwiseIdentifier: (_ctx, userId, { clientId }) => pairwise(userId, clientId),
    findAccount: (_ctx, id) => {
      const user = demoUsers.find((candidate) => candidate.id === id)
      const claims = (use: string) => (use === 'userinfo' ? userinfo : idToken)
      return user && { accountId: id, claims: (use) => ({ ...claims(use)(user), sub: id }) }
    },
    issueRefreshToken: (_ctx, _client, code) =>
      refreshToken(
        requests.get(String(Reflect.get(code, 'codeChallenge'))) ?? new URLSearchParams(),
      ),
    features: {
      ...features,
      rpInitiatedLogout: { ...features?.rpInitiatedLogout, enabled: endSession },
      revocation: { ...features?.revocation, enabled: revocation },
    },
  }
}

/** Remembers authorization requests, and gives userinfo the token that a JWT stands for. */
function observed(requests: Map<string, URLSearchParams>): Intercept {
  return (request) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname.endsWith('/auth'))
      requests.set(searchParams.get('code_challenge') ?? '', searchParams)
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    if (pathname.endsWith('/me') && token.includes('.'))
      request.headers.authorization = `Bearer ${decodeJwt(token).jti}`
    return 'pass'
  }
}

function tokenResponse(site: TestGateway, particulars: Particulars): Alter {
  const known = new Set<unknown>()
  return async (path, body) => {
    if (path !== '/token') return body
    const { access_token: opaque, refresh_token: refreshToken, ...rest } = body
    const claims = particulars.accessToken?.(decodeJwt(String(body.id_token)))
    const jwt = claims && signToken(site.idp.keys.RS256, { ...claims, jti: String(opaque) })
    const repeated = particulars.lastingRefreshToken && known.has(refreshToken)
    known.add(refreshToken)
    return {
      ...rest,
      access_token: (await jwt) ?? opaque,
      ...(refreshToken !== undefined && !repeated && { refresh_token: refreshToken }),
    }
  }
}

/** Who an app is told is asking. */
export async function identityOf(site: TestGateway, agent: Agent) {
  const { status, headers } = await site.validateAs(agent)
  const names = [
    'x-user-id',
    'x-username',
    'x-user-email',
    'x-user-roles',
    'x-user-groups',
  ] as const
  return { status, ...Object.fromEntries(names.map((name) => [name, headers[name]])) }
}

/** Who an app is told is asking, right after a sign-in. */
export async function identityAt(...like: Parameters<typeof startGatewayLike>) {
  await using site = await startGatewayLike(...like)
  const { agent } = await site.signIn()
  return await identityOf(site, agent)
}

/** Signs in and out. As {@link signOut}, but `end` is without the origin of the gateway. */
export async function signOutAt(...like: Parameters<typeof startGatewayLike>) {
  await using site = await startGatewayLike(...like)
  const { agent } = await site.signIn()
  const { end, asksAgain } = await signOut(site, agent)
  return { end: end.startsWith(`${site.url}/`) ? end.slice(site.url.length) : end, asksAgain }
}

/** Signs out. `end` is where the browser ends; `asksAgain`, whether the next sign-in shows a page. */
export async function signOut(site: TestGateway, agent: Agent) {
  const { url } = await agent.follow(`${site.url}/auth/logout`)
  const next = await agent.follow(`${site.url}/auth/login`)
  return { end: url.replace(/\?.*/, ''), asksAgain: isSignInPage(next) }
}
