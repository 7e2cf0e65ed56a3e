import { describe, expect, test } from 'vitest'
import { CallHeaders, HeaderNames } from '../../../src/proxies/call-headers.ts'
import { traefikAdapter } from '../../../src/proxies/traefik.ts'

const asked = {
  'X-Forwarded-Method': 'POST',
  'X-Forwarded-Proto': 'http',
  'X-Forwarded-Host': 'App.Example.com:443',
  'X-Forwarded-Uri': '/a/../b?c=d',
  'X-Forwarded-For': '198.51.100.7',
}

function read(
  changes: Readonly<Record<string, string | undefined>> = {},
  publicScheme: 'http' | 'https' = 'https',
) {
  const adapter = traefikAdapter({ publicScheme, trusted: () => false })
  const rawHeaders = Object.entries({ ...asked, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  )
  return adapter.read({
    headers: new CallHeaders(rawHeaders, new HeaderNames([])),
    method: 'GET',
    url: '/validate?x=1',
    peer: '10.0.0.1',
  })
}

/** The request that was read; fails where there is none. */
function request(...options: Parameters<typeof read>) {
  const reading = read(...options)
  if (reading.kind === 'refused') throw new Error(reading.reason)
  return reading.request
}

test('the original request is what the five headers say', () => {
  expect(request()).toMatchObject({
    method: 'POST',
    scheme: 'https',
    host: 'app.example.com',
    path: '/a/../b',
    query: '?c=d',
    clientAddress: '198.51.100.7',
  })
  expect(request({ 'X-Forwarded-For': undefined }).clientAddress).toBe('10.0.0.1')
})

test.each([
  ['https', 'http', 'https'],
  ['https', 'ws', 'https'],
  ['http', 'http', 'http'],
  ['http', 'ws', 'http'],
  ['http', 'https', 'https'],
  ['http', 'wss', 'https'],
] as const)('P-24 with PUBLIC_URL on %s, %s is %s', (publicScheme, proto, scheme) => {
  expect(request({ 'X-Forwarded-Proto': proto }, publicScheme).scheme).toBe(scheme)
})

describe('a refusal', () => {
  test.each(Object.keys(asked).filter((name) => name !== 'X-Forwarded-For'))(
    'P-01 P-21 names %s, and not its value',
    (name) => {
      expect(read({ [name]: undefined })).toEqual({
        kind: 'refused',
        code: 'bad_forwarded_request',
        reason: `the header ${name.toLowerCase()} is missing: the proxy must send it`,
      })
      expect(read({ [name]: 'secret value' })).toEqual({
        kind: 'refused',
        code: 'bad_forwarded_request',
        reason: `the value of the header ${name.toLowerCase()} is not one the gateway reads`,
      })
    },
  )
})

test.each([
  [{ 'Sec-WebSocket-Key': 'x' }, true],
  [{ 'Sec-WebSocket-Version': '13' }, true],
  [{ 'Sec-Fetch-Mode': 'websocket' }, true],
  [{ 'X-Forwarded-Proto': 'wss' }, true],
  [{ 'X-Forwarded-Proto': 'ws' }, true],
  [{ Upgrade: 'websocket' }, false],
])('P-26 %j is a WebSocket handshake: %j', (headers, webSocket) => {
  expect(request(headers).headers.webSocket).toBe(webSocket)
})

test.each([
  [{ 'Sec-Purpose': 'prefetch' }, true],
  [{ 'Sec-Purpose': 'prefetch;prerender' }, true],
  [{ Purpose: 'prefetch' }, true],
  [{ Purpose: 'prefetching' }, false],
  [{ 'X-Moz': 'prefetch' }, false],
])('%j is a prefetch: %j', (headers, prefetch) => {
  expect(request(headers).headers.prefetch).toBe(prefetch)
})

test('the request id is the caller’s where it is well formed, else a new one', () => {
  expect(request({ 'X-Request-Id': 'a.B-9_' }).requestId).toBe('a.B-9_')
  for (const offered of [undefined, '', 'a b', 'ä', 'x'.repeat(65), 'a\nb']) {
    expect(request({ 'X-Request-Id': offered }).requestId).toMatch(/^[0-9a-f-]{36}$/)
  }
})
