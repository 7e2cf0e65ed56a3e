import { apiKeyPrefix } from '../bearer/api-keys.ts'
import type { Credential, ProofKind } from '../model/credential.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import { cookieValues } from '../sessions/cookie-values.ts'
import { tokenInQuery } from './query-token.ts'

const bearer = /^bearer(?:[ \t,]|$)/i
const prefix = /^bearer +/i
const basic = /^basic +([A-Za-z0-9+/]+=*)$/i

/** Where a credential is looked for. */
export interface CredentialPlaces {
  /** Name of the session cookie. */
  readonly cookieName: string
  /** Whether a cookie value is signed by us for the site of the request. */
  readonly verifies: (value: string) => boolean
  /** Whether there are API keys: without any, `X-Api-Key` and Basic are the app's own. */
  readonly takesKeys: boolean
  /** The credentials that count; absent: all. */
  readonly counted?: readonly ProofKind[] | undefined
  /** The query parameter that may hold a token; absent: none may. */
  readonly queryToken?: string | undefined
}

/**
 * The one credential of a request. A bearer token or an API key decides alone, whatever cookie comes
 * with it; other schemes of `Authorization` are the app's own, and the session decides. Session cookies
 * whose signature is not ours do not count.
 */
export function findCredential(request: OriginalRequest, places: CredentialPlaces): Credential {
  const { authorization, apiKey, cookie } = request.headers
  if (authorization.length > 1) return conflict('there are two Authorization headers')
  const counts = (kind: ProofKind) => places.counted === undefined || places.counted.includes(kind)
  const [scheme] = authorization
  const inAuthorization = scheme === undefined ? undefined : readAuthorization(scheme, places)
  const authorized = inAuthorization && counts(inAuthorization.kind) ? inAuthorization : undefined
  const inQuery =
    places.queryToken === undefined ? undefined : tokenInQuery(request.query, places.queryToken)
  if (inQuery?.kind === 'conflict') return inQuery
  if (inQuery && authorized) return conflict('Authorization and the query are two credentials')
  // With a scheme of the app's own the request has said otherwise who it is.
  const bearing = authorized ?? (scheme === undefined ? inQuery : undefined)
  if (apiKey !== undefined && places.takesKeys && counts('key')) {
    if (bearing && !(bearing.kind === 'key' && bearing.key === apiKey))
      return conflict('a token and X-Api-Key are two credentials')
    // Two of them were joined.
    if (apiKey.includes(',')) return conflict('there are two X-Api-Key headers')
    return { kind: 'key', key: apiKey }
  }
  if (bearing) return bearing
  return cookie === '' || !counts('session') ? none : sessionIn(cookie, places)
}

const none: Credential = { kind: 'none' }

function conflict(reason: string): Credential {
  return { kind: 'conflict', reason }
}

function readAuthorization(
  value: string,
  { takesKeys }: CredentialPlaces,
): Extract<Credential, { kind: 'bearer' | 'key' }> | undefined {
  // As nearly everybody writes it: looking for other ways costs as much as finding the token in memory.
  const plain = value.startsWith('Bearer ') && value[7] !== ' '
  if (plain || bearer.test(value)) {
    const start = plain ? 7 : prefix.exec(value)?.[0].length
    const offered = start === undefined ? '' : value.slice(start)
    return takesKeys && offered.startsWith(apiKeyPrefix)
      ? { kind: 'key', key: offered }
      : { kind: 'bearer', token: offered }
  }
  const encoded = takesKeys ? basic.exec(value)?.[1] : undefined
  if (encoded === undefined) return
  const text = Buffer.from(encoded, 'base64').toString()
  const password = text.slice(text.indexOf(':') + 1)
  return text.includes(':') && password.startsWith(apiKeyPrefix)
    ? { kind: 'key', key: password }
    : undefined
}

function sessionIn(cookie: string, { cookieName, verifies }: CredentialPlaces): Credential {
  const values = cookieValues(cookie, cookieName)
  const [value, second] = values
  if (value === undefined) return none
  if (second === undefined) return { kind: 'session', cookie: value }
  const [ours, other] = values.filter(verifies)
  if (ours === undefined) return none
  if (other !== undefined) return conflict(`there are two cookies named ${cookieName}`)
  return { kind: 'session', cookie: ours }
}
