import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import type { Discovery } from './discovery.ts'
import type { IssuerFetch } from './issuer-fetch.ts'
import { IssuerUnavailable } from './issuer-unavailable.ts'

const coolDownMs = 30_000
const failureCoolDownMs = 2_000
/** jose: the answer is no key set. */
const unreadable = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'])

/**
 * The signing keys of one issuer. An unknown `kid` asks the issuer again, at most every 30 seconds;
 * the last good set serves while the issuer is down. Use it as jose's key function.
 *
 * @param options - where the keys are, in place of what the metadata says, and how often they are read
 *   again (1 h)
 */
export function keySetOf(
  discovery: Discovery,
  fetch: IssuerFetch,
  clock: Clock,
  {
    uri: ownUri,
    recheckMs = 3_600_000,
  }: { readonly uri?: string; readonly recheckMs?: number } = {},
): JWTVerifyGetKey {
  let remote: ReturnType<typeof createRemoteJWKSet> | undefined
  let remoteUri = ''
  let checkedAt = clock.monotonic()
  let failedAt = Number.NEGATIVE_INFINITY

  const fetchKeys: IssuerFetch = async (url, init) => {
    // jose's own cool-down counts from successes only.
    if (clock.monotonic() - failedAt < failureCoolDownMs) {
      throw new IssuerUnavailable(`the keys at ${url} could not be read a moment ago`)
    }
    checkedAt = clock.monotonic()
    try {
      return await fetch(url, init)
    } catch (error) {
      failedAt = clock.monotonic()
      throw error
    }
  }

  return async (header, token) => {
    const uri = ownUri ?? (await discovery.get()).jwks_uri
    if (!uri) throw new Error('the metadata of the issuer has no jwks_uri')
    if (!remote || uri !== remoteUri) {
      remote = createRemoteJWKSet(new URL(uri), {
        cacheMaxAge: Number.POSITIVE_INFINITY,
        cooldownDuration: coolDownMs,
        timeoutDuration: 10_000,
        [customFetch]: fetchKeys,
      })
      remoteUri = uri
    } else if (clock.monotonic() - checkedAt > recheckMs) {
      remote.reload().catch(() => {})
    }
    try {
      return await remote(header, token)
    } catch (error) {
      if (!(error instanceof errors.JOSEError) || !unreadable.has(error.code)) throw error
      failedAt = clock.monotonic()
      throw new IssuerUnavailable(`the keys at ${uri} cannot be read`, { cause: error })
    }
  }
}
