import { memo } from '../lib/memo.ts'
import { requestIdFrom } from '../lib/request-id.ts'
import type { CallHeaders, ReadName } from './call-headers.ts'
import type { Reading } from './forwarded-call.ts'
import { clientAddress, parseHost, parseMethod, parseProto, parseUri } from './forwarded-parts.ts'

/** What every adapter is told of the gateway. */
export interface AdapterOptions {
  /** Scheme of `PUBLIC_URL`; `https` wins over what the proxy says. */
  readonly publicScheme: 'http' | 'https'
  readonly trusted: (address: string) => boolean
}

/** One part of the original request as a proxy gave it, and what to call it where it is missing or odd. */
export interface Given {
  readonly name: string
  readonly value: string | undefined
}

/** What a proxy says of the original request. */
export interface GivenRequest {
  readonly method: Given
  /** Absent: the proxy does not say, and it is that of `PUBLIC_URL`. */
  readonly proto?: Given
  readonly host: Given
  readonly uri: Given
  readonly peer: string
}

const rememberedHosts = 1_000
const rememberedUris = 2_000

/**
 * Makes what reads an original request, once and strictly, of what a proxy says of it; every adapter
 * has one.
 */
export function originalReader({
  publicScheme,
  trusted,
}: AdapterOptions): (given: GivenRequest, headers: CallHeaders) => Reading {
  const hosts = {
    http: memo((value) => parseHost(value, 'http'), rememberedHosts),
    https: memo((value) => parseHost(value, 'https'), rememberedHosts),
  }
  const uris = memo(parseUri, rememberedUris)
  return (given, headers) => {
    const method = parseMethod(given.method.value ?? '')
    if (!method) return refused(problem(given.method))
    const proto = given.proto ? parseProto(given.proto.value ?? '') : publicScheme
    if (!proto) return refused(problem(given.proto as Given))
    const secure = publicScheme === 'https' || proto === 'https' || proto === 'wss'
    const scheme = secure ? 'https' : 'http'
    const host = hosts[scheme](given.host.value ?? '')
    if (!host) return refused(problem(given.host))
    const uri = uris(given.uri.value ?? '')
    if (!uri) return refused(problem(given.uri))

    const forwardedFor = headers.value('x-forwarded-for')
    const preflightMethod = method === 'OPTIONS' ? preflightOf(headers) : undefined
    return {
      kind: 'read',
      request: {
        method,
        scheme,
        host,
        receivedHost: given.host.value ?? '',
        path: uri.path,
        query: uri.query,
        clientAddress: clientAddress(forwardedFor, given.peer, trusted),
        requestId: requestIdFrom(headers.value('x-request-id')),
        ...(preflightMethod !== undefined && { preflightMethod }),
        headers,
      },
    }
  }
}

/** A part that a proxy gives in a header. */
export function inHeader(headers: CallHeaders, name: ReadName): Given {
  return { name: `header ${name}`, value: headers.value(name) }
}

export function refused(reason: string): Reading {
  return { kind: 'refused', code: 'bad_forwarded_request', reason }
}

/** The method that a preflight asks about: without an origin and a method it is none. */
function preflightOf(headers: CallHeaders): string | undefined {
  const asked = headers.value('access-control-request-method')
  return headers.origin === undefined || asked === undefined ? undefined : parseMethod(asked)
}

function problem({ name, value }: Given): string {
  return value === undefined
    ? `the ${name} is missing: the proxy must send it`
    : `the value of the ${name} is not one the gateway reads`
}
