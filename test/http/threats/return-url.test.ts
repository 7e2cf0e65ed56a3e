import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { appsAt } from '../../support/app.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { startReplica } from '../../support/replica.ts'
import { callbackRoute, providerName } from '../../support/second-place.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

/** What the gateway says to a return URL where sign-in starts. */
async function login(returnTo: string) {
  const query = new URLSearchParams({ return_to: returnTo })
  return new Agent().fetch(`${site.url}/auth/login?${query}`)
}

/** The form in which a return URL is accepted, or undefined where it is refused. */
async function accepted(returnTo: string, gateway = site): Promise<string | undefined> {
  const query = new URLSearchParams({ redirect_uri: returnTo })
  const answer = await rawRequest(gateway.gateway.origin, 'GET', `/auth/login-url?${query}`, {
    Host: new URL(gateway.settings.sites.at(-1)?.origin ?? '').host,
    Accept: 'application/json',
  })
  if (answer.status === 400) return
  expect(answer.status).toBe(200)
  return new URL(JSON.parse(answer.body).login_url).searchParams.get('return_to') ?? ''
}

const repaired = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/ /evil.example',
  'http:evil.example',
  'http:/evil.example',
  'http:///evil.example',
  'http:\\\\evil.example',
  'ht\ntp://evil.example',
  'evil.example',
  '.evil.example',
  '@evil.example',
  '?next=//evil.example',
  '#//evil.example',
  '',
  'javascript:alert(1)',
  'data:text/html,x',
  '/page\r\nSet-Cookie: a=b',
  '/\u0000',
  '/žluť',
]

describe('L-01 a return URL that a browser would repair', () => {
  test.each(repaired)('L-01 %j is 400, and starts no sign-in', async (returnTo) => {
    const answer = await login(returnTo)
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await accepted(returnTo)).toBeUndefined()
  })

  test.each([
    ['/../..//evil.example', '//evil.example'],
    ['/.//evil.example', '//evil.example'],
    ['/%2f%2fevil.example', '/%2f%2fevil.example'],
    ['/%5cevil.example', '/%5cevil.example'],
    ['/page?next=//evil.example', '/page?next=//evil.example'],
  ])('L-01 %j stays on our host, absolute', async (returnTo, path) => {
    expect(await accepted(returnTo)).toBe(site.url + path)
  })

  test.each([
    '/auth/login',
    '/AUTH/login',
    '/%61uth/logout',
    '/auth%2flogout',
    '//auth/login',
    '/x/../auth/logout',
    '/auth;x/login',
    '/api/auth/callback',
  ])('L-01 %j is a route of the gateway: 400', async (returnTo) => {
    expect(await accepted(returnTo)).toBeUndefined()
    expect(await accepted(site.url + returnTo)).toBeUndefined()
  })

  test('L-01 it is checked again at the callback, by the settings of that moment', async () => {
    const wide = { COOKIE_DOMAIN: 'gatehouse.localhost', APP_HOSTS: '*.gatehouse.localhost' }
    await using first = await startTestGateway({
      env: (url) => ({ PUBLIC_URL: url.replace('localhost', 'auth.gatehouse.localhost'), ...wide }),
    })
    const [{ origin, host }] = first.settings.sites
    first.idp.putClient({
      client_id: 'gatehouse',
      client_secret: 'client-secret-client-secret-1234',
      redirect_uris: [origin + callbackRoute],
    })
    await using narrow = await startReplica(first, { apps: appsAt() })
    const agent = new Agent()
    const returnTo = `${origin.replace('auth.', 'app.')}/page`
    const start = `/auth/login?return_to=${returnTo}&provider=${providerName}`
    const started = await rawRequest(first.gateway.origin, 'GET', start, { Host: host })
    const cookie = started.headers['set-cookie']?.split(';', 1)[0]
    const back = await callbackUrl(agent, started.headers.location ?? '')
    const end = await rawRequest(narrow.origin, 'GET', back.pathname + back.search, {
      Host: host,
      Cookie: cookie,
    })
    expect(end.status).toBe(302)
    expect(end.headers.location).toBe(`${origin}/`)
  })
})

