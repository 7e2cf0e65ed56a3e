import { memo } from '../lib/memo.ts'
import { requestIdFrom } from '../lib/request-id.ts'
import type { CallHeaders, ReadName } from './call-headers.ts'
import type { ForwardedCall, ProxyAdapter, Reading } from './forwarded-call.ts'
import { clientAddress, parseHost, parseMethod, parseProto, parseUri } from './forwarded-parts.ts'

const rememberedHosts = 1_000
const rememberedUris = 2_000

const refused = (reason: string): Reading => ({
  kind: 'refused',
  code: 'bad_forwarded_request',
  reason,
})

/**
 * Traefik's forwardAuth, and every proxy that asks like it (Caddy, Kong, HAProxy): the original request
 * is in `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri` and `-For`, and in no other family of headers.
 *
 * @param publicScheme - scheme of `PUBLIC_URL`; `https` wins over what the proxy says
 */
export function traefikAdapter(options: {
  readonly publicScheme: 'http' | 'https'
  readonly trusted: (address: string) => boolean
}): ProxyAdapter {
  const hosts = {
    http: memo((value) => parseHost(value, 'http'), rememberedHosts),
    https: memo((value) => parseHost(value, 'https'), rememberedHosts),
  }
  const uris = memo(parseUri, rememberedUris)
  return {
    route: '/validate',
    read(call: ForwardedCall): Reading {
      const { headers } = call
      if (headers.ambiguity !== undefined) return refused(headers.ambiguity)

      const method = parseMethod(headers.value('x-forwarded-method') ?? '')
      if (!method) return refused(problem(headers, 'x-forwarded-method'))
      const proto = parseProto(headers.value('x-forwarded-proto') ?? '')
      if (!proto) return refused(problem(headers, 'x-forwarded-proto'))
      const secure = options.publicScheme === 'https' || proto === 'https' || proto === 'wss'
      const scheme = secure ? 'https' : 'http'
      const host = hosts[scheme](headers.value('x-forwarded-host') ?? '')
      if (!host) return refused(problem(headers, 'x-forwarded-host'))
      const uri = uris(headers.value('x-forwarded-uri') ?? '')
      if (!uri) return refused(problem(headers, 'x-forwarded-uri'))

      const forwardedFor = headers.value('x-forwarded-for')
      return {
        kind: 'read',
        request: {
          method,
          scheme,
          host,
          receivedHost: headers.value('x-forwarded-host') ?? '',
          path: uri.path,
          query: uri.query,
          clientAddress: clientAddress(forwardedFor, call.peer, options.trusted),
          requestId: requestIdFrom(headers.value('x-request-id')),
          headers,
        },
      }
    },
  }
}

function problem(headers: CallHeaders, name: ReadName): string {
  return headers.value(name) === undefined
    ? `the header ${name} is missing: the proxy must send it`
    : `the value of ${name} is not one the gateway reads`
}
