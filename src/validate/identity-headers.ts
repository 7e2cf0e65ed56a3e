import { type IdentityHeaderName, identityHeaderNames } from '../model/header-names.ts'
import type { Identity } from '../model/identity.ts'

const maxListBytes = 8_192
const plain = /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/
const plainItem = /^(?:[!-$&-+\--~](?:[ -$&-+\--~]*[!-$&-+\--~])?)?$/

/**
 * A value as a header can carry it: each UTF-8 byte outside 0x20 to 0x7E, each `%` and a space at
 * either end becomes `%XX`. `decodeURIComponent` gives the text back; lone surrogates become U+FFFD.
 */
export function encodeHeaderValue(text: string): string {
  return plain.test(text) ? text : encodeBytes(text, false)
}

/** A list item, in which a comma is encoded too. */
export function encodeHeaderItem(text: string): string {
  return plainItem.test(text) ? text : encodeBytes(text, true)
}

function encodeBytes(text: string, inList: boolean): string {
  const bytes = Buffer.from(text.toWellFormed(), 'utf8')
  let encoded = ''
  bytes.forEach((byte, index) => {
    const atEnd = index === 0 || index === bytes.length - 1
    const escaped =
      byte < 0x20 ||
      byte > 0x7e ||
      byte === 0x25 ||
      (byte === 0x20 && atEnd) ||
      (byte === 0x2c && inList)
    encoded += escaped
      ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
      : String.fromCharCode(byte)
  })
  return encoded
}

/** A list cut at 8 KB, at the end of an item. */
function encodeList(items: readonly string[], separator: string): { value: string; cut: boolean } {
  let value = ''
  for (const item of items) {
    if (item === '') continue
    const encoded = encodeHeaderItem(item)
    const longer = value === '' ? encoded : value + separator + encoded
    if (longer.length > maxListBytes) return { value, cut: true }
    value = longer
  }
  return { value, cut: false }
}

/**
 * The whole set of identity headers, empty where unknown: a header that is left out would let through
 * what the client sent. `x-request-id` is the request's own, added per request.
 *
 * @param firstProvider - whose subjects are sent without a prefix
 */
export function identityHeaders(identity: Identity, firstProvider: string): string[] {
  const lists = {
    'x-user-roles': encodeList(identity.kind === 'user' ? identity.roles : [], ','),
    'x-user-groups': encodeList(identity.groups, ','),
    'x-user-scopes': encodeList(identity.scopes, ' '),
    'x-service-roles': encodeList(identity.kind === 'service' ? identity.roles : [], ','),
  }
  const cut = Object.entries(lists).filter(([, list]) => list.cut)
  const service = identity.kind === 'service'
  const values: Record<Exclude<IdentityHeaderName, 'x-request-id'>, string> = {
    'x-user-id': service ? '' : encodeHeaderValue(userId(identity, firstProvider)),
    'x-username': service ? '' : encodeHeaderValue(identity.username),
    'x-user-email': service ? '' : encodeHeaderValue(identity.email),
    'x-user-name': service ? '' : encodeHeaderValue(identity.name),
    'x-user-roles': lists['x-user-roles'].value,
    'x-user-groups': lists['x-user-groups'].value,
    'x-user-scopes': lists['x-user-scopes'].value,
    'x-session-id': identity.sessionId,
    'x-client-id': encodeHeaderValue(identity.clientId),
    'x-auth-source': identity.source,
    'x-auth-kind': identity.kind,
    'x-auth-provider': encodeHeaderValue(identity.provider),
    'x-service-name': service ? encodeHeaderValue(identity.clientId) : '',
    'x-service-id': service ? encodeHeaderValue(identity.subject) : '',
    'x-service-roles': lists['x-service-roles'].value,
    'x-auth-truncated': cut.map(([name]) => name).join(','),
  }
  const block: string[] = []
  for (const name of identityHeaderNames) {
    if (name !== 'x-request-id') block.push(name, values[name])
  }
  return block
}

function userId(identity: Identity, firstProvider: string): string {
  if (identity.subject === '') return ''
  return identity.provider === firstProvider
    ? identity.subject
    : `${identity.provider}:${identity.subject}`
}
