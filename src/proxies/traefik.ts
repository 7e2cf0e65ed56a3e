import { forwardedHeaderNames } from '../model/header-names.ts'
import type { ForwardedCall, ProxyAdapter } from './forwarded-call.ts'
import { type AdapterOptions, inHeader, originalReader, refused } from './read-original.ts'

/**
 * Traefik's forwardAuth, and every proxy that asks like it (Caddy, Kong, HAProxy): the original request
 * is in `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri` and `-For`, and in no other family of headers.
 */
export function traefikAdapter(options: AdapterOptions): ProxyAdapter {
  const read = originalReader(options)
  return {
    route: '/validate',
    read({ headers, peer }: ForwardedCall) {
      const ambiguity = headers.ambiguityIn(forwardedHeaderNames)
      if (ambiguity !== undefined) return refused(ambiguity)
      return read(
        {
          method: inHeader(headers, 'x-forwarded-method'),
          proto: inHeader(headers, 'x-forwarded-proto'),
          host: inHeader(headers, 'x-forwarded-host'),
          uri: inHeader(headers, 'x-forwarded-uri'),
          peer,
        },
        headers,
      )
    },
  }
}
