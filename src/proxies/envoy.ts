import type { HeaderBlock } from '../model/decision.ts'
import type { ForwardedCall, ProxyAdapter } from './forwarded-call.ts'
import { type AdapterOptions, inHeader, originalReader, refused } from './read-original.ts'

const route = '/validate/envoy'
const family = ['host', 'x-forwarded-for'] as const

/**
 * Envoy's `ext_authz` over HTTP: the call has the method and the `Host` of the original request, and its
 * path and query after a prefix. What it does not say, the scheme, is that of `PUBLIC_URL`. It removes
 * the headers that a 200 names.
 */
export function envoyAdapter(options: AdapterOptions): ProxyAdapter {
  const read = originalReader(options)
  return {
    route,
    pathBelow: true,
    read({ headers, method, below, peer }: ForwardedCall) {
      const ambiguity = headers.ambiguityIn(family)
      if (ambiguity !== undefined) return refused(ambiguity)
      return read(
        {
          method: { name: 'method of the call', value: method },
          host: inHeader(headers, 'host'),
          uri: { name: `path after ${route}`, value: below },
          peer,
        },
        headers,
      )
    },
    granted(block) {
      let removed = removals.get(block)
      if (!removed) {
        removed = ['x-envoy-auth-headers-to-remove', emptyNames(block.fields).join(',')]
        removals.set(block, removed)
      }
      return removed
    },
  }
}

/** A block is sent many times. */
const removals = new WeakMap<HeaderBlock, readonly string[]>()

/** Envoy keeps what the client sent under a name that it is not told to replace or to remove. */
function emptyNames(fields: readonly string[]): string[] {
  return fields.filter((_, i) => i % 2 === 0 && fields[i + 1] === '')
}
