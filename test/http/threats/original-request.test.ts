import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BothCallers, startBothCallers } from '../../support/both-callers.ts'
import {
  expectPass,
  expectRefusal,
  expectRefusedPage,
  expectSignIn,
} from '../../support/decisions.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { startReplica } from '../../support/replica.ts'
import { socketExchange } from '../../support/socket-exchange.ts'

let asked: BothCallers
beforeAll(async () => {
  asked = await startBothCallers()
})
afterAll(() => asked[Symbol.asyncDispose]())

const describing = ['Method', 'Proto', 'Host', 'Uri'].map((part) => `X-Forwarded-${part}`)

describe('what the proxy must say', () => {
  test.each(describing)('P-01 %s missing or empty is not guessed', async (name) => {
    await asked.expectUnreadable({ [name]: undefined })
    await asked.expectUnreadable({ [name]: '' })
  })

  test('P-01 without any of them nothing is taken from the call itself', async () => {
    const none = Object.fromEntries(describing.map((name) => [name, undefined]))
    await asked.expectUnreadable({ ...none, Host: asked.host })
  })

  test('P-01 a flood of headers before them hides none', async () => {
    const { site, host, cookie } = asked
    const flood = {
      A: Array.from({ length: 1_100 }, () => ''),
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': host,
      'X-Forwarded-Uri': '/page',
      Accept: 'text/html',
    }
    const ask = (more = {}) =>
      rawRequest(site.gateway.origin, 'GET', '/validate', { ...flood, ...more })
    expectSignIn(await ask(), site.url, `${site.url}/page`)
    expectPass(await ask({ Cookie: cookie }))
    const withoutUri = { Cookie: cookie, 'X-Forwarded-Uri': undefined }
    expectRefusal(await ask(withoutUri), 'bad_forwarded_request')
  })

  test.each([...describing, 'X-Forwarded-For'])('P-04 %s twice is refused', async (name) => {
    await asked.expectUnreadable({ [name]: ['GET', '/page'] })
    await asked.expectUnreadable({ [name]: ['GET', 'GET'] })
    await asked.expectUnreadable({ [name]: ['http', asked.host] })
  })

  test.each([
    'X_Forwarded_Uri',
    'X.Forwarded.Uri',
    'x_forwarded-host',
    'X-Forwarded_Method',
    'X-Forwarded.Proto',
    'x.forwarded_for',
  ])('P-05 %s is a twin and refused', (name) => asked.expectUnreadable({ [name]: '/public' }))

  test('P-06 trailers are never read', async () => {
    const { site, host, cookie } = asked
    const ask = async (...lines: string[]) => {
      const head = [
        'POST /validate HTTP/1.1',
        'Host: gateway',
        'Connection: close',
        'Transfer-Encoding: chunked',
        'Trailer: X-Forwarded-Uri, Cookie',
        'X-Forwarded-Method: GET',
        'X-Forwarded-Proto: http',
        `X-Forwarded-Host: ${host}`,
        'Accept: text/html',
        ...lines,
      ]
      const trailer = ['0', 'X-Forwarded-Uri: /trailer', `Cookie: ${cookie}`, '', '']
      return socketExchange(site.gateway.origin, [...head, '', ...trailer].join('\r\n'))
    }
    expect(await ask()).toMatch(/^HTTP\/1\.1 400 /)
    const answer = await ask('X-Forwarded-Uri: /head')
    expect(answer).toMatch(/^HTTP\/1\.1 302 /)
    expect(answer).toContain(encodeURIComponent(`${site.url}/head`))
    expect(answer).not.toContain('trailer')
  })
})

describe('who may say it', () => {
  test('P-02 a peer that is not trusted describes nothing, with a live session too', async () => {
    const trustedProxies = ['192.0.2.1', '10.0.0.0/8']
    await using replica = await startReplica(asked.site, { trustedProxies })
    expectRefusal(await replica.validate(), 'untrusted_proxy')
    expectRefusal(await replica.validate({ Cookie: asked.cookie }), 'untrusted_proxy')
    expect(replica.log).toContainEqual(
      expect.objectContaining({
        code: 'untrusted_proxy',
        reason: expect.stringMatching(/set TRUSTED_PROXIES=.*,127\.0\.0\.1$/),
      }),
    )
  })

  test('P-02 an empty list trusts nobody', async () => {
    await using replica = await startReplica(asked.site, { trustedProxies: [] })
    expectRefusal(await replica.validate({ Cookie: asked.cookie }), 'untrusted_proxy')
  })
})

