import * as client from 'openid-client'
import { Breakers } from '../../issuers/breaker.ts'
import { endpointRule } from '../../issuers/endpoints.ts'
import { createIssuerFetch } from '../../issuers/issuer-fetch.ts'
import { systemClock } from '../../lib/clock.ts'
import { Failure, failed, plain } from './failure.ts'
import { isSafe } from './resource-url.ts'

/**
 * An issuer as a public client sees it: its metadata by OpenID Connect Discovery, else by RFC 8414.
 * Signatures of id tokens are checked. Rejects with a Failure where it cannot be used.
 */
export async function connectIssuer(
  issuer: string,
  clientId: string,
): Promise<client.Configuration> {
  if (!/^[\x21-\x7e]+$/.test(issuer) || !URL.canParse(issuer) || !isSafe(new URL(issuer)))
    throw new Failure(`the issuer ${plain(issuer)} is no https URL`)
  const fetch = createIssuerFetch({
    issuer,
    observe: () => {},
    breakers: new Breakers(systemClock, () => {}),
  })
  const discover = (algorithm: 'oidc' | 'oauth2') =>
    client.discovery(new URL(issuer), clientId, { [client.clockTolerance]: 30 }, client.None(), {
      algorithm,
      [client.customFetch]: fetch,
      // The fetch itself refuses plain http where it is not meant to be.
      execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    })
  const configuration = await discover('oidc')
    .catch((error: unknown) => {
      if (isNotThere(error)) return discover('oauth2')
      throw error
    })
    .catch((error: unknown) => {
      throw failed(`the metadata of ${issuer} cannot be had`, error)
    })
  const { authorization_endpoint: page } = configuration.serverMetadata()
  // The browser goes there, and not the fetch above.
  if (page !== undefined && !(URL.canParse(page) && endpointRule({ issuer })(new URL(page))))
    throw new Failure(`${issuer} names a sign-in page that is neither https nor its own`)
  return configuration
}

function isNotThere(error: unknown): boolean {
  const answer = error instanceof Error ? error.cause : undefined
  return answer instanceof Response && answer.status >= 400 && answer.status < 500
}