describe('L-02 a return URL on another host', () => {
  test.each([
    'http://evil.example',
    'http://localhost.evil.example',
    'http://localhost:PORT.evil.example/',
    'http://localhost:PORT@evil.example/',
    'http://localhost:PORT\\@evil.example/',
    'http://user@localhost:PORT/',
    'http://user:password@localhost:PORT/',
    'http://localhost:1/',
    'http://localhost:0PORT0/',
    'https://localhost:PORT/',
    'ftp://localhost:PORT/',
    'ws://localhost:PORT/',
    'http://loc\u0430lhost:PORT/',
    'http://loc\u24d0lhost:PORT/',
    'http://127.0.0.1:PORT/',
  ])('L-02 %j is 400', async (template) => {
    const returnTo = template.replace('PORT', new URL(site.url).port)
    expect((await login(returnTo)).status).toBe(400)
    expect(await accepted(returnTo)).toBeUndefined()
  })

  test('L-02 a pattern needs the dot before its name, and at least one label', async () => {
    await using apps = await startTestGateway({
      env: {
        PUBLIC_URL: 'https://auth.example.com',
        COOKIE_DOMAIN: 'example.com',
        APP_HOSTS: '*.apps.example.com,app.example.com',
      },
    })
    const ask = (returnTo: string) => accepted(returnTo, apps)
    expect(await ask('https://app.example.com')).toBe('https://app.example.com/')
    expect(await ask('https://a.b.apps.example.com/x?y#z')).toBe('https://a.b.apps.example.com/x?y')
    expect(await ask('HTTPS://APP.EXAMPLE.COM/')).toBe('https://app.example.com/')
    for (const refused of [
      'https://apps.example.com/',
      'https://evilapps.example.com/',
      'https://x.apps.example.com.evil.org/',
      'https://evil.org/.apps.example.com/',
      'https://evil.org?.apps.example.com/',
      'https://evil.org#.apps.example.com/',
      'https://other.example.com/',
      'http://app.example.com/',
      'https://app.example.com:8443/',
    ]) {
      expect(await ask(refused), refused).toBeUndefined()
    }
  })
})

describe('L-03 a malformed return URL', () => {
  test.each([
    ['an open bracket', 'http://[::1'],
    ['a bare percent sign', 'http://%'],
    ['no host', 'http://'],
    ['an impossible port', 'http://localhost:99999/'],
    ['a negative port', 'http://localhost:-1/'],
    ['half an IDN label', 'http://xn--'],
    ['empty labels', 'http://a..b/'],
    ['5,000 labels', `http://${'a.'.repeat(5_000)}`],
    ['a long word', 'a'.repeat(16_000)],
    ['8,000 slashes', '/'.repeat(8_000)],
    ['5,000 backslashes', '\\'.repeat(5_000)],
    ['5,000 percent signs and a control character', `/${'%'.repeat(5_000)}\u0001`],
  ])('L-03 %s is 400', async (_name, returnTo) => {
    expect((await login(returnTo)).status).toBe(400)
  })

  test('L-03 escapes that stand for nothing are kept as they are', async () => {
    for (const path of ['/%', '/%zz', '/%c0%ae', '/%ff', '/[', '/{}|^`']) {
      const answer = await login(path)
      expect(answer.status, path).toBe(302)
    }
  })

  test('L-03 over 1,024 bytes it is cut to origin and path, then to the origin', async () => {
    const long = 'x'.repeat(1_100)
    expect(await accepted(`/page?x=${long}`)).toBe(`${site.url}/page`)
    expect(await accepted(`/${long}?x=1`)).toBe(`${site.url}/`)
    const fits = `/page?x=${'x'.repeat(1_024 - site.url.length - '/page?x='.length)}`
    expect(await accepted(fits)).toBe(site.url + fits)
  })
})

describe('L-04 addresses of the gateway', () => {
  const lies = {
    Host: 'evil.example',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '444',
    'X-Forwarded-Prefix': '/evil',
    'X-Original-URL': '/evil',
    Forwarded: 'host=evil.example;proto=https',
  }

  test('L-04 redirect_uri, return URL and login URL come from PUBLIC_URL', async () => {
    const path = `/auth/login?return_to=${site.url}/page`
    const start = await rawRequest(site.gateway.origin, 'GET', path, lies)
    expect(start.status).toBe(302)
    const authorization = new URL(start.headers.location ?? '')
    expect(authorization.origin).toBe(site.idp.issuer)
    expect(authorization.searchParams.get('redirect_uri')).toBe(site.url + callbackRoute)

    const url = await rawRequest(
      site.gateway.origin,
      'GET',
      `/auth/login-url?redirect_uri=${site.url}/page`,
      lies,
    )
    expect(JSON.parse(url.body)).toEqual({
      login_url: `${site.url}/auth/login?${new URLSearchParams({ return_to: `${site.url}/page` })}`,
    })
    const page = await rawRequest(site.gateway.origin, 'GET', '/auth/', {
      ...lies,
      Accept: 'text/html',
    })
    expect(page.headers.location).toBe(`${site.settings.sites[0].origin}/auth/login`)
  })

  test('L-04 the sign-in page of a refusal does too', async () => {
    const answer = await site.validate({ Host: 'evil.example', Forwarded: 'host=evil.example' })
    expect(answer.status).toBe(302)
    expect(new URL(answer.headers.location ?? '').origin).toBe(site.url)
  })
})
