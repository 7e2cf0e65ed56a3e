import type { IssuerSettings } from '../config/settings.ts'
import { type Claims, claimAt } from '../issuers/claims.ts'

/** How far the issuer's clock may be ahead or behind, in seconds. */
export const clockToleranceSec = 30
/** The end of the year 9999: later ends are mistakes, or meant to overflow something. */
const lastSecond = 253_402_300_799

/** Why a header cannot be that of an access token we take (RFC 7515 section 4.1, RFC 9068 section 4). */
export function headerFault(header: Claims, { algorithms }: IssuerSettings): string | undefined {
  if (typeof header.alg !== 'string' || !algorithms.includes(header.alg))
    return 'its alg is none of the algorithms of the issuer'
  const { kid, crit, b64 } = header
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > 256))
    return 'its kid is no name'
  // A reader that knows b64 sees another payload than one that does not (RFC 7797 section 6).
  if (crit !== undefined || b64 !== undefined)
    return 'it has critical extensions, and none is supported'
  // Keys come from the issuer's key set. A token that brings its own is an attack, or a mistake.
  if (['jwk', 'jku', 'x5u', 'x5c'].some((name) => Object.hasOwn(header, name)))
    return 'it brings a key of its own'
  if (header.typ === undefined || isType(header.typ, 'jwt') || isType(header.typ, 'at+jwt')) return
  return 'its typ is not that of an access token'
}

/**
 * Why claims cannot be those of an access token that is made for us, by this issuer, and live (RFC 7519
 * section 4.1, RFC 9068 section 4).
 *
 * @param now - milliseconds since the epoch
 */
export function claimsFault(
  claims: Claims,
  issuer: IssuerSettings,
  typed: boolean,
  now: number,
): string | undefined {
  return (
    lifeFault(claims, now) ??
    kindFault(claims, issuer, typed) ??
    (Object.hasOwn(claims, 'cnf')
      ? 'it is bound to a key of its sender (cnf), whose proof is not supported'
      : undefined)
  )
}

/** Why a token is not live now; `exp` is needed. */
function lifeFault({ exp, nbf, iat }: Claims, now: number): string | undefined {
  const seconds = now / 1_000
  if (!isTime(exp)) return 'its exp is missing, or no time'
  if (exp + clockToleranceSec <= seconds) return 'it has expired'
  if (nbf !== undefined && (!isTime(nbf) || nbf - clockToleranceSec > seconds))
    return 'its nbf is no time, or is still to come'
  if (iat !== undefined && (!isTime(iat) || iat - clockToleranceSec > seconds))
    return 'its iat is no time, or is still to come'
  return
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= lastSecond
}

/** Why a token is of another kind: id, refresh and logout tokens are signed with the same keys. */
function kindFault(claims: Claims, issuer: IssuerSettings, typed: boolean): string | undefined {
  const { typ, token_use: use } = claims
  // A service's typ may be what marks it.
  const marked = typeof typ === 'string' && issuer.serviceMarkers.typ?.includes(typ)
  if (typ !== undefined && !marked && !isType(typ, 'bearer'))
    return 'its typ claim says that it is no access token'
  if (use !== undefined && use !== 'access' && use !== 'access_token')
    return 'its token_use says that it is no access token'
  if (typed || typ !== undefined || use !== undefined) return
  if (
    ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'].some((name) => Object.hasOwn(claims, name))
  )
    return 'it is an id token or a logout token'
  // An id token is made for the client, and has no scope.
  const scoped = Object.hasOwn(claims, 'scope') || Object.hasOwn(claims, 'scp')
  if (!scoped && issuer.client && hasAudience(claims, [issuer.client.clientId]))
    return 'it has no scope and is made for the client itself, as id tokens are'
  return
}

/** Whether a media type of a token is one, with or without `application/` (RFC 7515 section 4.1.9). */
export function isType(value: unknown, type: string): boolean {
  if (typeof value !== 'string') return false
  return value.toLowerCase().replace(/^application\//, '') === type
}

/** Whether `aud` has one of several audiences: whole texts, never parts (threat B-08). */
export function hasAudience(claims: Claims, audiences: readonly string[]): boolean {
  return audiencesOf(claims).some((audience) => audiences.includes(audience))
}

/** `aud` (RFC 7519 section 4.1.3), a text or a list of texts; none where it is anything else. */
export function audiencesOf({ aud }: Claims): readonly string[] {
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) && aud.every((item) => typeof item === 'string') ? aud : []
}

/**
 * The client a token was given to: `azp`, or `client_id` (RFC 9068 section 2.2), or the `cid` of Okta and
 * the `appid` of Entra; empty where unknown.
 */
export function clientOf(claims: Claims): string {
  for (const name of ['azp', 'client_id', 'cid', 'appid']) {
    const value = claimAt(claims, name)
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

/** Scopes of a token: `scope` (RFC 8693 section 4.2) or `scp`, a text or a list. */
export function scopesOf({ scope, scp }: Claims): string[] {
  const lists = [scope, scp].map((value) => {
    if (typeof value === 'string') return value.split(' ')
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  })
  return [...new Set(lists.flat())].filter((item) => item !== '')
}
