import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../support/agent.ts'
import { callbackUrl } from '../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const program = { accept: 'application/json' }

/** Where a browser without a session ends that starts so. */
async function endOf(query: string, gateway = site): Promise<string | null> {
  const agent = new Agent()
  const back = await callbackUrl(agent, `${gateway.url}/auth/login${query}`)
  return (await agent.fetch(back)).headers.get('location')
}

/** What the gateway asks of the provider. */
async function authorization(gateway: TestGateway, path = '/auth/login') {
  const { status, headers } = await new Agent().fetch(gateway.url + path)
  expect(status).toBe(302)
  return new URL(headers.get('location') ?? '')
}

describe('GET /auth/login', () => {
  test.each([
    ['?return_to=/a?b=c', '/a?b=c'],
    ['?redirect_uri=/a', '/a'],
    ['?rd=/a', '/a'],
    ['?return_to=/a&redirect_uri=/b&rd=/c', '/a'],
    ['?redirect_uri=/b&rd=/c', '/b'],
    ['?return_to=%2Fp%25C3%25A4th%3Fq%3D%2520', '/p%C3%A4th?q=%20'],
    ['?return_to=/a#part', '/a'],
    ['', '/'],
    ['?other=/x', '/'],
  ])('%s ends at %s', async (query, path) => {
    expect(await endOf(query)).toBe(site.url + path)
  })

  test('an absolute return URL of the site is one too', async () => {
    const query = new URLSearchParams({ return_to: `${site.url}/a?b=c#d` })
    expect(await endOf(`?${query}`)).toBe(`${site.url}/a?b=c`)
  })

  test('without a return URL it ends at POST_LOGIN_URL', async () => {
    await using own = await startTestGateway({ env: { POST_LOGIN_URL: '/home?x=1' } })
    expect(await endOf('', own)).toBe(`${own.url}/home?x=1`)
  })

  test('provider names the one there is', async () => {
    expect(await endOf('?provider=default&return_to=/a')).toBe(`${site.url}/a`)
    const other = await new Agent().fetch(`${site.url}/auth/login?provider=other`, {
      headers: program,
    })
    expect([other.status, other.json()]).toMatchObject([400, { code: 'bad_request' }])
  })

  test('whoever is signed in goes on at once', async () => {
    const { agent } = await site.signIn()
    const before = site.idp.requests.length
    const answer = await agent.fetch(`${site.url}/auth/login?return_to=/a`)
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${site.url}/a`])
    expect(site.idp.requests.length).toBe(before)
  })

  test('OIDC_PROMPT, OIDC_SCOPES and OIDC_AUTHORIZATION_PARAMS reach the provider', async () => {
    await using own = await startTestGateway({
      env: {
        OIDC_PROMPT: 'login',
        OIDC_SCOPES: 'openid email offline_access',
        OIDC_AUTHORIZATION_PARAMS: 'access_type=offline&hd=example.com',
      },
    })
    const { searchParams } = await authorization(own)
    expect(Object.fromEntries(searchParams)).toMatchObject({
      prompt: 'login',
      scope: 'openid email offline_access',
      access_type: 'offline',
      hd: 'example.com',
    })
  })

  test('on another host of the site it first goes to PUBLIC_URL, as it was asked', async () => {
    await using own = await startTestGateway({
      env: { PUBLIC_URL: 'https://auth.example.com', COOKIE_DOMAIN: 'example.com' },
    })
    const query = '?return_to=%2Fa%3Fb&provider=default'
    const answer = await rawRequest(own.gateway.origin, 'GET', `/auth/login${query}`, {
      Host: 'app.example.com',
    })
    expect([answer.status, answer.headers.location]).toEqual([
      302,
      `https://auth.example.com/auth/login${query}`,
    ])
  })
})

describe('GET /auth/continue-signin', () => {
  test('lets the person choose an account', async () => {
    const { searchParams } = await authorization(site, '/auth/continue-signin?return_to=/a')
    expect(searchParams.get('prompt')).toBe('select_account')
    expect(await endOf('?return_to=/a')).toBe(`${site.url}/a`)
  })

  test('ends the session here first, and not the one at the provider', async () => {
    const { agent } = await site.signIn()
    const cookie = agent.cookies.header(new URL(site.url))
    const answer = await agent.fetch(`${site.url}/auth/continue-signin?return_to=/a`)
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toContain(`${site.idp.issuer}/auth?`)
    expect((await site.validate({ Cookie: cookie })).status).toBe(302)
    const choice = await agent.follow(answer.headers.get('location') ?? '')
    expect(choice.text).toContain('Signed in now')
    expect(site.idp.requests.map(({ path }) => path)).not.toContain('/token/revocation')
  })

  test('from another site it ends nothing: it asks first', async () => {
    const { agent } = await site.signIn()
    const answer = await agent.fetch(`${site.url}/auth/continue-signin`, {
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      `${site.url}/auth/logout`,
    ])
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('does not return where nobody may', async () => {
    const { status } = await new Agent().fetch(
      `${site.url}/auth/continue-signin?return_to=//evil.example`,
    )
    expect(status).toBe(400)
  })
})

describe('GET /auth/login-url', () => {
  const ask = (query: string) =>
    new Agent().fetch(`${site.url}/auth/login-url${query}`, { headers: program })

  test.each(['redirect_uri', 'return_to', 'rd'])('gives the link for %s', async (name) => {
    const answer = await ask(`?${name}=/a%3Fb`)
    const query = new URLSearchParams({ return_to: `${site.url}/a?b` })
    expect([answer.status, answer.json()]).toEqual([
      200,
      { login_url: `${site.url}/auth/login?${query}` },
    ])
    expect(await endOf(new URL(`${site.url}/auth/login?${query}`).search)).toBe(`${site.url}/a?b`)
  })

  test.each(['', '?redirect_uri=', '?redirect_uri=//evil.example', '?redirect_uri=/auth/login'])(
    '%j is 400',
    async (query) => {
      const answer = await ask(query)
      expect([answer.status, answer.json()]).toMatchObject([400, { code: 'bad_request' }])
    },
  )
})
