import { unescape as decoded } from 'node:querystring'
import { apiKeyPrefix } from '../bearer/api-keys.ts'
import type { Credential } from '../model/credential.ts'

/**
 * The access token of a query parameter (RFC 6750 section 2.3); undefined where there is none. An API key
 * is none: it lives too long for an address.
 *
 * @param query - with its question mark
 */
export function tokenInQuery(
  query: string,
  name: string,
): Extract<Credential, { kind: 'bearer' | 'conflict' }> | undefined {
  const [token, second] = new URLSearchParams(query).getAll(name)
  if (token === undefined) return
  if (second !== undefined) return { kind: 'conflict', reason: `the query has two of ${name}` }
  return { kind: 'bearer', token: token.startsWith(apiKeyPrefix) ? '' : token }
}

/**
 * A query without the parameters of these names, the others as they were. Whatever may be one of them for
 * some reader goes too: separated by `;`, escaped twice, in another case, within a nested URL.
 */
export function withoutParameters(query: string, names: readonly string[]): string {
  const forms = names.map(
    (name) => new RegExp(`(?<![\\w.~-])${name.replaceAll('.', '\\.')}(?:\\[[^=]*)?=`, 'i'),
  )
  const mentions = (part: string) => {
    const once = decoded(part)
    return [part, once, decoded(once)].some((text) => forms.some((form) => form.test(text)))
  }
  const kept = query
    .slice(1)
    .split('&')
    .filter((part) => !mentions(part))
  return kept.join('&') === '' ? '' : `?${kept.join('&')}`
}
