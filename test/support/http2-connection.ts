import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { text } from 'node:stream/consumers'
import { lastOfEach, type RawAnswer } from './raw-request.ts'

/** One connection with HTTP/2. */
export interface Http2Connection extends AsyncDisposable {
  readonly session: ClientHttp2Session
  /**
   * One request with exactly these headers, in lower case: an array sends a header several times,
   * undefined not at all. Rejects where the stream ends without an answer.
   */
  request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
    body?: string,
  ): Promise<RawAnswer>
}

/** @param ca - PEM of the certificate to trust */
export async function connectHttp2(origin: string, ca: string): Promise<Http2Connection> {
  // Node's own limit to what it sends ends the whole connection.
  const session = connect(origin, { ca, maxSendHeaderBlockLength: 10_000_000 })
  await once(session, 'remoteSettings')
  return {
    session,
    async request(method, path, headers, body) {
      const named = { ':authority': new URL(origin).host, ...headers }
      const flat = Object.entries(named).flatMap(([name, value]) =>
        [value ?? []].flat().flatMap((item) => [name.toLowerCase(), item]),
      )
      const pseudo = [':method', method, ':scheme', 'https', ':path', path]
      const stream = session.request([...pseudo, ...flat], { endStream: body === undefined })
      if (body !== undefined) stream.end(body)
      const { promise, resolve, reject } = Promise.withResolvers<[number, readonly string[]]>()
      stream.on('error', reject)
      stream.on('response', ({ ':status': status = 0 }, _flags, [, , ...raw]) =>
        resolve([status, raw]),
      )
      stream.on('close', () => reject(new Error(`closed with code ${stream.rstCode}, no answer`)))
      const [status, rawHeaders] = await promise
      return { status, headers: lastOfEach(rawHeaders), rawHeaders, body: await text(stream) }
    },
    async [Symbol.asyncDispose]() {
      if (session.destroyed) return
      const closed = once(session, 'close')
      session.destroy()
      await closed
    },
  }
}