describe('the method', () => {
  test.each(['get', 'Get', 'FOO', 'GET,POST', 'GET POST', '*', 'G\tET', 'GÉT'])(
    'P-19 %j is refused',
    (method) => asked.expectUnreadable({ 'X-Forwarded-Method': method }),
  )

  test.each(['POST', 'PROPFIND', 'TRACE', 'QUERY'])('P-19 %s is decided as GET is', (method) =>
    asked.expectUserRule({ 'X-Forwarded-Method': method, 'X-HTTP-Method-Override': 'GET' }),
  )

  test('P-20 OPTIONS opens no door: bare, and as a preflight', async () => {
    const { site, cookie } = asked
    await asked.expectUserRule({ 'X-Forwarded-Method': 'OPTIONS' })
    const preflight = {
      'X-Forwarded-Method': 'OPTIONS',
      Accept: '*/*',
      Origin: site.url,
      'Access-Control-Request-Method': 'DELETE',
      'Sec-Fetch-Mode': 'cors',
    }
    expectRefusal(await site.validate(preflight), 'unauthenticated')
    expectPass(await site.validate({ Cookie: cookie, ...preflight }))
  })
})

describe('the scheme', () => {
  test.each(['HTTP', 'HTTPS', 'ftp', 'file', 'javascript', 'http,https', 'http://', 'h2c'])(
    'P-24 %j is refused',
    (proto) => asked.expectUnreadable({ 'X-Forwarded-Proto': proto }),
  )

  test('P-24 scheme and port of the sign-in page come from PUBLIC_URL alone', async () => {
    await asked.expectUserRule({ 'X-Forwarded-Port': '8443' })
    await asked.expectUserRule({ 'X-Forwarded-Proto': 'https' })
    await using secure = await startTestGateway({
      env: { PUBLIC_URL: 'https://auth.example.com', COOKIE_DOMAIN: 'example.com' },
    })
    const answer = await secure.validate({
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': 'app.example.com',
    })
    expectSignIn(answer, 'https://auth.example.com', 'https://app.example.com/page?x=1')
  })
})

describe('the host', () => {
  const named = (value: string) => ({ 'X-Forwarded-Host': value.replace('HOST', asked.host) })

  test('P-17 case, one trailing dot and the default port make no difference', async () => {
    const { site, host } = asked
    const [, port] = host.split(':')
    for (const written of [`LocalHost:${port}`, `localhost.:${port}`, `LOCALHOST.:${port}`]) {
      await asked.expectUserRule({ 'X-Forwarded-Host': written })
    }
    const plain = await site.validate({ 'X-Forwarded-Host': 'localhost:80' })
    expectSignIn(plain, site.url, 'http://localhost/page?x=1')
  })

  test.each([
    'user@HOST',
    'HOST,evil.example',
    'HOST, HOST',
    'HOST/',
    'HOST/public',
    'HOST?',
    'HOST#',
    'HOST:80',
    'HOST\\evil',
    'localhost..',
    '.localhost',
    'localhost:',
    'localhost:port',
    'localhost:65536',
    'localhost:-1',
    'local host',
    'local%68ost',
    'lócalhost',
    '[::1',
    '[::::]',
    '[0:0:0:0:0:0:0:1]',
    '1.2.3.999',
    '127.1',
    '0x7f.0.0.1',
    'x'.repeat(256),
  ])('P-17 %j is refused', (value) => asked.expectUnreadable(named(value)))

  test.each([
    'evil.example',
    'localhost:1',
    'sub.HOST',
    'evilHOST',
    'localhost.evil.example',
    '127.0.0.1',
    '[::1]',
    'xn--a.localhost',
  ])('P-17 %j is unknown, with a live session too', async (value) => {
    const { site, cookie } = asked
    expectRefusedPage(await site.validate(named(value)), 'unknown_host')
    const api = { ...named(value), Accept: 'application/json', Cookie: cookie }
    expectRefusal(await site.validate(api), 'unknown_host')
    const added = named(value)['X-Forwarded-Host'].toLowerCase()
    expect(site.log).toContainEqual(
      expect.objectContaining({
        code: 'unknown_host',
        reason: expect.stringContaining(`,${added}`),
      }),
    )
  })
})
