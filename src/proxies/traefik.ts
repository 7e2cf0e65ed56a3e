import { memo } from '../lib/memo.ts'
import { requestIdFrom } from '../lib/request-id.ts'
import type { ForwardedCall, ProxyAdapter, Reading } from './forwarded-call.ts'
import { clientAddress, parseHost, parseMethod, parseProto, parseUri } from './forwarded-parts.ts'
import { type HeaderFields, readHeaderFields } from './header-fields.ts'

const rememberedHosts = 1_000

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
  return {
    route: '/validate',
    read(call: ForwardedCall): Reading {
      const fields = readHeaderFields(call.rawHeaders, call.headers)
      if (typeof fields === 'string') return refused(fields)

      const method = parseMethod(fields['x-forwarded-method'] ?? '')
      if (!method) return refused(problem(fields, 'x-forwarded-method'))
      const proto = parseProto(fields['x-forwarded-proto'] ?? '')
      if (!proto) return refused(problem(fields, 'x-forwarded-proto'))
      const secure = options.publicScheme === 'https' || proto === 'https' || proto === 'wss'
      const scheme = secure ? 'https' : 'http'
      const host = hosts[scheme](fields['x-forwarded-host'] ?? '')
      if (!host) return refused(problem(fields, 'x-forwarded-host'))
      const uri = parseUri(fields['x-forwarded-uri'] ?? '')
      if (!uri) return refused(problem(fields, 'x-forwarded-uri'))

      return {
        kind: 'read',
        request: {
          method,
          scheme,
          host,
          path: uri.path,
          query: uri.query,
          clientAddress: clientAddress(fields['x-forwarded-for'], call.peer, options.trusted),
          requestId: requestIdFrom(fields['x-request-id']),
          headers: {
            authorization: fields.authorizations,
            cookie: fields.cookie ?? '',
            origin: fields.origin,
            accept: fields.accept,
            requestedWith: fields['x-requested-with'],
            fetchMode: fields['sec-fetch-mode'],
            fetchDest: fields['sec-fetch-dest'],
            prefetch: isPrefetch(fields),
            webSocket:
              fields['sec-websocket-key'] !== undefined ||
              fields['sec-websocket-version'] !== undefined ||
              fields['sec-fetch-mode'] === 'websocket' ||
              proto === 'ws' ||
              proto === 'wss',
          },
        },
      }
    },
  }
}

function problem(fields: HeaderFields, name: keyof HeaderFields): string {
  return fields[name] === undefined
    ? `the header ${name} is missing: the proxy must send it`
    : `the value of ${name} is not one the gateway reads`
}

function isPrefetch(fields: HeaderFields): boolean {
  const purpose = fields['sec-purpose'] ?? fields.purpose
  return purpose !== undefined && /\bpre(?:fetch|render)\b/i.test(purpose)
}
