import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { callbackRoute, providerName } from '../../support/second-place.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const loginCookies = (agent: Agent) =>
  agent.cookies.names(site.url).filter((name) => name.startsWith('gatehouse-login-'))

describe('L-12 a start link', () => {
  test('L-12 chooses nothing of the request to the provider', async () => {
    const chosen = new URLSearchParams({
      return_to: '/page',
      scope: 'openid admin',
      prompt: 'none',
      client_id: 'other',
      response_type: 'token',
      response_mode: 'fragment',
      state: 'chosen',
      nonce: 'chosen',
      code_challenge: 'chosen',
      code_challenge_method: 'plain',
      acr_values: 'low',
      login_hint: 'victim',
      request_uri: 'https://evil.example/',
      __proto__: 'x',
    })
    const answer = await new Agent().fetch(`${site.url}/auth/login?${chosen}`)
    expect(answer.status).toBe(302)
    const { searchParams } = new URL(answer.headers.get('location') ?? '')
    expect([...searchParams.keys()].sort()).toEqual([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'nonce',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ])
    expect(Object.fromEntries(searchParams)).toMatchObject({
      client_id: 'gatehouse',
      code_challenge_method: 'S256',
      redirect_uri: site.url + callbackRoute,
      response_type: 'code',
      scope: 'openid profile email',
    })
    expect(searchParams.getAll('state')).not.toContain('chosen')
    expect(searchParams.getAll('nonce')).not.toContain('chosen')
  })

  test('L-12 cannot name a provider there is not', async () => {
    for (const name of ['other', '__proto__', '']) {
      const answer = await new Agent().fetch(`${site.url}/auth/login?provider=${name}`)
      expect(answer.status, name).toBe(400)
    }
  })
})

describe('L-13 ten tabs', () => {
  test.each([
    ['in a browser without any cookie', false],
    ['in a browser that began a sign-in before', true],
  ])('L-13 %s all finish, each where it began', async (_name, warm) => {
    const agent = new Agent()
    if (warm) await agent.fetch(`${site.url}/auth/login`)
    const tabs = Array.from({ length: 10 }, (_, tab) => `${site.url}/page/${tab}`)
    const callbacks = await Promise.all(
      tabs.map((tab) => callbackUrl(agent, `${site.url}/auth/login?return_to=${tab}`)),
    )
    const ends = await Promise.all(callbacks.map((url) => agent.fetch(url)))
    expect(ends.map(({ status, headers }) => [status, headers.get('location')])).toEqual(
      tabs.map((tab) => [302, tab]),
    )
    expect(loginCookies(agent)).toHaveLength(warm ? 1 : 10)
    expect((await site.validateAs(agent)).status).toBe(200)
  })
})

describe('L-14 polling without a session', () => {
  test('L-14 a program gets 401 and no cookie, however often it asks', async () => {
    for (const headers of [
      { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' },
      { 'X-Requested-With': 'XMLHttpRequest' },
      { Accept: 'application/json' },
    ]) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => site.validate(headers)))
      for (const { status, headers: sent } of answers) {
        expect(status).toBe(401)
        expect(sent).not.toHaveProperty('set-cookie')
        expect(sent).not.toHaveProperty('location')
      }
    }
  })

  test('L-14 a hundred starts leave one login cookie', async () => {
    const agent = new Agent()
    for (let start = 0; start < 100; start += 1) await agent.fetch(`${site.url}/auth/login`)
    expect(loginCookies(agent)).toHaveLength(1)
  })

  test('L-14 over sixteen login cookies the oldest go', async () => {
    const agent = new Agent()
    const now = site.clock.now()
    const name = (index: number) => `gatehouse-login-aaaaaa${String(index).padStart(2, '0')}`
    for (let index = 0; index < 20; index += 1) {
      agent.cookies.set(site.url, name(index), `${now + index}.${'s'.repeat(22)}`)
    }
    const answer = await agent.fetch(`${site.url}/auth/login`)
    const set = answer.headers.getSetCookie()
    expect(set.filter((line) => line.includes('Max-Age=600')).map(nameOf)).toEqual([name(19)])
    expect(
      set
        .filter((line) => line.includes('Max-Age=0'))
        .map(nameOf)
        .sort(),
    ).toEqual([0, 1, 2, 3].map(name))
    expect(loginCookies(agent)).toHaveLength(16)
  })

  test('L-14 the login cookie is the host’s own, HttpOnly and Lax, for ten minutes', async () => {
    await using secure = await startTestGateway({
      env: { PUBLIC_URL: 'https://auth.example.com', COOKIE_DOMAIN: 'example.com' },
    })
    const answer = await rawRequest(
      secure.gateway.origin,
      'GET',
      `/auth/login?provider=${providerName}`,
      {
        Host: 'auth.example.com',
      },
    )
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-gatehouse-login-[a-z0-9]{8}=\d+\.[\w-]{22}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })
})

