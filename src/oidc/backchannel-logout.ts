import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { isIssuerUnavailable } from '../issuers/issuer-unavailable.ts'
import type { RelyingParty } from './relying-party.ts'
import { idTokenAlgorithms } from './token-claims.ts'

/** Whose sessions a provider says are over. */
export type LogoutToken =
  | {
      readonly kind: 'valid'
      readonly issuer: string
      readonly provider: string
      readonly subject: string | undefined
      readonly sid: string | undefined
      readonly jti: string
      /** Until when a replay must be known, in milliseconds since the epoch. */
      readonly until: number
    }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string }

const event = 'http://schemas.openid.net/event/backchannel-logout'
const maxAgeSec = 300
const clockToleranceSec = 30
const maxLength = 16_384

const invalid = (reason: string): LogoutToken => ({ kind: 'invalid', reason })

/** Checks a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6). */
export async function readLogoutToken(
  token: string,
  parties: readonly RelyingParty[],
): Promise<LogoutToken> {
  if (token.length > maxLength) return invalid('the token is too long')
  const party = await issuedBy(token, parties)
  if (!party) return invalid('no provider of the gateway issued it')
  try {
    const { issuer } = await party.discovery.get()
    const { payload, protectedHeader } = await jwtVerify(token, party.keys, {
      issuer,
      audience: party.settings.clientId,
      algorithms: await idTokenAlgorithms(party),
      clockTolerance: clockToleranceSec,
      currentDate: new Date(party.clock.now()),
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
      maxTokenAge: maxAgeSec,
    })
    const type = protectedHeader.typ?.toLowerCase()
    if (
      type !== undefined &&
      type !== 'jwt' &&
      type !== 'logout+jwt' &&
      type !== 'application/logout+jwt'
    ) {
      return invalid(`its typ is ${JSON.stringify(type)}`)
    }
    return fromPayload(payload, issuer, party)
  } catch (error) {
    if (isIssuerUnavailable(error)) {
      return { kind: 'unavailable', reason: 'the keys of the provider cannot be read' }
    }
    return invalid(error instanceof Error ? error.message : 'it is not a JWT')
  }
}

function fromPayload(payload: JWTPayload, issuer: string, party: RelyingParty): LogoutToken {
  const { sub, sid, jti, events } = payload
  if (payload.nonce !== undefined) return invalid('it has a nonce, as an id token has')
  if (typeof events !== 'object' || events === null || !isObject(Reflect.get(events, event))) {
    return invalid('its events do not say back-channel logout')
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > 255)
    return invalid('it has no usable jti')
  if (sub !== undefined && typeof sub !== 'string') return invalid('its sub is no string')
  if (sid !== undefined && typeof sid !== 'string') return invalid('its sid is no string')
  if (!sub && !sid) return invalid('it names neither a sub nor a sid')
  return {
    kind: 'valid',
    issuer,
    provider: party.settings.name,
    subject: sub || undefined,
    sid: sid || undefined,
    jti,
    until: party.clock.now() + (maxAgeSec + 2 * clockToleranceSec) * 1_000,
  }
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

async function issuedBy(
  token: string,
  parties: readonly RelyingParty[],
): Promise<RelyingParty | undefined> {
  let issuer: string | undefined
  try {
    issuer = decodeJwt(token).iss
  } catch {
    return
  }
  return parties.find(
    (party) => (party.discovery.known?.issuer ?? party.settings.issuer) === issuer,
  )
}
