import { createServer, type Server, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { close, listen } from '../../demo/listen.ts'
import { quickRequestClass } from '../../src/http/quick-request.ts'
import { QuickResponse } from '../../src/http/quick-response.ts'
import { HeaderNames } from '../../src/proxies/call-headers.ts'
import { socketExchange } from '../support/socket-exchange.ts'

const names = new HeaderNames([])
const fields = ['cache-control', 'no-store', 'content-length', '0', 'x-user-name', 'Bob %C3%BC']
const lines = 'cache-control: no-store\r\ncontent-length: 0\r\nx-user-name: Bob %C3%BC\r\n'
const keepAliveTimeout = 75_000

/** What requests of a server had in `headers` once Node had passed them on. */
const seen: unknown[] = []
const quick = createServer(
  {
    keepAliveTimeout,
    optimizeEmptyRequests: true,
    IncomingMessage: quickRequestClass(
      (url) => url.startsWith('/validate'),
      () => names,
    ),
    ServerResponse: QuickResponse,
  },
  (request, response) => {
    seen.push({ ...request.headers })
    response.sendOk(lines)
  },
)
const node = createServer(
  { keepAliveTimeout, optimizeEmptyRequests: true, ServerResponse },
  (_request, response) => response.writeHead(200, fields).end(),
)

const origins = new Map<Server, string>()

beforeAll(async () => {
  for (const server of [quick, node]) {
    origins.set(server, `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`)
  }
})
afterAll(() => Promise.all([quick, node].map(close)))

/** The bytes that came back, with the date as it is in neither. */
async function exchange(server: Server, bytes: string): Promise<string> {
  const answer = await socketExchange(origins.get(server) ?? '', bytes)
  return answer.replaceAll(/\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT/g, '')
}

const host = 'Host: auth.example.com\r\n'
const last = `${host}Connection: close\r\n\r\n`

describe('a quick answer is, byte for byte, the one that Node would have sent', () => {
  test.each([
    ['to a request on its own', `GET /validate HTTP/1.1\r\n${last}`],
    [
      'on a connection that goes on',
      `GET /validate HTTP/1.1\r\n${host}\r\nGET /validate?x HTTP/1.1\r\n${last}`,
    ],
    [
      'to requests sent at once',
      `${`PUT /validate HTTP/1.1\r\n${host}\r\n`.repeat(20)}GET /validate HTTP/1.1\r\n${last}`,
    ],
    ['to HEAD', `HEAD /validate HTTP/1.1\r\n${last}`],
    ['with HTTP/1.0', 'GET /validate HTTP/1.0\r\n\r\n'],
    [
      'to a body that nobody reads',
      `POST /validate HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhelloGET /validate HTTP/1.1\r\n${last}`,
    ],
    [
      'to a body in chunks',
      `POST /validate HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /validate HTTP/1.1\r\n${last}`,
    ],
    ['to Expect', `GET /validate HTTP/1.1\r\nExpect: 100-continue\r\n${last}`],
    ['to no Host', 'GET /validate HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['to half a request', 'GET /validate HTTP/1.1\r\nHost\r\n\r\n'],
  ])('%s', async (_what, bytes) => {
    const answer = await exchange(quick, bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 /)
    expect(answer).toBe(await exchange(node, bytes))
  })
})

describe('headers as routes see them', () => {
  const bytes = (path: string) =>
    `GET ${path} HTTP/1.1\r\nX-Forwarded-Uri: /a\r\nExpect: 100-continue\r\nCookie: a=1\r\n${last}`

  test('are all there where the request is no validate call', async () => {
    await exchange(quick, bytes('/auth/login'))
    expect(seen.at(-1)).toEqual({
      'x-forwarded-uri': '/a',
      expect: '100-continue',
      cookie: 'a=1',
      host: 'auth.example.com',
      connection: 'close',
    })
  })

  test('are those that Node itself looks at where it is one', async () => {
    await exchange(quick, bytes('/validate'))
    expect(seen.at(-1)).toEqual({ host: 'auth.example.com', expect: '100-continue' })
  })
})
