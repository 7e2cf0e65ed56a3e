import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  constants,
  createSecureServer,
  Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Settings } from '../config/settings.ts'
import type { HeaderNames } from '../proxies/call-headers.ts'
import { refuseUnreadable } from './client-errors.ts'
import { quickRequestClass } from './quick-request.ts'
import { QuickResponse } from './quick-response.ts'

/** A request and its response, whichever version of HTTP they came by. */
export type HttpRequest = IncomingMessage | Http2ServerRequest
export type HttpResponse = ServerResponse | Http2ServerResponse

type Answer = (request: HttpRequest, response: HttpResponse) => void

/** Who answers: the validate routes where the request is for one of them, else the others. */
export interface Answering {
  /** By path and query of a request. */
  readonly isValidateCall: (url: string) => boolean
  readonly headerNames: () => HeaderNames
  readonly validate: Answer
  readonly others: Answer
}

/** A listener with TLS. Disposing of it finishes the requests in flight. */
export interface SecureListener extends AsyncDisposable {
  readonly address: AddressInfo
}

type Tls = NonNullable<Settings['listen']['tls']>

const sweepEveryMs = 100
const drainMs = 10_000

const http1 = {
  // Big cookies beside a bearer token reach Node's default of 16 KB.
  maxHeaderSize: 32_768,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 75_000,
  // Validate calls have no body, and streams for one cost a tenth of the throughput.
  optimizeEmptyRequests: true,
  connectionsCheckingInterval: 5_000,
  // Whatever flags Node runs with: gateway and proxy must see the same requests.
  insecureHTTPParser: false,
}

// Node drops headers past the first thousand without a word; the limit in bytes holds.
const allHeaders = { maxHeadersCount: 0 }

const http2 = {
  allowHTTP1: true,
  noDelay: true,
  handshakeTimeout: 10_000,
  // Each header counts 32 bytes more than it has (RFC 9113 section 6.5.2), and clients send every
  // cookie in a header of its own: the size is to be the only limit, as on HTTP/1.1.
  settings: { maxHeaderListSize: 65_536, maxConcurrentStreams: 250 },
  maxHeaderListPairs: 2_048,
  // What 250 requests with such headers take, in megabytes.
  maxSessionMemory: 32,
  maxSessionInvalidFrames: 100,
}

/** Longer than the 90 s after which Traefik closes an idle connection, so that no request crosses it. */
const idleSessionMs = 120_000

/** HTTP/1.1 without TLS. It does not listen yet. */
export function plainServer({ isValidateCall, headerNames, validate, others }: Answering): Server {
  const classes = {
    IncomingMessage: quickRequestClass(isValidateCall, headerNames),
    ServerResponse: QuickResponse,
  }
  const server = createServer({ ...http1, ...classes }, (request, response) => {
    if (isValidateCall(request.url ?? '')) validate(request, response)
    else others(request, response)
  })
  // An `Expect` that Node does not know is no reason for another answer.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  return Object.assign(server, allHeaders)
}

/**
 * Listens with TLS and HTTP/2, and HTTP/1.1 for callers that ask for it. Disposing of it finishes the
 * requests in flight, and cuts what is left of them after ten seconds.
 *
 * @throws Error where the port cannot be listened on
 */
export async function listenSecurely(
  { isValidateCall, headerNames, validate, others }: Answering,
  host: string,
  { port, cert, key }: Tls,
): Promise<SecureListener> {
  const classes = {
    Http1IncomingMessage: quickRequestClass(isValidateCall, headerNames),
    Http1ServerResponse: QuickResponse,
  }
  const options = { ...http1, ...http2, ...classes, cert, key }
  const server = createSecureServer(options, (request, response) => {
    if (isValidateCall(request.url)) return validate(request, response)
    if (request instanceof Http2ServerRequest) treatAsHttp1(request)
    others(request, response)
  })
  // What concerns HTTP/1.1, Node 24 takes from here alone.
  Object.assign(server, http1, allHeaders)
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('clientError', refuseUnreadable)
  server.setTimeout(idleSessionMs)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('session', (session) => {
    if (!server.listening) session.close()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    address: server.address() as AddressInfo,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      // For connections of HTTP/1.1; the types of Node do not have it on this server.
      const { closeIdleConnections } = server as unknown as Server
      const sweep = setInterval(() => closeIdleConnections.call(server), sweepEveryMs)
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, drainMs)
      await closed
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

/** Gives a request of HTTP/2 what routes know from HTTP/1.1: `Host`, and a limit to how long its body takes. */
function treatAsHttp1({ headers, authority, stream }: Http2ServerRequest): void {
  // RFC 9113 section 8.3.1: a `Host` beside `:authority` is not to be used.
  headers.host = authority
  if (stream.endAfterHeaders) return
  const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), http1.requestTimeout)
  stream.once('close', () => clearTimeout(late))
}
