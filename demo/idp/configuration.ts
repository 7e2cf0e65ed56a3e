import { randomBytes } from 'node:crypto'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Library } from './load-library.ts'
import type { MemoryStore } from './memory-store.ts'
import { errorPage, signedOutPage, signOutPage } from './pages.ts'
import { endProviderSession } from './provider-sessions.ts'
import type { SigningKeys } from './signing-keys.ts'
import { claimsByScope, claimsOf, type User } from './users.ts'

/** Lifetimes in seconds. */
export interface Lifetimes {
  readonly accessToken: number
  readonly refreshToken: number
  readonly idToken: number
}

export interface ConfigurationOptions {
  readonly store: MemoryStore
  readonly keys: SigningKeys
  /** Path of the issuer, without a trailing slash. */
  readonly mountPath: string
  readonly users: readonly User[]
  readonly accessToken: 'opaque' | 'jwt'
  /** `aud` of JWT access tokens. */
  readonly audience: string
  /** Scopes an API of the demo knows, space-separated. */
  readonly apiScopes: string
  readonly ttl: Lifetimes
  readonly rotateRefreshTokens: boolean
  readonly idTokenClaims: boolean
}

const defaultApi = 'urn:gatehouse:demo:api'

/** How oidc-provider is set up to resemble a Keycloak realm: no consent, refresh tokens for all. */
export function providerConfiguration(
  { interactionPolicy }: Library,
  options: ConfigurationOptions,
): Configuration {
  const { store, users, ttl, mountPath } = options
  const policy = interactionPolicy.base()
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0)
  return {
    adapter: store.adapter,
    jwks: { keys: [options.keys.RS256, options.keys.ES256] },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      names: { session: 'idp_session', interaction: 'idp_interaction', resume: 'idp_resume' },
      long: { httpOnly: true, sameSite: 'lax', path: mountPath || '/' },
      short: { httpOnly: true, sameSite: 'lax' },
    },
    claims: claimsByScope,
    conformIdTokenClaims: !options.idTokenClaims,
    findAccount: (_ctx, id) => {
      const user = users.find((candidate) => candidate.id === id)
      return user && { accountId: id, claims: () => claimsOf(user) }
    },
    extraTokenClaims: (_ctx, token) => {
      const user = token.kind === 'AccessToken' && users.find(({ id }) => id === token.accountId)
      return user ? { ...claimsOf(user), sid: token.sid } : undefined
    },
    interactions: { policy, url: (_ctx, { uid }) => `${mountPath}/interaction/${uid}` },
    loadExistingGrant: grantEverything,
    issueRefreshToken: () => true,
    rotateRefreshToken: options.rotateRefreshTokens,
    pkce: { required: () => true },
    enabledJWA: {
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'Ed25519'],
    },
    ttl: {
      AccessToken: ttl.accessToken,
      ClientCredentials: ttl.accessToken,
      IdToken: ttl.idToken,
      RefreshToken: ttl.refreshToken,
      AuthorizationCode: 60,
      Interaction: 3600,
      Session: 14 * 24 * 3600,
      Grant: 14 * 24 * 3600,
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, { clientId }, token) => token.clientId === clientId,
      },
      pushedAuthorizationRequests: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: signOut,
        postLogoutSuccessSource: (ctx) => signedOutPage(ctx),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) =>
          oneOf?.[0] ?? (options.accessToken === 'jwt' ? defaultApi : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: options.apiScopes,
          audience: resource === defaultApi ? options.audience : resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: ttl.accessToken,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    // Clients live on this machine or its container network, which the library's guard refuses.
    fetch: (url, init) => fetch(url, withoutDispatcher(init)),
    renderError: (ctx, out) => errorPage(ctx, out),
  }
}

function withoutDispatcher(init: RequestInit | undefined): RequestInit {
  const { dispatcher: _, ...rest } = { ...init } as RequestInit & { dispatcher?: unknown }
  return rest
}

/** Stands for the consent of people who use their own organisation's apps. */
async function grantEverything({ oidc }: KoaContextWithOIDC) {
  const { provider, client, account, session, requestParamOIDCScopes, resourceServers } = oidc
  if (!client || !account || !session) return
  const known = session.grantIdFor(client.clientId)
  const grant =
    (known && (await provider.Grant.find(known))) ||
    new provider.Grant({ clientId: client.clientId, accountId: account.accountId })
  grant.addOIDCScope([...requestParamOIDCScopes])
  grant.addOIDCClaims([...oidc.requestParamClaims])
  for (const [resource, { scopes }] of Object.entries(resourceServers ?? {})) {
    grant.addResourceScope(resource, [...scopes])
  }
  await grant.save()
  return grant
}

/**
 * Answers the sign-out request: at once where a valid hint names this very session, else a page asks.
 * (RP-Initiated Logout 1.0 section 2: the provider should ask only where the hint does not fit.)
 */
async function signOut(ctx: KoaContextWithOIDC, form: string) {
  const { session, client, provider, params, entities } = ctx.oidc
  const hint = entities.IdTokenHint?.payload
  const hinted =
    session &&
    client &&
    // A pairwise sub is another one than the account's; the sid says enough.
    (client.subjectType === 'pairwise' || hint?.sub === session.accountId) &&
    hint?.sid === session.sidFor(client.clientId)
  if (!hinted) return signOutPage(ctx, form)
  await endProviderSession(provider, session)
  const target = params?.post_logout_redirect_uri
  if (typeof target !== 'string') return signedOutPage(ctx)
  const back = new URL(target)
  if (typeof params?.state === 'string') back.searchParams.set('state', params.state)
  ctx.status = 303
  ctx.redirect(back.href)
}
