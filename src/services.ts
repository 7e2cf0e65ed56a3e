import { lookup } from 'node:dns/promises'
import type { AddressInfo } from 'node:net'
import type { DestinationStream } from 'pino'
import { AccessTokens } from './bearer/access-tokens.ts'
import { ApiKeys } from './bearer/api-keys.ts'
import { trustedIssuers } from './bearer/trusted-issuer.ts'
import { appMatcher } from './config/host-matcher.ts'
import type { Loaded } from './config/load.ts'
import { speaksOfMcp } from './config/mcp-settings.ts'
import { renderProblem } from './config/problem.ts'
import type { Settings } from './config/settings.ts'
import { buildApp, listenWithTls } from './http/app.ts'
import { EventReaders } from './http/event-readers.ts'
import { buildOpsApp } from './http/ops-app.ts'
import { connectionsOf, type Parts } from './http/parts.ts'
import { ownRouteMatcher } from './http/paths.ts'
import { readinessOf } from './http/readiness.ts'
import type { IssuerObserver } from './issuers/issuer-connection.ts'
import { type Clock, systemClock } from './lib/clock.ts'
import { deriveKeys, Seal } from './lib/seal.ts'
import { admits } from './model/allow.ts'
import { mcpHeaderNames } from './model/header-names.ts'
import { withAdminRole } from './model/identity.ts'
import { keepDiscovering } from './oidc/keep-discovering.ts'
import { refreshSession } from './oidc/refresh.ts'
import { relyingParties } from './oidc/relying-party.ts'
import { HeaderNames } from './proxies/call-headers.ts'
import { envoyAdapter } from './proxies/envoy.ts'
import type { ProxyAdapter } from './proxies/forwarded-call.ts'
import { ingressNginxAdapter, oauth2ProxyPath } from './proxies/ingress-nginx.ts'
import { nginxAdapter } from './proxies/nginx.ts'
import type { AdapterOptions } from './proxies/read-original.ts'
import { traefikAdapter } from './proxies/traefik.ts'
import { TrustedPeers } from './proxies/trusted-peers.ts'
import { hasLimits, QuotaStores } from './quotas/open-quota-store.ts'
import { unreachableWarnings } from './rules/unreachable-rules.ts'
import { measureStore } from './sessions/measured-store.ts'
import { openSessionStore } from './sessions/open-session-store.ts'
import { ResolvedSessions } from './sessions/resolved-sessions.ts'
import { SessionCookies } from './sessions/session-cookie.ts'
import { SessionEnds } from './sessions/session-ends.ts'
import { Events } from './telemetry/events.ts'
import { openLog } from './telemetry/logger.ts'
import { type BreakerReading, createMetrics } from './telemetry/metrics.ts'
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
  const metrics = createMetrics(() => breakersOf(parts))
  const log = openLog(settings.logLevel, logTo)
  stack.defer(() => log.close())
  const events = new Events(log, metrics)

  const onError = (error: Error) => events.warning(error.message)
  const seal = new Seal(deriveKeys(settings.session.secrets, 'session-record'))
  const opened = stack.use(openSessionStore(settings.store, { clock, seal, onError }))
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
    seen: (identity) =>
      withAdminRole(identity, parts.parties.get(identity.provider)?.settings.claims.admins ?? []),
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
    quotas: stack.use(new QuotaStores(settings.store, { clock, onError })),
    assertions: settings.assertion ? new Assertions(session.secrets, clock) : undefined,
  }
  const parts: Parts = assemble(settings, lasting, { parties: new Map(), issuers: new Map() })
  stack.defer(
    keepDiscovering(
      () => connectionsOf(parts),
      (message, fields) => events.warning(message, fields),
    ),
  )
  const tokens = settings.adminTokens
  const feed = tokens.length > 0 ? { readers: readersOf(parts), tokens, events } : undefined
  await parts.gate.peers.resolve()

  for (const warning of unreachableWarnings(settings)) events.warning(warning)
  const { checks, configurationFailed } = readinessOf(parts)
  const ops = await buildOpsApp({ registry: metrics.registry, checks, feed })
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
      try {
        // In this one step every route goes over to the new parts.
        Object.assign(parts, assemble(loaded.settings, lasting, parts))
      } catch (error) {
        // Nothing has changed: what the new settings need cannot be opened.
        const problem = error instanceof Error ? error.message : String(error)
        configurationFailed([problem])
        events.reloadRefused([problem])
        return
      }
      resolved.clear()
      for (const warning of unreachableWarnings(loaded.settings)) events.warning(warning)
      configurationFailed([])
      events.reloaded(loaded.warnings.map(renderProblem))
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
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
  const { allow, claims } = party.settings
  if (refreshed.kind !== 'refreshed' || !allow) return refreshed
  const identity = withAdminRole(refreshed.session.identity, claims.admins)
  if (admits(allow, identity, gate.firstProvider)) return refreshed
  return { kind: 'refused', reason: 'the account is not among those of ALLOW any more' }
}