const nameOf = (setCookie: string) => setCookie.split('=', 1)[0]

describe('L-15 a session cookie that does not arrive', () => {
  test('L-15 at the app: three returns within ten seconds, then a page that names the host', async () => {
    const { agent } = await site.signIn()
    const start = `${site.url}/auth/login?return_to=/page`
    const statuses = []
    for (let round = 0; round < 3; round += 1) {
      const { status } = await agent.fetch(start)
      statuses.push(status)
    }
    expect(statuses).toEqual([302, 302, 400])
    const stopped = await agent.fetch(start)
    expect(stopped.text).toContain(new URL(site.url).host)
    expect(stopped.text).toContain('COOKIE_DOMAIN')
    expect(stopped.headers.get('x-frame-options')).toBe('DENY')

    const elsewhere = await agent.fetch(`${site.url}/auth/login?return_to=/other`)
    expect(elsewhere.headers.get('location')).toBe(`${site.url}/other`)
    site.clock.advance(10_001)
    expect((await agent.fetch(start)).status).toBe(302)
  })

  test('L-15 at the gateway: three sign-ins within ten seconds, then the page', async () => {
    const agent = new Agent()
    const start = `${site.url}/auth/login?return_to=/page`
    for (let round = 0; round < 3; round += 1) {
      const end = await agent.fetch(await callbackUrl(agent, start))
      expect(end.status).toBe(302)
      agent.cookies.set(site.url, 'gatehouse', '')
    }
    expect((await agent.fetch(start)).status).toBe(400)
  })
})

describe('L-16 redirects', () => {
  test('L-16 are absolute, on PUBLIC_URL and https, and never keep the method', async () => {
    await using secure = await startTestGateway({
      env: { PUBLIC_URL: 'https://auth.example.com', COOKIE_DOMAIN: 'example.com' },
    })
    const page = { 'X-Forwarded-Host': 'app.example.com', 'X-Forwarded-Uri': '/form?a=1' }
    const login = `https://auth.example.com/auth/login?return_to=${encodeURIComponent('https://app.example.com/form?a=1')}`
    for (const [method, status] of [
      ['GET', 302],
      ['HEAD', 302],
      ['POST', 303],
      ['PUT', 303],
      ['DELETE', 303],
      ['OPTIONS', 303],
    ] as const) {
      const answer = await secure.validate({ ...page, 'X-Forwarded-Method': method })
      expect([answer.status, answer.headers.location], method).toEqual([status, login])
    }
    const post = await secure.validate({
      ...page,
      'X-Forwarded-Method': 'POST',
      Accept: 'application/json',
    })
    expect(post.status).toBe(401)

    const ask = (method: string, path: string) =>
      rawRequest(secure.gateway.origin, method, path, {
        Host: 'auth.example.com',
        Accept: 'text/html',
      })
    const out = await ask('POST', '/auth/logout')
    expect([out.status, out.headers.location]).toEqual([
      303,
      'https://auth.example.com/auth/logged-out',
    ])
    const account = await ask('GET', '/auth/')
    expect([account.status, account.headers.location]).toEqual([
      302,
      'https://auth.example.com/auth/login',
    ])
    const other = await rawRequest(secure.gateway.origin, 'GET', '/auth/login?return_to=/page', {
      Host: 'app.example.com',
    })
    expect([other.status, other.headers.location]).toEqual([
      302,
      'https://auth.example.com/auth/login?return_to=/page',
    ])
    expect(other.headers).not.toHaveProperty('set-cookie')
  })
})

