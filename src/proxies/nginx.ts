import type { ForwardedCall, ProxyAdapter, RefusedAnswer } from './forwarded-call.ts'
import { type AdapterOptions, inHeader, originalReader, refused } from './read-original.ts'

const family = [
  'x-original-uri',
  'x-original-method',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-for',
] as const

/**
 * nginx's `auth_request`: the original request is in `X-Original-URI` and `-Method` and in
 * `X-Forwarded-Host`, `-Proto` and `-For`, which its configuration sets. It understands 200, 401 and 403
 * only.
 */
export function nginxAdapter(options: AdapterOptions): ProxyAdapter {
  const read = originalReader(options)
  return {
    route: '/validate/nginx',
    read({ headers, peer }: ForwardedCall) {
      const ambiguity = headers.ambiguityIn(family)
      if (ambiguity !== undefined) return refused(ambiguity)
      return read(
        {
          method: inHeader(headers, 'x-original-method'),
          proto: inHeader(headers, 'x-forwarded-proto'),
          host: inHeader(headers, 'x-forwarded-host'),
          uri: inHeader(headers, 'x-original-uri'),
          peer,
        },
        headers,
      )
    },
    refused: understood,
  }
}

/**
 * 401 where signing in or another credential may help, and 403 for everything else: whatever nginx does
 * not know it makes 500. The true status and the sign-in page are in headers, for its `error_page`.
 */
export function understood({ status, headers, loginUrl }: RefusedAnswer): RefusedAnswer {
  const helps = status === 401 || status === 302 || status === 303
  const kept = headers.filter((_, i) => headers[i - (i % 2)] !== 'location')
  const challenged = headers.includes('www-authenticate')
  return {
    status: helps ? 401 : 403,
    headers: [
      ...kept,
      ...(helps && !challenged ? ['www-authenticate', 'Bearer realm="gatehouse"'] : []),
      ...['x-auth-status', String(status)],
      ...(loginUrl === undefined ? [] : ['x-login-url', loginUrl]),
    ],
    loginUrl,
  }
}