/** The parts that stay as they are while the process runs, and the settings it began with. */
type Lasting = Omit<
  Parts,
  'parties' | 'issuers' | 'returnUrls' | 'headerNames' | 'proxies' | 'gate'
> & {
  readonly peers: TrustedPeers
  readonly quotas: QuotaStores
}

/** What of the settings that were read again is taken over; the rest waits for the next start. */
function takenOver(wanted: Settings) {
  const { apps, namesApps, providers, issuers, mcp, keys } = wanted
  const { rules, defaultRule, accessPolicy, claimsMapping, quota } = wanted
  return {
    ...{ apps, namesApps, providers, issuers, mcp, keys },
    ...{ rules, defaultRule, accessPolicy, claimsMapping, quota },
  }
}

/** Everything for the routes. @param before - what is known of issuers, to go on with where it still fits */
function assemble(
  wanted: Settings,
  { peers, quotas, ...lasting }: Lasting,
  before: Pick<Parts, 'parties' | 'issuers'>,
): Parts {
  const settings = { ...lasting.settings, ...takenOver(wanted) }
  const { apps, providers, keys } = settings
  const { clock, events } = lasting
  const observer: IssuerObserver = {
    answered: (...seen) => events.idpAnswered(...seen),
    breaker: (...seen) => events.idpBreaker(...seen),
  }
  const parties = relyingParties(providers, before.parties, clock, observer)
  const issuers = trustedIssuers(settings.issuers, parties, before.issuers, clock, observer)
  const appOf = appMatcher(apps, settings.sites)
  const mcpHosts = settings.mcp.map(({ host }) => host)
  const isOwnRoute = ownRouteMatcher(settings.sites, settings.authPath, mcpHosts)
  const names = identityHeaderNamesOf(settings)
  return {
    ...lasting,
    settings,
    parties,
    issuers,
    headerNames: new HeaderNames(speaksOfMcp(settings) ? [...names, ...mcpHeaderNames] : names),
    returnUrls: { answersFor: (host) => appOf(host) !== undefined, isOwnRoute },
    proxies: adaptersOf(settings, peers),
    gate: createGate(settings, {
      ...lasting,
      peers,
      appOf,
      isOwnRoute,
      headerNames: names,
      ...(issuers.size > 0 && {
        tokens: new AccessTokens({
          issuers: [...issuers.values()],
          passesTokens: apps.some(({ token }) => token !== 'off'),
          clock,
        }),
      }),
      ...(keys.length > 0 && {
        keys: new ApiKeys(keys, clock, (identity) => events.keyUsed(identity)),
      }),
      quotas: hasLimits(settings) ? quotas.opened() : undefined,
    }),
  }
}

/** Those who hear of sessions that end, from now on. */
function readersOf(parts: Parts): EventReaders {
  const { store, clock } = parts
  return new EventReaders({
    ends: new SessionEnds({ changes: store.changes, clock }),
    clock,
    firstProvider: () => parts.gate.firstProvider,
  })
}

function* breakersOf(parts: Pick<Parts, 'parties' | 'issuers'>): Iterable<BreakerReading> {
  for (const { name: provider, connection } of connectionsOf(parts)) {
    for (const [endpoint, state] of connection.breakers()) {
      yield { provider, endpoint, open: state === 'open' }
    }
  }
}

/** Traefik, Caddy, Kong and HAProxy ask alike, at the same route. */
function adaptersOf(settings: Settings, peers: TrustedPeers): ProxyAdapter[] {
  const options: AdapterOptions = {
    publicScheme: settings.sites[0].secure ? 'https' : 'http',
    trusted: (address) => peers.knows(address),
  }
  const traefik = traefikAdapter(options)
  const alike = { traefik, caddy: traefik, kong: traefik, haproxy: traefik }
  const adapters = { ...alike, nginx: nginxAdapter(options), envoy: envoyAdapter(options) }
  const asked: ProxyAdapter[] = settings.proxies.map((name) => adapters[name])
  if (settings.authPath === oauth2ProxyPath && settings.proxies.includes('nginx'))
    asked.push(ingressNginxAdapter(options))
  return [...new Set(asked)]
}

async function addressesOf(hostName: string): Promise<string[]> {
  return (await lookup(hostName, { all: true })).map(({ address }) => address)
}

function originOf(scheme: 'http' | 'https', { address, family, port }: AddressInfo): string {
  const wildcard = address === '0.0.0.0' || address === '::'
  const host = wildcard ? '127.0.0.1' : family === 'IPv6' ? `[${address}]` : address
  return `${scheme}://${host}:${port}`
}
