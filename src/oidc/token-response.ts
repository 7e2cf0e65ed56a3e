import type { TokenEndpointResponse } from 'openid-client'
import type { Claims } from '../issuers/claims.ts'
import type { Tokens } from '../model/session.ts'

// Beyond this a time is no time: it keeps sums far from where numbers lose milliseconds.
const longestSec = 10 * 365 * 86_400

/**
 * The tokens of a token response (RFC 6749 section 5.1), with their ends in milliseconds since the
 * epoch. What the response leaves out is taken from `before` (section 6: a refresh may keep the old
 * refresh token).
 */
export function tokensFrom(
  response: TokenEndpointResponse,
  accessClaims: Claims | undefined,
  now: number,
  before?: Tokens,
): Tokens {
  const accessExpiresAt =
    endAfter(response.expires_in, now) ?? endAt(accessClaims?.exp, now) ?? undefined
  const refreshToken = response.refresh_token ?? before?.refreshToken
  const refreshExpiresAt =
    endAfter(response.refresh_expires_in, now) ??
    (response.refresh_token === undefined ? before?.refreshExpiresAt : undefined)
  return {
    accessToken: response.access_token,
    receivedAt: now,
    idToken: response.id_token ?? before?.idToken ?? '',
    ...(accessExpiresAt === undefined ? {} : { accessExpiresAt }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
  }
}

/** Keycloak says 0 for a refresh token without an end. */
function endAfter(seconds: unknown, now: number): number | undefined {
  const value = typeof seconds === 'string' ? Number(seconds) : seconds
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return
  return now + Math.min(value, longestSec) * 1_000
}

function endAt(epochSeconds: unknown, now: number): number | undefined {
  if (typeof epochSeconds !== 'number' || !Number.isFinite(epochSeconds)) return
  return Math.min(epochSeconds * 1_000, now + longestSec * 1_000)
}

/**
 * When a session ends, the idle limit not counted: the earliest of its absolute limit and the refresh
 * token's end; without a refresh token the access token's end, unless the settings say otherwise.
 */
export function sessionEnd(
  tokens: Tokens,
  createdAt: number,
  settings: { readonly maxAgeMs: number; readonly withoutRefresh: 'token' | 'max_age' },
): number {
  const absolute = createdAt + settings.maxAgeMs
  if (tokens.refreshToken !== undefined)
    return Math.min(absolute, tokens.refreshExpiresAt ?? absolute)
  if (settings.withoutRefresh === 'max_age') return absolute
  return Math.min(absolute, tokens.accessExpiresAt ?? absolute)
}