describe('L-17 pages', () => {
  test('L-17 cannot be framed, load nothing and tell no referrer', async () => {
    const { agent } = await site.signIn()
    const stranger = new Agent()
    const asked = { 'sec-fetch-site': 'cross-site' }
    const pages = {
      'logged out': await stranger.fetch(`${site.url}/auth/logged-out`),
      'bad start': await stranger.fetch(`${site.url}/auth/login?return_to=//evil.example`),
      'bad callback': await stranger.fetch(`${site.url}/auth/callback?code=a&state=b`),
      'not found': await stranger.fetch(`${site.url}/nothing`),
      'bad escape': await stranger.fetch(`${site.url}/%ff`),
      'logout question': await agent.fetch(`${site.url}/auth/logout`, { headers: asked }),
      account: await agent.fetch(`${site.url}/auth/`),
    }
    for (const [name, { headers }] of Object.entries(pages)) {
      expect(headers.get('content-type'), name).toBe('text/html; charset=utf-8')
      expect(headers.get('x-frame-options'), name).toBe('DENY')
      expect(headers.get('x-content-type-options'), name).toBe('nosniff')
      expect(headers.get('cache-control'), name).toBe('no-store')
      expect(headers.get('vary'), name).toMatch(/\bCookie, Authorization$/)
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy, name).toMatch(/^default-src 'none';/)
      expect(policy, name).toContain("frame-ancestors 'none'")
      expect(policy, name).not.toMatch(/unsafe|\*/)
      // Forms that act need an Origin, which `no-referrer` would take away.
      const acts = name === 'account' || name === 'logout question'
      expect(headers.get('referrer-policy'), name).toBe(acts ? 'same-origin' : 'no-referrer')
    }
  })

  test.each([
    ['HEAD', 'HEAD', {}],
    ['Sec-Purpose: prefetch', 'GET', { 'sec-purpose': 'prefetch' }],
    ['Sec-Purpose: prefetch;prerender', 'GET', { 'sec-purpose': 'prefetch;prerender' }],
    ['Purpose: prefetch', 'GET', { purpose: 'prefetch' }],
  ])('L-17 %s starts nothing, redeems no code and ends no session', async (_, method, headers) => {
    const { agent } = await site.signIn()
    const other = new Agent()
    const back = await callbackUrl(other, `${site.url}/auth/login?return_to=/page`)
    const quiet = async (browser: Agent, url: string) => {
      const answer = await browser.fetch(url, { method, headers })
      expect(answer.status, url).toBe(204)
      expect(answer.headers.getSetCookie(), url).toEqual([])
      expect(answer.headers.get('location'), url).toBeNull()
    }
    const redeemed = () => site.idp.requests.filter(({ path }) => path === '/token').length
    const before = redeemed()
    await quiet(new Agent(), `${site.url}/auth/login`)
    await quiet(other, back.href)
    await quiet(agent, `${site.url}/auth/logout`)
    await quiet(agent, `${site.url}/auth/continue-signin`)
    expect(redeemed()).toBe(before)
    expect((await site.validateAs(agent)).status).toBe(200)
    const end = await other.fetch(back)
    expect(end.headers.get('location')).toBe(`${site.url}/page`)
  })
})

describe('L-22 a refusal', () => {
  test('L-22 holds nothing but the gateway’s own words', async () => {
    const secret = 'from-the-app'
    const request = { 'X-Forwarded-Uri': `/${secret}?${secret}=${secret}` }
    const page = await site.validate(request)
    expect([page.status, page.body]).toEqual([302, ''])

    const program = await site.validate({ ...request, Accept: 'application/json' })
    expect(program.status).toBe(401)
    expect(Object.keys(JSON.parse(program.body)).sort()).toEqual([
      'code',
      'decision_id',
      'error',
      'login_url',
      'message',
      'request_id',
      'status',
      'title',
    ])
    expect(program.body.replace(/"login_url":"[^"]*"/, '')).not.toContain(secret)
  })
})
