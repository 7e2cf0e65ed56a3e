import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { forwardedHeaderNames, identityHeaderNames } from '../src/model/header-names.ts'
import { endToEnd, type HeaderPair, headerPairs, replaceHeaders } from './header-pairs.ts'
import { close, listen } from './listen.ts'
import { ask, type Upstream, UpstreamTimeout } from './upstream.ts'

export interface ForwardAuthProxyOptions {
  /** 0: any free one. */
  readonly port?: number
  readonly host?: string
  /** Origin of the gateway, for example `http://127.0.0.1:8081`. */
  readonly gateway: string
  readonly app: string
  /** Path prefixes that go straight to another origin, unchecked: `{ '/idp': 'http://…' }`. */
  readonly unchecked?: Readonly<Record<string, string>>
}

export interface ForwardAuthProxy extends AsyncDisposable {
  readonly port: number
  readonly origin: string
  close(): Promise<void>
}

/** The gateway's own public paths. */
const gatewayPaths = ['/auth', '/api/auth', '/.well-known', '/health']

/** As Traefik's: it waits 30 s for the authentication service. */
const validateTimeoutMs = 30_000
const answerTimeoutMs = 60_000
const maxHeaderSize = 64 * 1024

/** What the proxy alone says of a request; a client's own words are dropped. */
const proxyHeaderNames = [
  ...forwardedHeaderNames,
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-real-ip',
  'forwarded',
]

/**
 * A reverse proxy that asks the gateway about every request, exactly as Traefik's forwardAuth with
 * `trustForwardHeader: false` and the identity headers as `authResponseHeaders`. It carries no
 * WebSockets: `Upgrade` is dropped, so that a handshake is checked and then answered as a plain GET.
 */
export async function startForwardAuthProxy(
  options: ForwardAuthProxyOptions,
): Promise<ForwardAuthProxy> {
  const { port = 0, host = '127.0.0.1' } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const upstream = (origin: string, timeoutMs: number): Upstream => ({
    origin: new URL(origin),
    agent,
    timeoutMs,
    maxHeaderSize,
  })
  const gateway = upstream(options.gateway, validateTimeoutMs)
  const app = upstream(options.app, answerTimeoutMs)
  const direct = [
    ...Object.entries(options.unchecked ?? {}),
    ...gatewayPaths.map((path) => [path, options.gateway] as const),
  ].map(([prefix, origin]) => ({ prefix, to: upstream(origin, answerTimeoutMs) }))

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const uri = request.url ?? ''
    if (!uri.startsWith('/')) return refuse(response, 400, 'The request target is not a path.')
    const headers = endToEnd(headerPairs(request.rawHeaders))
    const path = uri.split('?', 1)[0] ?? ''
    const route = direct.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
    if (route) return forward(request, response, route.to, headers)

    const answer = await validate(request, response, gateway, headers)
    const { statusCode = 0 } = answer
    if (statusCode < 200 || statusCode > 299) return relay(answer, response, gateway.origin)
    answer.resume()
    const identity = headerPairs(answer.rawHeaders).filter(([name]) => isIdentityHeader(name))
    await forward(request, response, app, replaceHeaders(headers, identityHeaderNames, identity))
  }

  const server = createServer({ maxHeaderSize }, (request, response) => {
    serve(request, response).catch((error: unknown) => fail(response, error))
  })
  // Node leaves out headers past a count, silently; the size is the limit here.
  server.maxHeadersCount = 0
  const bound = await listen(server, port, host)
  const stop = async () => {
    await close(server)
    agent.destroy()
  }
  return {
    port: bound,
    origin: `http://localhost:${bound}`,
    close: stop,
    [Symbol.asyncDispose]: stop,
  }
}

const identityNames: ReadonlySet<string> = new Set(identityHeaderNames)

function isIdentityHeader(name: string): boolean {
  return identityNames.has(name)
}

/** Asks the gateway: a GET without a body that carries the client's headers and describes its request. */
async function validate(
  request: IncomingMessage,
  response: ServerResponse,
  gateway: Upstream,
  headers: readonly HeaderPair[],
): Promise<IncomingMessage> {
  const described: HeaderPair[] = [
    ['host', gateway.origin.host],
    ['x-forwarded-method', request.method ?? ''],
    ['x-forwarded-proto', 'http'],
    ['x-forwarded-host', request.headers.host ?? ''],
    ['x-forwarded-uri', request.url ?? ''],
    ['x-forwarded-for', clientAddress(request)],
  ]
  return ask(gateway, response, {
    method: 'GET',
    path: '/validate',
    headers: replaceHeaders(headers, ['host', 'content-length', ...proxyHeaderNames], described),
  }).catch((error: unknown) => {
    throw new GatewayFailure('The gateway does not answer.', { cause: error })
  })
}

/** Passes a request on with its body, and the answer back. */
async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  to: Upstream,
  headers: readonly HeaderPair[],
): Promise<void> {
  const host = request.headers.host ?? ''
  const described: HeaderPair[] = [
    ['x-forwarded-proto', 'http'],
    ['x-forwarded-host', host],
    ['x-forwarded-for', clientAddress(request)],
    ['x-real-ip', clientAddress(request)],
  ]
  // The body's framing is this hop's affair, and without it a GET's body would read as a request.
  if (request.headers['transfer-encoding']) described.push(['transfer-encoding', 'chunked'])
  const answer = await ask(to, response, {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: replaceHeaders(headers, proxyHeaderNames, described),
    body: request,
  })
  relay(answer, response)
}

/** Gives an answer to the client; with a base, a relative `Location` is resolved against it. */
function relay(answer: IncomingMessage, response: ServerResponse, base?: URL): void {
  const headers = endToEnd(headerPairs(answer.rawHeaders)).map(
    ([name, value]): HeaderPair =>
      name === 'location' && base ? [name, new URL(value, base).href] : [name, value],
  )
  response.writeHead(answer.statusCode ?? 502, headers.flat())
  answer.on('error', () => response.destroy())
  answer.pipe(response)
}

class GatewayFailure extends Error {}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy()
  else if (error instanceof GatewayFailure) refuse(response, 500, error.message)
  else if (error instanceof UpstreamTimeout) refuse(response, 504, 'The app took too long.')
  else refuse(response, 502, 'The app does not answer.')
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** The peer's address, an IPv4 one in its own form also on a socket of both families. */
function clientAddress(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
}
