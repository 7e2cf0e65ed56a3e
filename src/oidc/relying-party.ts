import type { JWTVerifyGetKey } from 'jose'
import type * as client from 'openid-client'
import type { ProviderSettings } from '../config/settings.ts'
import { clientConfiguration } from '../issuers/client-configuration.ts'
import type { Discovery } from '../issuers/discovery.ts'
import {
  connectIssuer,
  type IssuerConnection,
  type IssuerObserver,
} from '../issuers/issuer-connection.ts'
import { keySetOf } from '../issuers/key-set.ts'
import type { Clock } from '../lib/clock.ts'

/** The gateway as a client of one OpenID provider. */
export interface RelyingParty {
  readonly settings: ProviderSettings
  readonly connection: IssuerConnection
  readonly discovery: Discovery
  readonly keys: JWTVerifyGetKey
  readonly clock: Clock
  /** openid-client's view of the provider; rejects as {@link Discovery.get} does. */
  configuration(): Promise<client.Configuration>
}

/**
 * The relying parties of the providers, by name. One whose provider is reached as before goes on with
 * what it knows of it.
 */
export function relyingParties(
  providers: readonly ProviderSettings[],
  before: ReadonlyMap<string, RelyingParty>,
  clock: Clock,
  observer: IssuerObserver,
): ReadonlyMap<string, RelyingParty> {
  return new Map(
    providers.map((settings) => {
      const { name } = settings
      const former = before.get(name)
      if (former && connectionOf(former.settings) === connectionOf(settings)) {
        return [name, { ...former, settings }]
      }
      return [name, createRelyingParty(settings, clock, observer)]
    }),
  )
}

/** What of a provider's settings its metadata, keys and client credentials depend on. */
function connectionOf({ allow, claims, label, ...connection }: ProviderSettings): string {
  return JSON.stringify(connection)
}

function createRelyingParty(
  settings: ProviderSettings,
  clock: Clock,
  observer: IssuerObserver,
): RelyingParty {
  const connection = connectIssuer(settings, clock, observer)
  const { discovery, fetch } = connection
  return {
    settings,
    connection,
    discovery,
    keys: keySetOf(discovery, fetch, clock),
    clock,
    configuration: clientConfiguration(discovery, fetch, settings),
  }
}
