import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type Provider from 'oidc-provider'
import type { ClientMetadata, Configuration } from 'oidc-provider'
import { type Lifetimes, providerConfiguration } from './idp/configuration.ts'
import { interactions } from './idp/interactions.ts'
import { loadLibrary } from './idp/load-library.ts'
import { MemoryStore } from './idp/memory-store.ts'
import { sessionsPage } from './idp/sessions-page.ts'
import { generateSigningKeys, type SigningKeys } from './idp/signing-keys.ts'
import { demoUsers, type User } from './idp/users.ts'
import { close, listen } from './listen.ts'

/** Answers a request itself (`handled`) or leaves it to the provider (`pass`). */
export type Intercept = (
  request: IncomingMessage,
  response: ServerResponse,
) => 'handled' | 'pass' | Promise<'handled' | 'pass'>

/** Changes a JSON answer of the provider; `path` is the endpoint's, without the issuer's path. */
export type Alter = (path: string, body: Record<string, unknown>) => unknown

export interface IdentityProviderOptions {
  /** 0: any free one. */
  readonly port?: number
  readonly host?: string
  /** URL by which browsers reach it and by which tokens name it; may have a path. */
  readonly issuer?: string
  /** Metadata of OpenID Connect Dynamic Client Registration 1.0; code and refresh grants by default. */
  readonly clients?: readonly ClientMetadata[]
  readonly users?: readonly User[]
  /** JWT access tokens carry an audience and roles; userinfo refuses them. */
  readonly accessToken?: 'opaque' | 'jwt'
  readonly audience?: string
  readonly apiScopes?: string
  readonly ttl?: Partial<Lifetimes>
  readonly rotateRefreshTokens?: boolean
  /** Whether id tokens carry names, roles and groups; otherwise only userinfo does. */
  readonly idTokenClaims?: boolean
  /** Changes to the library's own configuration, for a provider that is not like Keycloak. */
  readonly configure?: (configuration: Configuration) => Configuration
  readonly intercept?: Intercept
  readonly alter?: Alter
}

export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: string
  /** Where it listens: `http://127.0.0.1:PORT`, without the issuer's path. */
  readonly origin: string
  readonly provider: Provider
  readonly keys: SigningKeys
  /** The last thousand requests, oldest first; paths as received, without the query. */
  readonly requests: readonly { readonly method: string; readonly path: string }[]
  /** May be replaced at any time. */
  intercept: Intercept | undefined
  alter: Alter | undefined
  /** Registers a client, or replaces the one with its id. */
  putClient(client: ClientMetadata): void
  close(): Promise<void>
}

const maxLogged = 1000

/** Starts a complete OpenID provider in this process; everything it knows is in memory. */
export async function startIdentityProvider(
  options: IdentityProviderOptions = {},
): Promise<IdentityProvider> {
  const { port = 0, host = '127.0.0.1', users = demoUsers } = options
  const server = createServer()
  const bound = await listen(server, port, host)
  const issuer = options.issuer ?? `http://localhost:${bound}`
  const mountPath = new URL(issuer).pathname.replace(/\/$/, '')
  const store = new MemoryStore()
  const keys = await generateSigningKeys()
  const library = await loadLibrary()
  const configuration = providerConfiguration(library, {
    store,
    keys,
    mountPath,
    users,
    accessToken: options.accessToken ?? 'opaque',
    audience: options.audience ?? 'gatehouse',
    apiScopes: options.apiScopes ?? 'tools:read tools:write',
    ttl: { accessToken: 300, refreshToken: 1800, idToken: 300, ...options.ttl },
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    idTokenClaims: options.idTokenClaims ?? true,
  })
  const provider = new library.default(issuer, options.configure?.(configuration) ?? configuration)
  const requests: { method: string; path: string }[] = []
  const idp: IdentityProvider = {
    issuer,
    origin: `http://127.0.0.1:${bound}`,
    provider,
    keys,
    requests,
    intercept: options.intercept,
    alter: options.alter,
    putClient: (client) => store.putClient({ ...clientDefaults, ...client }),
    close: () => close(server),
    [Symbol.asyncDispose]: () => close(server),
  }
  for (const client of options.clients ?? []) idp.putClient(client)

  provider.proxy = true
  provider.use(async (ctx, next) => {
    await next()
    if (idp.alter && isRecord(ctx.body)) ctx.body = await idp.alter(ctx.path, ctx.body)
  })
  provider.use(sessionsPage({ provider, store, users, mountPath }))
  provider.use(interactions(provider, users))
  const callback = provider.callback()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    requests.push({ method: request.method ?? '', path })
    if (requests.length > maxLogged) requests.shift()
    if ((await idp.intercept?.(request, response)) === 'handled') return
    if (!mount(request, new URL(issuer), mountPath)) {
      response.writeHead(404).end()
      return
    }
    await callback(request, response)
  }
  server.on('request', (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  return idp
}

const clientDefaults = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  backchannel_logout_session_required: true,
} as const

/**
 * Makes the library see the issuer's origin and path whatever name the request came by, so that its
 * metadata names the public endpoints also to those who asked at an internal address.
 */
function mount(request: IncomingMessage, issuer: URL, mountPath: string): boolean {
  const url = request.url ?? '/'
  if (!url.startsWith(`${mountPath}/`)) return false
  request.headers.host = issuer.host
  request.headers['x-forwarded-host'] = issuer.host
  request.headers['x-forwarded-proto'] = issuer.protocol.slice(0, -1)
  Object.assign(request, { originalUrl: url, url: url.slice(mountPath.length) })
  return true
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}
