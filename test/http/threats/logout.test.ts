import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { databaseFile } from '../../support/database-file.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { hold } from '../../support/hold.ts'
import { startReplica } from '../../support/replica.ts'
import { environmentBeside, serveGateway } from '../../support/served-gateway.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.intercept = undefined
})

const json = { accept: 'application/json' }

/** What `/validate` says to a program with these cookies. */
async function answerTo(cookie: string, gateway: Pick<TestGateway, 'validate'> = site) {
  const { status, body } = await gateway.validate({ Cookie: cookie, Accept: 'application/json' })
  return status === 200 ? 200 : [status, JSON.parse(body).code]
}

const cookieOf = (agent: Agent, { url } = site) => agent.cookies.header(new URL(url))

describe('O-01 sign-out that another site asks for', () => {
  const image = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'image/*' }

  test.each([
    ['an image elsewhere', { ...image, 'sec-fetch-site': 'cross-site' }],
    ['an image of an app', { ...image, 'sec-fetch-site': 'same-site' }],
    ['an image of the gateway’s own host', { ...image, 'sec-fetch-site': 'same-origin' }],
    ['a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a link elsewhere', { 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' }],
    ['a redirect of an app', { 'sec-fetch-site': 'same-site' }],
    ['a frame', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }],
    [
      'an old browser that says nothing of the request',
      { 'sec-fetch-mode': undefined, 'sec-fetch-dest': undefined, 'sec-fetch-site': undefined },
    ],
  ])('O-01 %s only gets the question', async (_name, headers) => {
    const { agent } = await site.signIn()
    const cookie = cookieOf(agent)
    const answer = await agent.fetch(`${site.url}/auth/logout?return_to=/page`, { headers })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain(`<form method="post" action="${site.url}/auth/logout">`)
    expect(answer.text).toContain(`value="${site.url}/page"`)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await answerTo(cookie)).toBe(200)
  })

  test.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['a sibling that is no app', { origin: 'http://evil.localhost' }],
    ['no origin at all, as from a sandbox', { origin: 'null' }],
    ['our Origin with another scheme', { origin: 'https://localhost' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
  ])('O-01 a POST with %s is 403 and ends nothing', async (_name, headers) => {
    const { agent } = await site.signIn()
    const cookie = cookieOf(agent)
    for (const path of ['/auth/logout', '/auth/sessions/end', '/auth/session/refresh']) {
      const answer = await agent.fetch(site.url + path, {
        method: 'POST',
        body: '{"all":true}',
        headers: { ...json, 'content-type': 'application/json', ...headers },
      })
      expect([answer.status, answer.json()], path).toMatchObject([403, { code: 'csrf' }])
      expect(answer.headers.getSetCookie(), path).toEqual([])
    }
    expect(await answerTo(cookie)).toBe(200)
  })
})

describe('O-02 where sign-out ends', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'http:evil.example',
    '',
  ])('O-02 never %j, the default instead', async (target) => {
    const { agent } = await site.signIn()
    for (const name of ['return_to', 'rd', 'post_logout_redirect_uri', 'redirect_uri']) {
      const query = new URLSearchParams({ [name]: target })
      const answer = await new Agent().fetch(`${site.url}/auth/logout?${query}`)
      expect(answer.headers.get('location')).toBe(`${site.url}/auth/logged-out`)
    }
    const query = new URLSearchParams({ return_to: target })
    const end = await agent.follow(`${site.url}/auth/logout?${query}`)
    expect(end.url.split('?', 1)[0]).toBe(`${site.url}/auth/logged-out`)
  })

  test('O-02 the landing page follows only a state it made itself', async () => {
    const { agent } = await site.signIn()
    const out = await agent.fetch(`${site.url}/auth/logout?return_to=/page`)
    const state = new URL(out.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const landing = (value: string) =>
      new Agent().fetch(`${site.url}/auth/logged-out?state=${encodeURIComponent(value)}`)
    expect((await landing(state)).headers.get('location')).toBe(`${site.url}/page`)
    const login = await agent.fetch(`${site.url}/auth/login`)
    const loginState = new URL(login.headers.get('location') ?? '').searchParams.get('state') ?? ''
    for (const forged of [`${state}A`, loginState, 'https://evil.example', '']) {
      const page = await landing(forged)
      expect([page.status, page.headers.get('location')], forged).toEqual([200, null])
    }
  })
})

