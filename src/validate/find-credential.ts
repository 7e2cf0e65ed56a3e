import type { Credential } from '../model/credential.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import { cookieValues } from '../sessions/cookie-values.ts'

const bearer = /^bearer(?:[ \t,]|$)/i
const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i

/**
 * The one credential of a request. `Authorization: Bearer` decides alone; other schemes are the app's
 * own, and the session decides. Session cookies whose signature is not ours do not count.
 *
 * @param verifies - whether a cookie value is signed by us for the site of the request
 */
export function findCredential(
  request: OriginalRequest,
  cookieName: string,
  verifies: (value: string) => boolean,
): Credential {
  const { authorization, cookie } = request.headers
  if (authorization.length > 1) {
    return { kind: 'conflict', reason: 'there are two Authorization headers' }
  }
  const [scheme] = authorization
  if (scheme !== undefined && bearer.test(scheme)) {
    return { kind: 'bearer', token: token.exec(scheme)?.[1] ?? '' }
  }
  if (cookie === '') return { kind: 'none' }
  const values = cookieValues(cookie, cookieName)
  const [value, second] = values
  if (value === undefined) return { kind: 'none' }
  if (second === undefined) return { kind: 'session', cookie: value }
  const [ours, other] = values.filter(verifies)
  if (ours === undefined) return { kind: 'none' }
  if (other !== undefined) {
    return { kind: 'conflict', reason: `there are two cookies named ${cookieName}` }
  }
  return { kind: 'session', cookie: ours }
}
