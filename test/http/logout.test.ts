import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../support/agent.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const program = { accept: 'application/json' }

/** Whether the cookie that a browser had still passes. */
async function passes(cookie: string, gateway = site): Promise<boolean> {
  return (await gateway.validate({ Cookie: cookie })).status === 200
}

async function signedIn(gateway = site) {
  const { agent } = await gateway.signIn()
  return { agent, cookie: agent.cookies.header(new URL(gateway.url)) }
}

const without = (body: Record<string, unknown>, member: string) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== member))

const clearing = 'gatehouse=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'

describe('GET /auth/logout', () => {
  test.each([
    ['by hand', { 'sec-fetch-site': 'none' }],
    ['from a page of the gateway', { 'sec-fetch-site': 'same-origin' }],
    ['by a click in an app', { 'sec-fetch-site': 'same-site', 'sec-fetch-user': '?1' }],
  ])('%s ends the session, then goes to the provider and comes back', async (_name, headers) => {
    const { agent, cookie } = await signedIn()
    const out = await agent.fetch(`${site.url}/auth/logout?return_to=/bye`, { headers })
    expect([out.status, out.headers.getSetCookie()]).toEqual([302, [clearing]])
    expect(await passes(cookie)).toBe(false)
    const end = await agent.follow(out.headers.get('location') ?? '')
    expect(end.url).toBe(`${site.url}/bye`)
    const again = await agent.follow(`${site.url}/auth/login`)
    expect(again.text).toContain('name="user"')
  })

  test('without a session it goes straight to where it would have ended', async () => {
    const answer = await new Agent().fetch(`${site.url}/auth/logout?return_to=/bye`)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${site.url}/bye`])
    const bare = await new Agent().fetch(`${site.url}/auth/logout`)
    expect(bare.headers.get('location')).toBe(`${site.url}/auth/logged-out`)
  })

  test('the question it asks where the person may not have meant it ends the session by its form', async () => {
    const { agent, cookie } = await signedIn()
    const page = await agent.fetch(`${site.url}/auth/logout?rd=/bye`, {
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(page.text).toContain('Alice Archer')
    const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const value = /name="return_to" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const out = await agent.fetch(action, { form: { return_to: value } })
    expect(out.status).toBe(303)
    expect(await passes(cookie)).toBe(false)
    expect((await agent.follow(out.headers.get('location') ?? '')).url).toBe(`${site.url}/bye`)
  })
})

describe('POST /auth/logout', () => {
  test('answers programs with what to do next', async () => {
    const { agent, cookie } = await signedIn()
    const answer = await agent.fetch(`${site.url}/auth/logout`, {
      method: 'POST',
      headers: { ...program, 'content-type': 'application/json' },
      body: '{"return_to":"/bye"}',
    })
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, [clearing]])
    expect(answer.json()).toEqual({
      success: true,
      message: 'Signed out.',
      redirect_url: `${site.url}/bye`,
      front_channel_logout_url: expect.stringMatching(/\/session\/end\?.*id_token_hint=/),
    })
    expect(await passes(cookie)).toBe(false)
  })

  test('answers programs without a session too', async () => {
    const answer = await new Agent().fetch(`${site.url}/auth/logout`, {
      method: 'POST',
      headers: program,
    })
    expect([answer.status, answer.json()]).toEqual([
      200,
      {
        success: true,
        message: 'There was no session.',
        redirect_url: `${site.url}/auth/logged-out`,
        front_channel_logout_url: null,
      },
    ])
  })

  test('sends forms on with 303', async () => {
    const { agent, cookie } = await signedIn()
    const answer = await agent.fetch(`${site.url}/auth/logout`, { form: { return_to: '/bye' } })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toContain(`${site.idp.issuer}/session/end?`)
    expect(await passes(cookie)).toBe(false)
  })

  test.each([
    ['the page’s own Origin', () => ({ origin: site.url, 'sec-fetch-site': 'same-origin' })],
    ['no browser', () => ({ origin: undefined, 'sec-fetch-site': undefined })],
  ])('of %s is taken', async (_name, headers) => {
    const { agent, cookie } = await signedIn()
    const answer = await agent.fetch(`${site.url}/auth/logout`, {
      method: 'POST',
      headers: { ...program, ...headers() },
    })
    expect(answer.status).toBe(200)
    expect(await passes(cookie)).toBe(false)
  })

  test('of an app on another host of the site is taken', async () => {
    await using own = await startTestGateway({
      env: { PUBLIC_URL: 'https://auth.example.com', COOKIE_DOMAIN: 'example.com' },
    })
    const post = (origin: string, site = 'same-site') =>
      rawRequest(own.gateway.origin, 'POST', '/auth/logout', {
        Host: 'auth.example.com',
        Origin: origin,
        'Sec-Fetch-Site': site,
        ...program,
      })
    expect((await post('https://app.example.com')).status).toBe(200)
    expect((await post('https://example.com')).status).toBe(200)
    for (const origin of [
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://example.org',
      'https://app.example.com.evil.org',
      'https://evilexample.com',
      'https://app.example.com/',
      'app.example.com',
    ]) {
      expect((await post(origin)).status, origin).toBe(403)
    }
    expect((await post('https://app.example.com', 'cross-site')).status).toBe(403)
  })
})

describe('where sign-out ends', () => {
  test('POST_LOGOUT_URL, by way of the registered landing', async () => {
    await using own = await startTestGateway({ env: { POST_LOGOUT_URL: '/goodbye?x=1' } })
    const { agent } = await signedIn(own)
    const out = await agent.fetch(`${own.url}/auth/logout`)
    const url = new URL(out.headers.get('location') ?? '')
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${own.url}/auth/logged-out`)
    expect((await agent.follow(url)).url).toBe(`${own.url}/goodbye?x=1`)
  })

  test('/auth/logged-out, where the provider has no end-session endpoint', async () => {
    await using own = await startTestGateway({
      idp: { alter: (_path, body) => without(body, 'end_session_endpoint') },
    })
    const { agent, cookie } = await signedIn(own)
    const end = await agent.follow(`${own.url}/auth/logout`)
    expect(end.url).toBe(`${own.url}/auth/logged-out`)
    expect(end.text).toContain('You are signed out')
    expect(end.text).toContain(`href="${own.url}/auth/continue-signin"`)
    expect(await passes(cookie, own)).toBe(false)
    const { agent: other } = await signedIn(own)
    const answer = await other.fetch(`${own.url}/auth/logout`, { method: 'POST', headers: program })
    expect(answer.json()).toMatchObject({ front_channel_logout_url: null })
  })

  test('the provider has no revocation endpoint: sign-out is the same', async () => {
    await using own = await startTestGateway({
      idp: { alter: (_path, body) => without(body, 'revocation_endpoint') },
    })
    const { agent, cookie } = await signedIn(own)
    expect((await agent.fetch(`${own.url}/auth/logout`)).status).toBe(302)
    expect(await passes(cookie, own)).toBe(false)
    expect(own.idp.requests.map(({ path }) => path)).not.toContain('/token/revocation')
  })

  test('C-05 two cookies of ours: both sessions end', async () => {
    await using own = await startTestGateway()
    const one = await signedIn(own)
    const two = await signedIn(own)
    const cookie = `${one.cookie}; ${two.cookie}`
    const answer = await one.agent.fetch(`${own.url}/auth/logout`, { headers: { cookie } })
    expect(answer.status).toBe(302)
    expect([await passes(one.cookie, own), await passes(two.cookie, own)]).toEqual([false, false])
  })
})