describe('O-03 sign-out while a refresh is under way', () => {
  test('O-03 is final: what the provider then answers brings nothing back', async () => {
    const { agent } = await site.signIn()
    const cookie = cookieOf(agent)
    const held = hold(site.idp, '/token')
    const refresh = agent.fetch(`${site.url}/auth/session/refresh`, {
      method: 'POST',
      headers: json,
    })
    await held.arrived
    const other = new Agent()
    other.cookies.set(site.url, 'gatehouse', agent.cookies.get(site.url, 'gatehouse') ?? '')
    const out = await other.fetch(`${site.url}/auth/logout`, { method: 'POST', headers: json })
    expect(out.status).toBe(200)
    expect(await answerTo(cookie)).toEqual([401, 'session_expired'])
    held.release()
    expect((await refresh).status).toBe(401)
    expect(await answerTo(cookie)).toEqual([401, 'session_expired'])
  })

  test.each([
    ['renews the tokens', undefined],
    ['refuses the refresh token', 400],
    ['is down', 503],
  ])('O-03 is final for a request that waits, when the provider then %s', async (_name, status) => {
    const { agent } = await site.signIn()
    const cookie = cookieOf(agent)
    site.clock.advance(301_000)
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    site.idp.intercept = async ({ url }, response) => {
      // The provider hears nothing of the sign-out, so that it might renew the tokens.
      if (url === '/token/revocation') response.writeHead(200).end()
      if (url !== '/token') return url === '/token/revocation' ? 'handled' : 'pass'
      arrived.resolve()
      await released.promise
      if (status === undefined) return 'pass'
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end('{"error":"invalid_grant"}')
      return 'handled'
    }
    const waiting = answerTo(cookie)
    await arrived.promise
    await agent.fetch(`${site.url}/auth/logout`)
    released.resolve()
    expect(await waiting).toEqual([401, 'session_expired'])
    expect(await answerTo(cookie)).toEqual([401, 'session_expired'])
  })
})

describe('O-04 a crash right after sign-out', () => {
  test('O-04 leaves the session ended', async () => {
    await using file = await databaseFile()
    await using first = await startTestGateway({ env: { STORE_URL: file.url } })
    const { agent } = await first.signIn()
    const { agent: other } = await first.signIn()
    const env = { ...environmentBeside(first), STORE_URL: file.url }
    const served = await serveGateway(env)
    const session = (origin: string, browser: Agent) =>
      fetch(`${origin}/auth/session`, { headers: { ...json, cookie: cookieOf(browser, first) } })
    expect((await session(served.origin, agent)).status).toBe(200)
    const out = await fetch(`${served.origin}/auth/logout`, {
      method: 'POST',
      headers: { ...json, cookie: cookieOf(agent, first) },
    })
    expect(out.status).toBe(200)
    expect(await served.stop('SIGKILL')).toBe('SIGKILL')

    await using again = await serveGateway(env)
    expect((await session(again.origin, agent)).status).toBe(401)
    expect((await session(again.origin, other)).status).toBe(200)
  })
})

describe('O-09 front-channel logout', () => {
  test('O-09 a frame of the provider ends nothing and revokes nothing', async () => {
    const revocations = () =>
      site.idp.requests.filter(({ path }) => path === '/token/revocation').length
    const { agent } = await site.signIn()
    const before = revocations()
    const cookie = cookieOf(agent)
    const query = new URLSearchParams({ iss: site.idp.issuer, sid: 'any' })
    const answer = await agent.fetch(`${site.url}/auth/logout?${query}`, {
      headers: { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect(await answerTo(cookie)).toBe(200)
    expect(revocations()).toBe(before)
  })
})

describe('O-11 the other replicas', () => {
  test('O-11 refuse an ended session no later than their memory is trusted', async () => {
    await using file = await databaseFile()
    await using first = await startTestGateway({ env: { STORE_URL: file.url } })
    await using second = await startReplica(first)
    const { agent } = await first.signIn()
    const cookie = cookieOf(agent, first)
    expect(await answerTo(cookie, second)).toBe(200)
    await agent.fetch(`${first.url}/auth/logout`)
    expect(await answerTo(cookie, first)).toEqual([401, 'session_expired'])
    // The bound is one second; memory is not believed for longer than 900 ms after a heartbeat.
    first.clock.advance(900)
    expect(await answerTo(cookie, second)).toEqual([401, 'session_expired'])
  })
})

describe('O-12 the tokens at the provider', () => {
  test('O-12 are revoked, and its session is ended with id_token_hint', async () => {
    await using own = await startTestGateway()
    const revoked: string[] = []
    own.idp.provider.on('grant.revoked', (_context, id) => void revoked.push(id))
    const { agent } = await own.signIn()
    const out = await agent.fetch(`${own.url}/auth/logout`)
    const url = new URL(out.headers.get('location') ?? '')
    expect(url.origin + url.pathname).toBe(`${own.idp.issuer}/session/end`)
    expect(url.searchParams.get('id_token_hint')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(url.searchParams.get('client_id')).toBe('gatehouse')
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${own.url}/auth/logged-out`)
    await expect
      .poll(() => own.idp.requests.filter(({ path }) => path === '/token/revocation').length)
      .toBe(1)
    const end = await agent.follow(url)
    expect(end.url.split('?', 1)[0]).toBe(`${own.url}/auth/logged-out`)
    const start = await agent.follow(`${own.url}/auth/login`)
    expect(start.text).toContain('name="user"')
  })

  test.each([
    ['is down', 'down'],
    ['does not answer', 'silent'],
  ])('O-12 the session ends here at once when the provider %s', async (_name, how) => {
    const { agent } = await site.signIn()
    const cookie = cookieOf(agent)
    site.idp.intercept = (request) => {
      if (how === 'down') request.socket.destroy()
      return 'handled'
    }
    const out = await agent.fetch(`${site.url}/auth/logout`, { method: 'POST', headers: json })
    expect([out.status, out.json()]).toMatchObject([200, { success: true }])
    expect(await answerTo(cookie)).toEqual([401, 'session_expired'])
    site.idp.intercept = undefined
  })
})
