import type { TrustedIssuer } from '../bearer/trusted-issuer.ts'
import type { Settings } from '../config/settings.ts'
import type { IssuerConnection } from '../issuers/issuer-connection.ts'
import type { Clock } from '../lib/clock.ts'
import type { Seal } from '../lib/seal.ts'
import type { SessionStore } from '../model/session-store.ts'
import type { RelyingParty } from '../oidc/relying-party.ts'
import type { ReturnUrls } from '../oidc/return-url.ts'
import type { HeaderNames } from '../proxies/call-headers.ts'
import type { ProxyAdapter } from '../proxies/forwarded-call.ts'
import type { SessionCookies } from '../sessions/session-cookie.ts'
import type { Events } from '../telemetry/events.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Assertions } from '../validate/assertions.ts'
import type { Gate } from '../validate/gate.ts'
import type { LiveSessions } from '../validate/live-sessions.ts'

/**
 * What the routes are made of; built in `services.ts`. When the settings change, the parts that depend
 * on them are replaced in this object: whoever needs several that agree takes them in one step.
 */
export interface Parts {
  readonly settings: Settings
  readonly clock: Clock
  readonly gate: Gate
  readonly proxies: readonly ProxyAdapter[]
  readonly sessions: LiveSessions
  readonly cookies: SessionCookies
  readonly store: SessionStore
  /** By name of the provider; the first is the default. */
  readonly parties: ReadonlyMap<string, RelyingParty>
  /** Whose access tokens are taken, by name. */
  readonly issuers: ReadonlyMap<string, TrustedIssuer>
  readonly returnUrls: ReturnUrls
  readonly headerNames: HeaderNames
  /** What apps check assertions with; absent where there are none. */
  readonly assertions: Assertions | undefined
  /** Seals `state` of sign-in and of sign-out. */
  readonly stateSeal: Seal
  readonly events: Events
  readonly metrics: Metrics
}

/** The way to one provider or issuer. */
export interface NamedConnection {
  readonly name: string
  readonly issuer: string
  readonly connection: IssuerConnection
  /** Whether people sign in there. */
  readonly signsIn: boolean
}

/** The ways to all providers and issuers, each once. */
export function connectionsOf({
  parties,
  issuers,
}: Pick<Parts, 'parties' | 'issuers'>): NamedConnection[] {
  const others = [...issuers.values()].filter(({ settings }) => !parties.has(settings.name))
  const named =
    (signsIn: boolean) =>
    ({ settings, connection }: Pick<RelyingParty | TrustedIssuer, 'settings' | 'connection'>) => ({
      name: settings.name,
      issuer: settings.issuer,
      connection,
      signsIn,
    })
  return [...[...parties.values()].map(named(true)), ...others.map(named(false))]
}
