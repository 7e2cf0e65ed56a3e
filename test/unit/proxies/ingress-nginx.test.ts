import { describe, expect, test } from 'vitest'
import { CallHeaders, HeaderNames } from '../../../src/proxies/call-headers.ts'
import { ingressNginxAdapter } from '../../../src/proxies/ingress-nginx.ts'

/** As ingress-nginx sends them, with what a client can add. */
const asked = {
  'X-Original-URL': 'http://App.Example.com:443/a/../b%2Fc?d=e',
  'X-Original-Method': 'POST',
  'X-Forwarded-For': '198.51.100.7',
  'X-Sent-From': 'nginx-ingress-controller',
  'X-Auth-Request-Redirect': '/elsewhere',
  'X-Forwarded-Host': 'other.example.com',
  'X-Forwarded-Uri': '/public',
  'X-Forwarded-Method': 'GET',
  'X-Original-URI': '/public',
}

const adapter = ingressNginxAdapter({ publicScheme: 'https', trusted: () => false })

function read(changes: Readonly<Record<string, string | undefined>> = {}, url = adapter.route) {
  const rawHeaders = Object.entries({ ...asked, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  )
  const headers = new CallHeaders(rawHeaders, new HeaderNames([]))
  return adapter.read({ headers, method: 'GET', url, peer: '10.0.0.1' })
}

function reasonOf(...asked: Parameters<typeof read>): string {
  const reading = read(...asked)
  return reading.kind === 'refused' ? reading.reason : 'none'
}

test('P-03 the original request is what X-Original-URL and -Method say, and no other family', () => {
  expect(read()).toMatchObject({
    kind: 'read',
    request: {
      method: 'POST',
      scheme: 'https',
      host: 'app.example.com',
      receivedHost: 'App.Example.com:443',
      path: '/a/../b%2Fc',
      query: '?d=e',
      clientAddress: '198.51.100.7',
    },
  })
})

describe('P-01 what is missing is not guessed', () => {
  test.each(['X-Original-URL', 'X-Original-Method'])('%s', (name) => {
    const reason = `the header ${name.toLowerCase()} is missing: the proxy must send it`
    expect(reasonOf({ [name]: undefined })).toBe(reason)
  })
})

test.each([
  '',
  '/page',
  'app.example.com/page',
  'ftp://app.example.com/page',
  'HTTPS://app.example.com/page',
  'wss://app.example.com/page',
  'https:/app.example.com/page',
  'https:///page',
  'https://app.example.com',
  'https://app.example.com?x=/page',
  'https://app.example.com#/page',
  'https://app.example.com*',
  'https://bob@app.example.com/page',
  'https://app.example.com:99999/page',
  'https://app.example.com\\@other.example.com/page',
  'https://app.example.com, other.example.com/page',
  'https://app.example.com/page#/public',
  'https://app.example.com/%zz',
  ' https://app.example.com/page',
])('P-17 X-Original-URL %j is refused', (url) => {
  expect(reasonOf({ 'X-Original-URL': url })).toBe(
    'the value of the header x-original-url is not one the gateway reads',
  )
})

test('P-03 X-Original-URL twice is refused, and a twin of it has no effect', () => {
  const headers = new CallHeaders(
    [...Object.entries(asked).flat(), 'x-original-url', 'https://app.example.com/public'],
    new HeaderNames([]),
  )
  const call = { headers, method: 'GET', url: adapter.route, peer: '10.0.0.1' }
  expect(adapter.read(call)).toMatchObject({ reason: 'the header x-original-url is there twice' })
  expect(reasonOf({ X_Original_URL: 'https://app.example.com/public' })).toBe('none')
})

test('a query is refused: what it narrows would be lost', () => {
  expect(reasonOf({}, `${adapter.route}?allowed_groups=ops`)).toMatch(
    /allowed_groups.*apps\.<name>\.allow or rules.*\/validate\/nginx\/allow\//,
  )
  expect(reasonOf({}, `${adapter.route}?x`)).toContain('is not read')
  expect(reasonOf({}, `${adapter.route}?`)).toBe('none')
})

test('a call that ingress-nginx passed on as a client is refused', () => {
  expect(reasonOf({ 'X-Forwarded-Proto': 'https' })).toContain('in auth-url')
})
