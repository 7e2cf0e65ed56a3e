import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import type { DestinationStream } from 'pino'
import { hostMatcher, hostPatternText } from './config/host-matcher.ts'
import type { Settings } from './config/settings.ts'
import { siteMatcher } from './config/site-matcher.ts'
import { buildApp, listenWithTls } from './http/app.ts'
import { buildOpsApp } from './http/ops-app.ts'
import type { Parts } from './http/parts.ts'
import { ownRouteMatcher } from './http/paths.ts'
import { readinessOf } from './http/readiness.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { deriveKeys, Seal } from './lib/seal.ts'
import type { Identity } from './model/identity.ts'
import type { SessionStore } from './model/session-store.ts'
import { keepDiscovering } from './oidc/keep-discovering.ts'
import { refreshSession } from './oidc/refresh.ts'
import { createRelyingParty, type RelyingParty } from './oidc/relying-party.ts'
import type { ProxyAdapter } from './proxies/forwarded-call.ts'
import { traefikAdapter } from './proxies/traefik.ts'
import { TrustedPeers } from './proxies/trusted-peers.ts'
import { openRule, signedInRule } from './rules/implicit-rules.ts'
import { measureStore } from './sessions/measured-store.ts'
import { ResolvedSessions } from './sessions/resolved-sessions.ts'
import { SessionCookies } from './sessions/session-cookie.ts'
import { openSqliteSessionStore } from './sessions/sqlite-session-store.ts'
import { openValkeySessionStore } from './sessions/valkey-session-store.ts'
import { Events } from './telemetry/events.ts'
import { openLog } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { LiveSessions } from './validate/live-sessions.ts'
import { RefreshSessions } from './validate/refresh-sessions.ts'
import { allowHeaders } from './validate/reply.ts'

// Entries live a minute: as many people may be active in a minute before the store is asked more.
const resolvedSessionsKept = 5_000

/** The running gateway. Disposing of it finishes the requests in flight, then closes everything. */
export interface Gateway extends AsyncDisposable {
  /** Of the public listener, as seen from this machine, for example `http://127.0.0.1:8080`. */
  readonly origin: string
  readonly opsOrigin: string
  /** Of the listener with TLS, where there is one. */
  readonly tlsOrigin?: string
}

export interface GatewayOptions {
  readonly clock?: Clock
  /** Where log lines go; standard output where absent. */
  readonly logTo?: DestinationStream
}

/**
 * Builds every long-lived part once, in order, and listens. Parts are closed in the reverse order.
 *
 * @throws Error where a listener cannot be opened or the SQLite file cannot be used
 */
