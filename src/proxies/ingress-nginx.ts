import type { ForwardedCall, ProxyAdapter } from './forwarded-call.ts'
import { understood } from './nginx.ts'
import { type AdapterOptions, inHeader, originalReader, refused } from './read-original.ts'

/** `AUTH_PATH` at which the routes have oauth2-proxy's names too. */
export const oauth2ProxyPath = '/oauth2'

const route = `${oauth2ProxyPath}/auth`
const family = [
  'x-original-url',
  'x-original-method',
  'x-forwarded-proto',
  'x-forwarded-for',
] as const

/**
 * ingress-nginx's `auth-url` at the address that oauth2-proxy has: the original request is in
 * `X-Original-URL`, whole, in `X-Original-Method` and `X-Forwarded-For`. nginx's `auth_request` takes the
 * answer, so it is that of the nginx adapter, but 202.
 */
export function ingressNginxAdapter(options: AdapterOptions): ProxyAdapter {
  const read = originalReader(options)
  return {
    route,
    grantedStatus: 202,
    read({ headers, url, peer }: ForwardedCall) {
      if (/\?./.test(url)) return refused(unreadQuery)
      const ambiguity = headers.ambiguityIn(family)
      if (ambiguity !== undefined) return refused(ambiguity)
      if (headers.value('x-forwarded-proto') !== undefined) return refused(throughItself)
      const given = inHeader(headers, 'x-original-url')
      const part = (of: keyof UrlParts) => ({
        ...given,
        value: partsOf(given.value)?.[of] ?? given.value,
      })
      return read(
        {
          method: inHeader(headers, 'x-original-method'),
          proto: part('scheme'),
          host: part('host'),
          uri: part('target'),
          peer,
        },
        headers,
      )
    },
    refused: understood,
  }
}

/** What oauth2-proxy reads there narrows who is let in. */
const unreadQuery = `the query of ${route} is not read, and without allowed_groups and the like more people would be let in; write apps.<name>.allow or rules in CONFIG_FILE, or narrow the address: ${route}/allow/group:ops, as /validate/nginx/allow/group:ops`

/** ingress-nginx takes the header out of its own calls, and sets it in all that it passes on. */
const throughItself = `the call has an x-forwarded-proto, so it came through a proxy as a client's: the address it is from is not the client's, and scripts of the apps could ask as well; name the gateway's own address in auth-url, such as http://gatehouse.<namespace>.svc.cluster.local:8080${route}`

interface UrlParts {
  readonly scheme: string
  readonly host: string
  readonly target: string
}

/** The parts as they were sent: reading them as a URL would resolve what the gateway has to see. */
function partsOf(url: string | undefined): UrlParts | undefined {
  const [, scheme, host, target] = /^(https?):\/\/([^/?#]+)(\/.*)$/.exec(url ?? '') ?? []
  if (scheme === undefined || host === undefined || target === undefined) return
  return { scheme, host, target }
}
