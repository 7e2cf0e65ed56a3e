import type { Claims } from '../issuers/claims.ts'

/** What a token is by its form alone: nothing of it is believed yet. */
export type TokenForm =
  | { readonly kind: 'jwt'; readonly header: Claims; readonly claims: Claims }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Longest token that is looked at, in characters (threat B-17). */
export const longestToken = 8_192

/** RFC 6750 section 2.1. */
const tokenSyntax = /^[\w.~+/-]+=*$/
const segmentForm = /^[\w-]+$/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Tells a JWT in compact form (RFC 7515 section 7.1) from an opaque token. What begins with a header and
 * is no JWT in every detail is refused: two readers must not read two tokens in it.
 */
export function formOf(token: string): TokenForm {
  if (token.length > longestToken) return refused(`the token is longer than ${longestToken}`)
  if (!tokenSyntax.test(token)) return refused('the token has characters that no bearer token has')
  const segments = token.split('.', 6)
  const [head, body, signature] = segments
  if (!head || !isHeader(head)) return { kind: 'opaque' }
  if (segments.length === 5) return refused('the token is encrypted, which is not supported')
  if (segments.length !== 3 || !body || !signature)
    return refused('the token begins as a JWT, but has not its three parts')
  const header = objectIn(head)
  const claims = objectIn(body)
  if (!header || !claims || !isBase64url(signature))
    return refused('a part of the token is no base64url, or no JSON object with distinct names')
  return { kind: 'jwt', header, claims }
}

/** Whether the most lenient reader would see a header. Random bytes may well begin as JSON does. */
function isHeader(segment: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function refused(reason: string): TokenForm {
  return { kind: 'refused', reason }
}

function objectIn(segment: string): Claims | undefined {
  if (!isBase64url(segment)) return
  try {
    const text = utf8.decode(Buffer.from(segment, 'base64url'))
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    return membersIn(text) === membersOf(value) ? (value as Claims) : undefined
  } catch {
    return
  }
}

/** One text for the same bytes: no padding, no other alphabet, no bits left over (RFC 4648 section 3.5). */
function isBase64url(segment: string): boolean {
  return (
    segmentForm.test(segment) && Buffer.from(segment, 'base64url').toString('base64url') === segment
  )
}

/** How many members the objects of a JSON text have, as written: a colon each, outside of strings. */
function membersIn(json: string): number {
  return json.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
}

/** How many were kept: of two with one name, only the last is (RFC 7519 section 4). */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce((sum: number, item) => sum + membersOf(item), 0)
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length)
}
