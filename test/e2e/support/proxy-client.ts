import type { ClientRequest } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { request } from 'node:https'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { buildConnector, Agent as Connections } from 'undici'
import { lastOfEach, type RawAnswer } from '../../support/raw-request.ts'
import type { Asked, Headers, Upgraded } from '../proxies/proxy.ts'

/** No proxy waits so long for anything. */
const longestWaitMs = 40_000

/** A client that takes a port of this machine for port 443 of every host, and believes every certificate. */
export class ProxyClient {
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  /** For browsers; other ports than 443 are what they say, and still of this machine. */
  connections(): Connections {
    const reach = buildConnector({
      rejectUnauthorized: false,
      lookup: (_host, options, callback) => {
        if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }])
        else callback(null, '127.0.0.1', 4)
      },
    })
    return new Connections({
      connect: (options, callback) => {
        const secure = options.protocol === 'https:'
        reach({ ...options, port: secure ? String(this.#port) : options.port }, callback)
      },
    })
  }

  request(path: string, host: string, asked: Asked): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const sent = this.#send(path, host, asked)
      sent.on('error', reject)
      sent.on('response', (response) => {
        const { statusCode: status = 0, rawHeaders } = response
        const headers = lastOfEach(rawHeaders)
        text(response).then((body) => resolve({ status, headers, rawHeaders, body }), reject)
      })
      sent.end(asked.body)
    })
  }

  upgrade(path: string, host: string, headers: Headers, bytes: string): Promise<Upgraded> {
    return new Promise((resolve, reject) => {
      const sent = this.#send(path, host, { headers })
      sent.on('error', reject)
      sent.on('response', (response) => {
        resolve({ status: response.statusCode ?? 0 })
        sent.destroy()
      })
      sent.on('upgrade', ({ statusCode: status = 0 }, socket, head) => {
        echoed(socket, bytes, head).then((echo) => resolve({ status, echo }), reject)
      })
      sent.end()
    })
  }

  async requestHttp2(path: string, host: string, asked: Asked): Promise<RawAnswer> {
    using connection = await this.#http2(host)
    const { method = 'GET', headers, body } = asked
    const stream = connection.stream({ ':method': method, ':path': path }, headers)
    stream.end(body)
    const { status, rawHeaders } = await answerOf(stream)
    return { status, headers: lastOfEach(rawHeaders), rawHeaders, body: await text(stream) }
  }

  async connectHttp2(
    path: string,
    host: string,
    headers: Headers,
    bytes: string,
  ): Promise<Upgraded | undefined> {
    using connection = await this.#http2(host)
    if (!connection.session.remoteSettings.enableConnectProtocol) return
    const pseudo = { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path }
    const stream = connection.stream(pseudo, headers)
    const { status } = await answerOf(stream)
    return status === 200 ? { status, echo: await echoed(stream, bytes) } : { status }
  }

  async #http2(host: string) {
    const session = connect(`https://127.0.0.1:${this.#port}`, {
      servername: host,
      rejectUnauthorized: false,
    })
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    session.on('remoteSettings', resolve).on('error', reject)
    await promise
    return {
      session: session as ClientHttp2Session,
      stream: (pseudo: Readonly<Record<string, string>>, headers: Headers = {}) => {
        const first = { ':authority': host, ':scheme': 'https', ...pseudo }
        const flat = Object.entries({ ...first, ...headers }).flatMap(([name, value]) =>
          [value ?? []].flat().flatMap((item) => [name, item]),
        )
        const stream = session.request(flat, { endStream: false })
        stream.setTimeout(longestWaitMs, () => stream.destroy(new Error('no answer')))
        return stream
      },
      [Symbol.dispose]: () => session.destroy(),
    }
  }

  #send(path: string, host: string, { method = 'GET', headers = {} }: Asked): ClientRequest {
    const sent = request({
      host: '127.0.0.1',
      port: this.#port,
      servername: host,
      rejectUnauthorized: false,
      agent: false,
      method,
      path,
      timeout: longestWaitMs,
    })
    sent.setHeader('host', host)
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) sent.setHeader(name, value)
    }
    return sent.on('timeout', () => sent.destroy(new Error(`${host} said nothing to ${path}`)))
  }
}

function answerOf(stream: ClientHttp2Stream) {
  return new Promise<{ status: number; rawHeaders: readonly string[] }>((resolve, reject) => {
    stream.on('error', reject)
    stream.on('response', ({ ':status': status = 0 }, _flags, [, , ...rawHeaders]) =>
      resolve({ status, rawHeaders }),
    )
    stream.on('close', () => reject(new Error(`closed with ${stream.rstCode}, no answer`)))
  })
}

/** Sends the bytes, and resolves with what comes back once it is as many. */
function echoed(stream: Duplex, bytes: string, head = Buffer.alloc(0)): Promise<string> {
  return new Promise((resolve, reject) => {
    let echo = head.toString('latin1')
    stream.on('data', (chunk: Buffer) => {
      echo += chunk.toString('latin1')
      if (echo.length < bytes.length) return
      resolve(echo)
      stream.destroy()
    })
    stream.on('error', reject)
    stream.on('close', () => reject(new Error(`closed after ${JSON.stringify(echo)}`)))
    stream.write(bytes, 'latin1')
  })
}
