import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { environmentBeside, serveGateway } from '../../support/served-gateway.ts'
import { socketExchange } from '../../support/socket-exchange.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const statusLines = (answer: string) => answer.match(/^HTTP\/1\.1 \d{3}/gm) ?? []

/** The server behind the public listener. */
async function serverOf(gateway: TestGateway): Promise<Server> {
  const found = Promise.withResolvers<Server>()
  const listen = (message: unknown) => found.resolve((message as { server: Server }).server)
  subscribe('http.server.request.start', listen)
  await rawRequest(gateway.gateway.origin, 'GET', '/health', {})
  unsubscribe('http.server.request.start', listen)
  return found.promise
}

describe('D-06 a slow client', () => {
  test('D-06 has ten seconds for the headers, thirty for the whole, and no silence for ever', async () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount } =
      await serverOf(site)
    expect({ headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 75_000,
      maxHeadersCount: 0,
    })
  })

  test('D-06 is cut off after that', async () => {
    await using own = await startTestGateway()
    const server = await serverOf(own)
    Object.assign(server, { headersTimeout: 50, requestTimeout: 100, keepAliveTimeout: 50 })
    const { origin } = own.gateway
    const [headers, body, idle] = await Promise.all([
      socketExchange(origin, 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: '),
      socketExchange(
        origin,
        'POST /auth/logout HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      ),
      socketExchange(origin, 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n'),
    ])
    expect(statusLines(headers)).toEqual(['HTTP/1.1 408'])
    expect(statusLines(body)).toEqual(['HTTP/1.1 408'])
    expect(statusLines(idle)).toEqual(['HTTP/1.1 200'])
  })
})

const smuggled = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n'

const malformed: [string, string][] = [
  [
    'both lengths',
    `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'two lengths',
    `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n${smuggled}`,
  ],
  [
    'a length with a sign',
    `POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n${smuggled}`,
  ],
  [
    'chunked, then something else',
    `POST /validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'an unknown transfer coding',
    `POST /validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n${smuggled}`,
  ],
  [
    'a chunk size that is none',
    `POST /validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n${smuggled}`,
  ],
  ['a space before the colon', `GET /validate HTTP/1.1\r\nHost : x\r\n\r\n${smuggled}`],
  ['a folded header', `GET /validate HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n${smuggled}`],
  ['a bare LF after a header', `GET /validate HTTP/1.1\r\nHost: x\nA: b\r\n\r\n${smuggled}`],
  ['a bare CR in a header', `GET /validate HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n${smuggled}`],
  ['a NUL in a header', `GET /validate HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n${smuggled}`],
  ['a NUL in the target', `GET /validate\0 HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ['a space in the target', `GET /validate /x HTTP/1.1\r\nHost: x\r\n\r\n${smuggled}`],
  ['no host', `GET /validate HTTP/1.1\r\n\r\n`],
  ['no HTTP version', 'GET /validate\r\n\r\n'],
  ['another HTTP version', 'GET /validate HTTP/3.0\r\nHost: x\r\n\r\n'],
  ['a method in lower case', 'get /validate HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
]

describe('D-07 what is no HTTP', () => {
  test.each(malformed)(
    'D-07 %s: one answer, 400, and the connection ends',
    async (_name, bytes) => {
      const answer = await socketExchange(site.gateway.origin, bytes)
      expect(statusLines(answer)).toEqual(['HTTP/1.1 400'])
    },
  )

  test('D-07 stays so under Node’s lenient parser', async () => {
    await using served = await serveGateway({
      ...environmentBeside(site),
      STORE_URL: 'sqlite::memory:',
      NODE_OPTIONS: '--insecure-http-parser',
    })
    for (const [name, bytes] of malformed.slice(0, 11)) {
      const answer = await socketExchange(served.origin, bytes)
      expect(statusLines(answer), name).toEqual(['HTTP/1.1 400'])
    }
  })
})

describe('D-08 what nobody expects', () => {
  const requests: [string, string, string, Record<string, string>, string?][] = [
    ['an escape that is no UTF-8', 'GET', '/auth/login?return_to=%ff', {}],
    ['an escape that is none', 'GET', '/auth/%zz', {}],
    ['an empty name in the query', 'GET', '/auth/login?=x&&=', {}],
    ['a prototype in the query', 'GET', '/auth/login?__proto__=x&constructor=y', {}],
    ['a prototype in cookies', 'GET', '/auth/session', { Cookie: '__proto__=x; constructor=y' }],
    ['a cookie without a name', 'GET', '/auth/login', { Cookie: '=; ;;; =x; %; %zz=%' }],
    ['a login cookie of another shape', 'GET', '/auth/login', { Cookie: 'gatehouse-login-=x' }],
    ['a body that is no JSON', 'POST', '/auth/logout', json(), '{'],
    ['JSON with a prototype', 'POST', '/auth/sessions/end', json(), '{"__proto__":{"all":true}}'],
    ['JSON that is no object', 'POST', '/auth/sessions/end', json(), '"x"'],
    ['JSON null', 'POST', '/auth/logout', json(), 'null'],
    ['deep JSON', 'POST', '/auth/logout', json(), '['.repeat(30_000)],
    ['a body of 70 KB', 'POST', '/auth/logout', json(), `"${'x'.repeat(70_000)}"`],
    ['another type', 'POST', '/auth/logout', { 'Content-Type': 'image/png' }, 'x'],
    ['a type that is none', 'POST', '/auth/logout', { 'Content-Type': 'x' }, 'x'],
    ['an empty JSON body', 'POST', '/auth/session/refresh', json(), ''],
    ['TRACE', 'TRACE', '/auth/login', {}],
    ['PROPFIND', 'PROPFIND', '/auth/session', {}],
    ['an Upgrade', 'GET', '/auth/session', { Connection: 'Upgrade', Upgrade: 'websocket' }],
    ['an unknown Expect', 'GET', '/auth/session', { Expect: 'something' }],
    ['a Range', 'GET', '/auth/session', { Range: 'bytes=0-1' }],
    ['a request id with a line break', 'GET', '/health', { 'X-Request-Id': 'a\tb' }],
    ['a Host of odd characters', 'GET', '/auth/login', { Host: '[[' }],
  ]

  function json() {
    return { 'Content-Type': 'application/json', Accept: 'application/json' }
  }

  test.each(requests)('D-08 %s: no 5xx, and the process lives', async (...request) => {
    const [, method, path, headers, body] = request
    const { agent } = await site.signIn()
    const cookie = [headers.Cookie, agent.cookies.header(new URL(site.url))].filter(Boolean)
    const answer = await rawRequest(
      site.gateway.origin,
      method,
      path,
      { ...headers, Cookie: cookie.join('; '), 'Content-Length': String(body?.length ?? 0) },
      body,
    )
    expect(answer.status).toBeLessThan(500)
    expect(answer.body).not.toMatch(/\bat .*\.(ts|js):\d+|node_modules/)
    const health = await rawRequest(site.gateway.origin, 'GET', '/health', {})
    expect([health.status, health.body]).toEqual([200, '{"status":"healthy"}'])
    expect(site.log.filter(({ event }) => event === 'error')).toEqual([])
  })

  test('D-08 a client that goes away in the middle harms nobody', async () => {
    await Promise.all(
      Array.from({ length: 50 }, () => {
        const controller = new AbortController()
        const gone = fetch(`${site.gateway.origin}/auth/login`, {
          signal: controller.signal,
          redirect: 'manual',
        })
        queueMicrotask(() => controller.abort())
        return gone.catch(() => {})
      }),
    )
    expect((await new Agent().fetch(`${site.url}/health`)).status).toBe(200)
  })
})
