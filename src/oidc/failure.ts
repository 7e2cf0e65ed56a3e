import * as client from 'openid-client'
import { outageOf } from '../issuers/issuer-unavailable.ts'

/** Why a provider's endpoint gave nothing to use. */
export type ProviderFailure =
  | {
      readonly kind: 'unavailable'
      readonly reason: string
      /** When the endpoint is asked again, where that is known. */
      readonly retryAfterSec: number | undefined
    }
  /** The token endpoint said no (RFC 6749 section 5.2). */
  | { readonly kind: 'refused'; readonly error: string; readonly reason: string }
  /** The authorization endpoint sent the browser back with an error (section 4.1.2.1). */
  | { readonly kind: 'authorization-error'; readonly error: string; readonly reason: string }
  /** What came does not speak the protocol: a page, a redirect, half a document. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** The answer is there and not acceptable. */
  | { readonly kind: 'invalid'; readonly reason: string }

const brokenCodes = new Set([
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
])

/** Sorts what openid-client and jose throw. Reasons are for the log and hold no token. */
export function providerFailure(error: unknown): ProviderFailure {
  const outage = outageOf(error)
  if (outage) {
    const { retryAfterSec } = outage
    return { kind: 'unavailable', reason: messageOf(error), retryAfterSec }
  }
  if (error instanceof client.AuthorizationResponseError) {
    return {
      kind: 'authorization-error',
      error: error.error,
      reason: `the provider says ${error.error}`,
    }
  }
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return {
      kind: 'refused',
      error: 'invalid_client',
      reason: `invalid_client: the provider answers ${error.status} to the credentials of the gateway; OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_CLIENT_AUTH must be as they are registered there`,
    }
  }
  if (error instanceof client.ResponseBodyError) {
    const detail = error.error_description ? ` (${withoutSecrets(error.error_description)})` : ''
    return { kind: 'refused', error: error.error, reason: `${error.error}${detail}` }
  }
  const broken = error instanceof client.ClientError && brokenCodes.has(error.code ?? '')
  return { kind: broken ? 'broken' : 'invalid', reason: messageOf(error) }
}

// openid-client's wrapping of what it did not expect says nothing.
const empty = 'something went wrong'

function messageOf(error: unknown): string {
  const parts: string[] = []
  for (let e = error; e instanceof Error; e = e.cause)
    if (e.message !== empty) parts.push(e.message)
  return parts.join(': ')
}

/** The provider's own words, without what could be a token or code that it repeats. */
function withoutSecrets(text: string): string {
  return text.slice(0, 300).replaceAll(/[\w.~+/=-]{24,}/g, '…')
}
