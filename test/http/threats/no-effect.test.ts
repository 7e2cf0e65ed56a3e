import { METHODS } from 'node:http'
import { afterAll, beforeAll, test } from 'vitest'
import { type BothCallers, startBothCallers } from '../../support/both-callers.ts'
import {
  expectPass,
  expectRefusal,
  expectRefusedPage,
  expectSignIn,
} from '../../support/decisions.ts'
import { rawRequest } from '../../support/raw-request.ts'

/** Parts of a validate call that change nothing about its decision. */

let asked: BothCallers
beforeAll(async () => {
  asked = await startBothCallers()
})
afterAll(() => asked[Symbol.asyncDispose]())

test.each([
  ['X-Original-URI', '/public'],
  ['X-Original-URL', '/public'],
  ['X-Original-Method', 'OPTIONS'],
  ['X-Rewrite-URL', '/public'],
  ['Forwarded', 'for=192.0.2.1;host=evil.example;proto=https'],
  ['X-Forwarded-Prefix', '/public'],
  ['X-Forwarded-Path', '/public'],
  ['X-Forwarded-Port', '443'],
  ['X-Forwarded-Scheme', 'https'],
  ['X-Forwarded-Server', 'evil.example'],
  ['X-Host', 'evil.example'],
  ['X-HTTP-Method-Override', 'OPTIONS'],
  ['X-Envoy-Original-Path', '/public'],
])('P-03 %s of another family', async (name, value) => {
  await asked.expectUserRule({ [name]: value })
  await asked.expectUnreadable({ [name]: value, 'X-Forwarded-Uri': undefined })
})

test.each([
  ['User-Agent', 'kube-probe/1.31'],
  ['User-Agent', 'GoogleHC/1.0'],
  ['User-Agent', ''],
  ['X-Middleware-Subrequest', 'middleware:middleware:middleware'],
  ['X-Health-Check', '1'],
  ['X-Real-Ip', '127.0.0.1'],
  ['X-Forwarded-For', '127.0.0.1'],
  ['Via', '1.1 gatehouse'],
])('P-22 %s: %s', (name, value) => asked.expectUserRule({ [name]: value }))

test.each([
  ['If-None-Match', '*'],
  ['If-Modified-Since', 'Fri, 31 Dec 2100 23:59:59 GMT'],
  ['If-Match', '"x"'],
  ['If-Unmodified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['If-Range', '"x"'],
  ['Range', 'bytes=0-0'],
  ['Expect', '100-continue'],
  ['Expect', 'the-unexpected'],
  ['Content-Type', 'application/json'],
  ['Content-Type', 'multipart/form-data'],
  ['Content-Type', ';'],
  ['Content-Encoding', 'gzip'],
  ['Accept-Encoding', 'identity;q=0'],
  ['Upgrade', 'websocket'],
  ['TE', 'trailers'],
  ['Cache-Control', 'only-if-cached'],
])('P-27 %s: %s', async (name, value) => {
  const headers = { [name]: value, ...(name === 'Upgrade' && { Connection: 'upgrade' }) }
  await asked.expectUserRule(headers)
  await asked.expectUserRule(headers, undefined, { method: 'POST' })
})

// Node takes a CONNECT request for a tunnel and closes it, as nobody offers one.
test.each(METHODS.filter((method) => method !== 'CONNECT'))(
  'P-27 the method of the call itself: %s',
  (method) => asked.expectUserRule({}, undefined, { method }),
)

test.each(['/validate?x=1', '/validate?', '/validate?/auth/login', '/api/auth/validate?allow=*'])(
  'P-27 the query of the call itself: %s',
  (path) => asked.expectUserRule({}, undefined, { path }),
)

test.each(['GET', 'POST', 'DELETE'])('P-27 a body of %s', async (method) => {
  const { site, host, cookie } = asked
  for (const body of ['{"a":', '__proto__=1&a[]=2', 'x'.repeat(1_000_000)]) {
    const headers = {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': host,
      'X-Forwarded-Uri': '/page',
      'Content-Type': 'application/json',
      'Content-Length': String(body.length),
      Cookie: cookie,
    }
    expectPass(await rawRequest(site.gateway.origin, method, '/validate', headers, body))
  }
})

test('P-28 a pass before it of another host, path, method or credential', async () => {
  const { site, cookie } = asked
  const same = { Cookie: cookie, 'X-Request-Id': 'same' }
  expectPass(await site.validate(same))
  const elsewhere = { ...same, 'X-Forwarded-Host': 'evil.example' }
  expectRefusedPage(await site.validate(elsewhere), 'unknown_host')
  expectRefusedPage(await site.validate({ ...same, 'X-Forwarded-Uri': '/auth/login' }), 'own_route')
  const unread = { ...same, 'X-Forwarded-Method': 'get' }
  expectRefusal(await site.validate(unread), 'bad_forwarded_request')
  expectSignIn(await site.validate({ 'X-Request-Id': 'same' }), site.url, `${site.url}/page?x=1`)
})