export async function startGateway(
  settings: Settings,
  { clock = systemClock, logTo }: GatewayOptions = {},
): Promise<Gateway> {
  await using stack = new AsyncDisposableStack()
  const metrics = createMetrics()
  const log = openLog(settings.logLevel, logTo)
  stack.defer(() => log.close())
  const events = new Events(log, metrics)

  const opened = stack.use(openStore(settings, clock, events))
  const store = measureStore(opened, clock, (operation, outcome, seconds) =>
    events.storeAnswered(operation, outcome, seconds),
  )
  const parties = new Map(
    settings.providers.map((provider) => {
      const party = createRelyingParty(provider, clock, (endpoint, outcome, seconds) =>
        events.idpAnswered(provider.name, endpoint, outcome, seconds),
      )
      return [provider.name, party]
    }),
  )
  stack.defer(
    keepDiscovering([...parties.values()], (message, fields) => events.warning(message, fields)),
  )

  const refreshes = stack.adopt(
    new RefreshSessions({
      store,
      events,
      clock,
      redeem: (session) => {
        const party = parties.get(session.provider)
        if (party) return refreshSession(party, session, settings)
        const reason = `the provider ${session.provider} is not configured any more`
        return Promise.resolve({ kind: 'refused', reason })
      },
    }),
    (running) => running.close(),
  )
  const parts = assemble(settings, clock, store, refreshes, parties, { events, metrics })
  await parts.gate.peers.resolve()

  const ops = await buildOpsApp({ registry: metrics.registry, checks: readinessOf(parts) })
  stack.defer(() => ops.close())
  const app = await buildApp(parts)
  stack.defer(() => app.close())
  const { host, port, opsPort, tls } = settings.listen
  await ops.listen({ host, port: opsPort })
  await app.listen({ host, port })
  const secure = tls && stack.use(await listenWithTls(app, parts, tls))
  const running = stack.move()
  events.notice('listening', {
    host,
    port,
    ops_port: opsPort,
    public_url: settings.sites.map(({ origin }) => origin).join(','),
  })
  return {
    origin: originOf('http', app.server.address() as AddressInfo),
    opsOrigin: originOf('http', ops.server.address() as AddressInfo),
    ...(secure && { tlsOrigin: originOf('https', secure.address) }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function openStore(settings: Settings, clock: Clock, events: Events): SessionStore {
  const seal = new Seal(deriveKeys(settings.session.secrets, 'session-record'))
  const onError = (error: Error) => events.warning(error.message)
  return settings.store.kind === 'sqlite'
    ? openSqliteSessionStore({ path: settings.store.path, clock, seal, onError })
    : openValkeySessionStore({ url: settings.store.url, clock, seal, onError })
}

function assemble(
  settings: Settings,
  clock: Clock,
  store: SessionStore,
  refreshes: RefreshSessions,
  parties: ReadonlyMap<string, RelyingParty>,
  telemetry: Pick<Parts, 'events' | 'metrics'>,
): Parts {
  const { session, sites } = settings
  const siteOf = siteMatcher(sites)
  const firstProvider = settings.providers[0]?.name ?? ''
  const headersOf = (identity: Identity) => allowHeaders(identity, firstProvider)
  const cookies = new SessionCookies(session.secrets)
  const sessions = new LiveSessions({
    cookies,
    refreshes,
    store,
    clock,
    resolved: new ResolvedSessions({
      store,
      clock,
      max: resolvedSessionsKept,
      headersOf: ({ identity }) => headersOf(identity),
    }),
    idleMs: session.idleMs,
    staleMs: session.staleMs,
  })
  const peers = new TrustedPeers(settings.trustedProxies, addressesOf, clock)
  const answersFor = hostMatcher(settings.appHosts, sites)
  const isOwnRoute = ownRouteMatcher(sites, settings.authPath)
  const rule = settings.authEnabled ? signedInRule : openRule
  return {
    ...telemetry,
    settings,
    clock,
    cookies,
    sessions,
    store,
    parties,
    returnUrls: { answersFor, isOwnRoute },
    stateSeal: new Seal(deriveKeys(session.secrets, 'state')),
    proxies: adaptersOf(settings, peers),
    gate: {
      peers,
      answersFor,
      appHosts: settings.appHosts.map(hostPatternText),
      trustedProxies: settings.trustedProxies,
      isOwnRoute,
      siteOf: (host) => siteOf(host) ?? sites[0],
      ruleFor: () => rule,
      sessions,
      isOwnOrigin: (origin) => {
        if (!URL.canParse(origin)) return false
        const url = new URL(origin)
        if (url.origin !== origin || url.protocol !== new URL(sites[0].origin).protocol)
          return false
        return sites.some((site) => site.origin === origin) || answersFor(url.host)
      },
      csrfCheck: settings.csrfCheck || sites[0].cookieSameSite === 'none',
      headersOf,
    },
  }
}

/** Traefik, Caddy, Kong and HAProxy ask alike, at the same route. */
function adaptersOf(settings: Settings, peers: TrustedPeers): ProxyAdapter[] {
  const traefik = traefikAdapter({
    publicScheme: settings.sites[0].secure ? 'https' : 'http',
    trusted: (address) => peers.knows(address),
  })
  const adapters = { traefik, caddy: traefik, kong: traefik, haproxy: traefik }
  return [...new Set(settings.proxies.map((name) => adapters[name]))]
}

async function addressesOf(hostName: string): Promise<string[]> {
  return (await lookup(hostName, { all: true })).map(({ address }) => address)
}

function originOf(scheme: 'http' | 'https', { address, family, port }: AddressInfo): string {
  const wildcard = address === '0.0.0.0' || address === '::'
  const host = wildcard ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address
  return `${scheme}://${host}:${port}`
}
