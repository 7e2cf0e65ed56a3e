import type { JWTVerifyGetKey } from 'jose'
import type * as client from 'openid-client'
import type { IssuerSettings } from '../config/settings.ts'
import { clientConfiguration } from '../issuers/client-configuration.ts'
import {
  connectIssuer,
  type IssuerConnection,
  type IssuerObserver,
} from '../issuers/issuer-connection.ts'
import { keySetOf } from '../issuers/key-set.ts'
import type { Clock } from '../lib/clock.ts'

/** An issuer whose access tokens are taken. */
export interface TrustedIssuer {
  readonly settings: IssuerSettings
  readonly connection: IssuerConnection
  readonly keys: JWTVerifyGetKey
  /** openid-client's view of it; rejects as its discovery does. */
  configuration(): Promise<client.Configuration>
}

/**
 * The issuers whose tokens are taken, by name. One that is asked as before goes on with the keys it has.
 *
 * @param connected - ways to issuers that are there already, by name
 */
export function trustedIssuers(
  issuers: readonly IssuerSettings[],
  connected: ReadonlyMap<string, { readonly connection: IssuerConnection }>,
  before: ReadonlyMap<string, TrustedIssuer>,
  clock: Clock,
  observer: IssuerObserver,
): ReadonlyMap<string, TrustedIssuer> {
  return new Map(
    issuers.map((settings) => {
      const { name } = settings
      const former = before.get(name)
      const existing = connected.get(name)?.connection
      const lasts = existing === undefined || existing === former?.connection
      if (former && lasts && wayTo(former.settings) === wayTo(settings)) {
        return [name, { ...former, settings }]
      }
      const connection = existing ?? connectIssuer(settings, clock, observer)
      return [name, trustedIssuer(settings, connection, clock)]
    }),
  )
}

/** What of an issuer's settings its keys and the gateway's credentials depend on. */
function wayTo(settings: IssuerSettings): string {
  const { issuer, internalOrigin, ca, jwksUri, keyRecheckMs, client } = settings
  return JSON.stringify([issuer, internalOrigin, ca, jwksUri, keyRecheckMs, client])
}

function trustedIssuer(
  settings: IssuerSettings,
  connection: IssuerConnection,
  clock: Clock,
): TrustedIssuer {
  const { discovery, fetch } = connection
  const { jwksUri, keyRecheckMs } = settings
  // Userinfo takes the caller's token alone, and asks for no client.
  const credentials = settings.client ?? { clientId: 'none', clientAuth: 'none' }
  return {
    settings,
    connection,
    keys: keySetOf(discovery, fetch, clock, {
      ...(jwksUri !== undefined && { uri: jwksUri }),
      recheckMs: keyRecheckMs,
    }),
    configuration: clientConfiguration(discovery, fetch, credentials),
  }
}
