import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { parse } from 'yaml'
import { close, listen } from '../../../demo/listen.ts'
import type { Certificate } from '../../support/certificate.ts'
import { type RawAnswer, rawRequest } from '../../support/raw-request.ts'

/** `ext_authz` of an `envoy.yaml`, as far as it is imitated. */
interface Settings {
  readonly appHosts: readonly string[]
  readonly prefix: string
  readonly timeoutMs: number
  readonly statusOnError: number
  /** In lower case. */
  readonly allowedUpstream: readonly string[]
  readonly notSent: readonly string[]
}

/** Where Envoy's clusters are. */
interface Clusters {
  readonly gatehouse: string
  readonly app: string
}

/** By names in lower case; a string where there can be no second one. */
type Lines = Record<string, string | string[]>

/** Of a connection, not of a request: Envoy takes them away before its filters run. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding']

/** Status codes by their names in Envoy's API. */
const codes: Readonly<Record<string, number>> = { Forbidden: 403, ServiceUnavailable: 503 }

/** A server that asks the gateway as Envoy 1.40 with this configuration does. Listens on this machine. */
export async function startEnvoyProtocol(
  configuration: string,
  clusters: Clusters,
  { cert, key }: Certificate,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const settings = readSettings(configuration)
  const server = createServer({ cert, key, maxHeaderSize: 60 * 1024 }, (from, to) => {
    pass(from, settings, clusters).then(
      (decided) => ('status' in decided ? reply(to, decided) : forward(from, to, decided)),
      () => to.writeHead(502).end(),
    )
  })
  server.on('upgrade', async (from: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    const decided = await pass(from, settings, clusters)
    if ('status' in decided) {
      socket.end(
        `HTTP/1.1 ${decided.status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
      )
    } else tunnel(from, socket, decided)
  })
  const port = await listen(server, 0, '127.0.0.1')
  return { port, close: () => close(server) }
}

function readSettings(configuration: string): Settings {
  const manager =
    parse(configuration).static_resources.listeners[0].filter_chains[0].filters[0].typed_config
  const asking = manager.http_filters[0].typed_config
  const service = asking.http_service
  const app = manager.route_config.virtual_hosts.find(
    (host: { name: string }) => host.name === 'app',
  )
  // What is not imitated must not be in the file.
  if (asking.allowed_headers.patterns[0].safe_regex.regex !== '.*') throw new Error('not imitated')
  return {
    appHosts: app.domains,
    prefix: service.path_prefix,
    timeoutMs: Number.parseFloat(service.server_uri.timeout) * 1000,
    statusOnError: codes[asking.status_on_error?.code ?? 'Forbidden'] ?? 0,
    allowedUpstream: exact(service.authorization_response.allowed_upstream_headers),
    notSent: exact(asking.disallowed_headers ?? { patterns: [] }),
  }
}

function exact({ patterns }: { patterns: { exact: string }[] }): string[] {
  return patterns.map((pattern) => pattern.exact.toLowerCase())
}

/** What goes on to a cluster, or an answer for the client. */
type Decided =
  | { readonly cluster: string; readonly headers: Lines }
  | Pick<RawAnswer, 'status' | 'rawHeaders' | 'body'>

async function pass(
  from: IncomingMessage,
  settings: Settings,
  clusters: Clusters,
): Promise<Decided> {
  const headers = clientHeaders(from)
  const host = from.headers.host?.toLowerCase() ?? ''
  if (!settings.appHosts.includes(host)) return { cluster: clusters.gatehouse, headers }
  const answer = await ask(from, headers, settings, clusters.gatehouse)
  if (!answer || answer.status >= 500) {
    return { status: settings.statusOnError, rawHeaders: [], body: '' }
  }
  if (answer.status !== 200) return answer
  for (const name of settings.allowedUpstream) {
    const value = answer.headers[name]
    if (value !== undefined) headers[name] = value
  }
  const removed = answer.headers['x-envoy-auth-headers-to-remove'] ?? ''
  for (const name of removed.split(',')) delete headers[name.trim()]
  return { cluster: clusters.app, headers }
}

/** As they are when the filters run, with what `use_remote_address` sets. */
function clientHeaders(from: IncomingMessage): Lines {
  const headers: Lines = {}
  for (let i = 0; i < from.rawHeaders.length; i += 2) {
    const name = (from.rawHeaders[i] ?? '').toLowerCase()
    const value = from.rawHeaders[i + 1] ?? ''
    headers[name] = name in headers ? [headers[name] ?? [], value].flat() : value
  }
  const webSocket = from.headers.upgrade?.toLowerCase() === 'websocket'
  for (const name of hopByHop) if (!(webSocket && name === 'connection')) delete headers[name]
  if (!webSocket) delete headers.upgrade
  const hops = [headers['x-forwarded-for'] ?? [], from.socket.remoteAddress ?? ''].flat()
  headers['x-forwarded-for'] = hops.join(', ')
  headers['x-forwarded-proto'] = 'https'
  return headers
}

async function ask(
  from: IncomingMessage,
  headers: Lines,
  { prefix, timeoutMs, notSent }: Settings,
  gateway: string,
): Promise<RawAnswer | undefined> {
  const call: Record<string, string> = {}
  for (const [name, values] of Object.entries(headers)) {
    // A header that came several times is one, with commas.
    if (!notSent.includes(name)) call[name] = [values].flat().join(',')
  }
  call['content-length'] = '0'
  const late = new Promise<undefined>((resolve) => {
    setTimeout(resolve, timeoutMs, undefined).unref()
  })
  const asked = rawRequest(gateway, from.method ?? 'GET', prefix + from.url, call)
  return Promise.race([asked.catch(() => undefined), late])
}

function reply(
  to: ServerResponse,
  { status, rawHeaders, body }: Exclude<Decided, { cluster: string }>,
) {
  const kept = rawHeaders.filter((_, i) => !isOwn(rawHeaders[i - (i % 2)]))
  to.writeHead(status, kept).end(body)
}

const isOwn = (name = '') => ['content-length', ...hopByHop].includes(name.toLowerCase())

function forward(from: IncomingMessage, to: ServerResponse, { cluster, headers }: Forwarded): void {
  const sent = request(cluster, { method: from.method, path: from.url, headers, agent: false })
  sent.on('error', () => to.destroy())
  sent.on('response', (response) => {
    to.writeHead(response.statusCode ?? 502, response.rawHeaders)
    response.pipe(to)
  })
  from.pipe(sent)
}

type Forwarded = Extract<Decided, { cluster: string }>

function tunnel(from: IncomingMessage, socket: Duplex, { cluster, headers }: Forwarded): void {
  const webSocket = headers.upgrade !== undefined && { connection: 'Upgrade' }
  const options = { path: from.url, headers: { ...headers, ...webSocket }, agent: false }
  const sent = request(cluster, options)
  sent.on('error', () => socket.destroy())
  sent.on('response', (response) => {
    socket.write(head(response))
    response.pipe(socket)
  })
  sent.on('upgrade', (response, far) => {
    far.on('error', () => socket.destroy())
    socket.on('close', () => far.destroy())
    socket.write(head(response))
    far.pipe(socket)
    socket.pipe(far)
  })
  sent.end()
}

function head({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
