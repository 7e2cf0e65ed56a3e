import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import type { DestinationStream } from 'pino'
import { appMatcher } from './config/host-matcher.ts'
import type { Loaded } from './config/load.ts'
import { renderProblem } from './config/problem.ts'
import type { Settings } from './config/settings.ts'
import { buildApp, listenWithTls } from './http/app.ts'
import { buildOpsApp } from './http/ops-app.ts'
import type { Parts } from './http/parts.ts'
import { ownRouteMatcher } from './http/paths.ts'
import { readinessOf } from './http/readiness.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { deriveKeys, Seal } from './lib/seal.ts'
import { admits } from './model/allow.ts'
import type { SessionStore } from './model/session-store.ts'
import { keepDiscovering } from './oidc/keep-discovering.ts'
import { refreshSession } from './oidc/refresh.ts'
import { type RelyingParty, relyingParties } from './oidc/relying-party.ts'
import { HeaderNames } from './proxies/call-headers.ts'
import type { ProxyAdapter } from './proxies/forwarded-call.ts'
import { traefikAdapter } from './proxies/traefik.ts'
import { TrustedPeers } from './proxies/trusted-peers.ts'
import { measureStore } from './sessions/measured-store.ts'
import { ResolvedSessions } from './sessions/resolved-sessions.ts'
import { SessionCookies } from './sessions/session-cookie.ts'
import { openSqliteSessionStore } from './sessions/sqlite-session-store.ts'
import { openValkeySessionStore } from './sessions/valkey-session-store.ts'
import { Events } from './telemetry/events.ts'
import { openLog } from './telemetry/logger.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { Assertions } from './validate/assertions.ts'
import { createGate } from './validate/gate.ts'
import { identityHeaderNamesOf } from './validate/identity-headers.ts'
import { LiveSessions } from './validate/live-sessions.ts'
import { RefreshSessions } from './validate/refresh-sessions.ts'

// Entries live a minute: as many people may be active in a minute before the store is asked more.
const resolvedSessionsKept = 5_000

/** The running gateway. Disposing of it finishes the requests in flight, then closes everything. */
export interface Gateway extends AsyncDisposable {
  /** Of the public listener, as seen from this machine, for example `http://127.0.0.1:8080`. */
  readonly origin: string
  readonly opsOrigin: string
  /** Of the listener with TLS, where there is one. */
  readonly tlsOrigin?: string
  /**
   * Takes over apps, providers, allow lists and headers of settings that were read again; settings
   * with problems leave the former in force. What else differs waits for the next start.
   */
  reload(loaded: Loaded): void
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
  const refreshes = stack.adopt(
    new RefreshSessions({ store, events, clock, redeem: (session) => redeem(session, parts) }),
    (running) => running.close(),
  )
  const { session, sites } = settings
  const cookies = new SessionCookies(session.secrets)
  const resolved = new ResolvedSessions({
    store,
    clock,
    max: resolvedSessionsKept,
    passesTokens: () => parts.settings.apps.some(({ token }) => token !== 'off'),
  })
  const lasting: Lasting = {
    settings,
    clock,
    cookies,
    store,
    events,
    metrics,
    sessions: new LiveSessions({
      cookies,
      refreshes,
      store,
      clock,
      resolved,
      idleMs: session.idleMs,
      staleMs: session.staleMs,
    }),
    stateSeal: new Seal(deriveKeys(session.secrets, 'state')),
    peers: new TrustedPeers(settings.trustedProxies, addressesOf, clock),
    assertions: settings.assertion ? new Assertions(session.secrets, clock) : undefined,
  }
  const parts: Parts = assemble(settings, lasting, new Map())
  stack.defer(
    keepDiscovering(
      () => [...parts.parties.values()],
      (message, fields) => events.warning(message, fields),
    ),
  )
  await parts.gate.peers.resolve()

  const { checks, configurationFailed } = readinessOf(parts)
  const ops = await buildOpsApp({ registry: metrics.registry, checks })
  stack.defer(() => ops.close())
  const app = await buildApp(parts)
  stack.defer(() => app.close())
  const { host, port, opsPort, tls } = settings.listen
  await ops.listen({ host, port: opsPort })
  await app.listen({ host, port })
  const secure = tls && stack.use(await listenWithTls(app, parts, tls))
  const running = stack.move()
  const publicUrl = sites.map(({ origin }) => origin).join(',')
  events.notice('listening', { host, port, ops_port: opsPort, public_url: publicUrl })
  return {
    origin: originOf('http', app.server.address() as AddressInfo),
    opsOrigin: originOf('http', ops.server.address() as AddressInfo),
    ...(secure && { tlsOrigin: originOf('https', secure.address) }),
    reload(loaded) {
      if (loaded.kind === 'problems') {
        const problems = loaded.problems.map(renderProblem)
        configurationFailed(problems)
        events.reloadRefused(problems)
        return
      }
      // In this one step every route goes over to the new parts.
      Object.assign(parts, assemble(loaded.settings, lasting, parts.parties))
      resolved.clear()
      configurationFailed([])
      events.reloaded(loaded.warnings.map(renderProblem))
    },
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

/** Refreshes a session's tokens; whoever is not let in any more is treated as refused. */
async function redeem(
  session: Parameters<typeof refreshSession>[1],
  { parties, settings, gate }: Parts,
): ReturnType<typeof refreshSession> {
  const party = parties.get(session.provider)
  if (!party) {
    const reason = `the provider ${session.provider} is not configured any more`
    return { kind: 'refused', reason }
  }
  const refreshed = await refreshSession(party, session, settings)
  const { allow } = party.settings
  if (refreshed.kind !== 'refreshed' || !allow) return refreshed
  if (admits(allow, refreshed.session.identity, gate.firstProvider)) return refreshed
  return { kind: 'refused', reason: 'the account is not among those of ALLOW any more' }
}

/** The parts that stay as they are while the process runs, and the settings it began with. */
type Lasting = Omit<Parts, 'parties' | 'returnUrls' | 'headerNames' | 'proxies' | 'gate'> & {
  readonly peers: TrustedPeers
}

/** Everything for the routes. @param before - relying parties to go on with where they still fit */
function assemble(
  wanted: Settings,
  { peers, ...lasting }: Lasting,
  before: ReadonlyMap<string, RelyingParty>,
): Parts {
  const { apps, namesApps, providers } = wanted
  const settings = { ...lasting.settings, apps, namesApps, providers }
  const { clock, events } = lasting
  const parties = relyingParties(providers, before, clock, (provider, endpoint, outcome, seconds) =>
    events.idpAnswered(provider, endpoint, outcome, seconds),
  )
  const appOf = appMatcher(apps, settings.sites)
  const isOwnRoute = ownRouteMatcher(settings.sites, settings.authPath)
  const names = identityHeaderNamesOf(apps)
  return {
    ...lasting,
    settings,
    parties,
    headerNames: new HeaderNames(names),
    returnUrls: { answersFor: (host) => appOf(host) !== undefined, isOwnRoute },
    proxies: adaptersOf(settings, peers),
    gate: createGate(settings, { ...lasting, peers, appOf, isOwnRoute, headerNames: names }),
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
