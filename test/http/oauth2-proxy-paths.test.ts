import { describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { signIn } from '../support/sign-in.ts'

const [alice] = demoUsers as [User]
const program = { accept: 'application/json' }
const path = '/oauth2/auth'

const start = (options: { env?: Record<string, string>; file?: (url: string) => string } = {}) =>
  startTestGateway({
    ...options,
    env: { AUTH_PATH: '/oauth2', PROXY: 'traefik,nginx', ...options.env },
    redirectUris: (url) => [`${url}/oauth2/callback`],
  })

/** As ingress-nginx asks: its own headers, and of the other families what a client sends. */
const asked = (site: TestGateway, uri = '/page?x=1') => ({
  'X-Original-URL': site.url + uri,
  'X-Original-Method': 'GET',
  'X-Forwarded-Proto': undefined,
  'X-Forwarded-Host': 'of-the-client.example.com',
  'X-Forwarded-Uri': '/of-the-client',
})

async function signedIn(site: TestGateway): Promise<Agent> {
  const agent = new Agent()
  const arrived = await signIn(agent, `${site.url}/oauth2/start?rd=/page`, alice)
  expect(arrived.url).toBe(`${site.url}/page`)
  return agent
}

const cookieOf = (agent: Agent, site: TestGateway) => agent.cookies.header(new URL(site.url))

describe('the routes with the names of oauth2-proxy', () => {
  test.each(['start', 'sign_in'])('/oauth2/%s signs in and returns to rd', async (name) => {
    await using site = await start()
    const arrived = await signIn(new Agent(), `${site.url}/oauth2/${name}?rd=/page?x=1`, alice)
    expect(arrived.url).toBe(`${site.url}/page?x=1`)
  })

  test.each([
    'https://evil.example.com/',
    '//evil.example.com',
    '/\\evil.example.com',
    '/oauth2/start',
  ])('L-01 rd=%s is refused', async (rd) => {
    await using site = await start()
    const query = new URLSearchParams({ rd })
    const answer = await new Agent().fetch(`${site.url}/oauth2/start?${query}`, {
      headers: program,
    })
    expect([answer.status, answer.json()]).toMatchObject([400, { code: 'bad_request' }])
  })

  test('at the host of an app a path in rd is one of the app', async () => {
    await using site = await startTestGateway({
      env: (url) => ({
        PUBLIC_URL: url.replace('localhost', 'auth.gate.localhost'),
        COOKIE_DOMAIN: 'gate.localhost',
        AUTH_PATH: '/oauth2',
      }),
    })
    const { port } = new URL(site.url)
    const at = (name: string, rd: string) =>
      new Agent().fetch(`${site.url}/oauth2/${name}?${new URLSearchParams({ rd })}`, {
        headers: { host: `app.gate.localhost:${port}` },
      })
    const login = `http://auth.gate.localhost:${port}/oauth2/login?`
    const rd = `http://app.gate.localhost:${port}/page?x=1`
    for (const [name, route] of [
      ['start', 'login'],
      ['sign_in', 'login'],
      ['sign_out', 'logout'],
    ] as const) {
      const { headers } = await at(name, '/page?x=1')
      const wanted = login.replace('login', route) + new URLSearchParams({ rd })
      expect(headers.get('location')).toBe(wanted)
    }
    // What is absolute is checked as it is, and a host that is no app's keeps nothing.
    expect((await at('start', rd)).headers.get('location')).toContain(login)
    expect((await at('start', 'http://evil.localhost/')).status).toBe(400)
  })

  test('/oauth2/userinfo says who is signed in, or 401', async () => {
    await using site = await start()
    const url = `${site.url}/oauth2/userinfo`
    const nobody = await new Agent().fetch(url, { headers: program })
    expect([nobody.status, nobody.json()]).toMatchObject([401, { code: 'unauthenticated' }])
    const agent = await signedIn(site)
    const answer = await agent.fetch(url, { headers: program })
    const session = await agent.fetch(`${site.url}/oauth2/session`, { headers: program })
    const { user_id, email, groups, username } = session.json() as Record<string, unknown>
    expect(answer.json()).toEqual({ user: user_id, email, groups, preferredUsername: username })
  })

  test('L-01 /oauth2/sign_out signs out, and returns to hosts of the apps only', async () => {
    await using site = await start()
    const agent = await signedIn(site)
    const cookie = cookieOf(agent, site)
    const out = await agent.fetch(`${site.url}/oauth2/sign_out?rd=https://evil.example.com/`)
    expect(out.status).toBe(302)
    expect(out.headers.get('location')).not.toContain('evil')
    expect((await site.validate({ Cookie: cookie, ...asked(site) }, { path })).status).toBe(401)
  })

  test('a link of another site signs nobody out', async () => {
    await using site = await start()
    const agent = await signedIn(site)
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect((await agent.fetch(`${site.url}/oauth2/sign_out`, { headers })).status).toBe(200)
    const Cookie = cookieOf(agent, site)
    expect((await site.validate({ Cookie, ...asked(site) }, { path })).status).toBe(202)
  })

  test('there are none with another AUTH_PATH', async () => {
    await using site = await startTestGateway({ env: { PROXY: 'nginx' } })
    for (const name of ['start', 'sign_in', 'sign_out', 'userinfo']) {
      expect((await new Agent().fetch(`${site.url}/auth/${name}`)).status).toBe(404)
      expect((await new Agent().fetch(`${site.url}/oauth2/${name}`)).status).toBe(404)
    }
    expect((await site.validate(asked(site), { path })).status).toBe(404)
  })
})

describe('/oauth2/auth', () => {
  test('answers 202 with the identity headers, as /validate/nginx does with 200', async () => {
    await using site = await start({ env: { IDENTITY_HEADERS: 'x-auth-request' } })
    const agent = await signedIn(site)
    const Cookie = cookieOf(agent, site)
    const answer = await site.validate({ Cookie, ...asked(site) }, { path })
    expect([answer.status, answer.body]).toEqual([202, ''])
    expect(answer.headers).toMatchObject({
      'x-auth-request-preferred-username': 'alice',
      'content-length': '0',
    })
    const nginx = { 'X-Original-URI': '/page?x=1', 'X-Original-Method': 'GET' }
    const same = await site.validate({ Cookie, ...nginx }, { path: '/validate/nginx' })
    const { date, 'x-request-id': id, ...headers } = answer.headers
    expect(same.status).toBe(200)
    expect(same.headers).toMatchObject(headers)
  })

  test('answers 401 with where to sign in', async () => {
    await using site = await start()
    const answer = await site.validate(asked(site), { path })
    expect(answer.status).toBe(401)
    const login = new URL(answer.headers['x-login-url'] ?? '')
    expect(login.searchParams.get('return_to')).toBe(`${site.url}/page?x=1`)
  })

  test.each([
    ['P-01 no original URL', { 'X-Original-URL': undefined }, '400'],
    ['P-01 no original method', { 'X-Original-Method': undefined }, '400'],
    ['P-17 a host that is no app', { 'X-Original-URL': 'http://other.example.org/page' }, '403'],
    ['P-17 credentials in the URL', { 'X-Original-URL': 'http://a@localhost/page' }, '400'],
    ['a call through a proxy', { 'X-Forwarded-Proto': 'http' }, '400'],
  ])('%s is 403, also for who is signed in', async (_what, changes, status) => {
    await using site = await start()
    const Cookie = cookieOf(await signedIn(site), site)
    const answer = await site.validate({ Cookie, ...asked(site), ...changes }, { path })
    expect([answer.status, answer.headers['x-auth-status']]).toEqual([403, status])
    expect(answer.headers).not.toHaveProperty('x-username')
  })

  test('P-02 answers trusted proxies only', async () => {
    await using site = await start({ env: { TRUSTED_PROXIES: '192.0.2.1' } })
    const answer = await site.validate(asked(site), { path })
    expect([answer.status, answer.headers['x-auth-status']]).toEqual([403, '403'])
  })

  test.each(['/oauth2/start', '/oauth2/auth', '/OAuth2/x', '/x/..%2foauth2/userinfo'])(
    'P-23 %s is an own route, which nobody passes to',
    async (uri) => {
      await using site = await start()
      const Cookie = cookieOf(await signedIn(site), site)
      const answer = await site.validate({ Cookie, ...asked(site, uri) }, { path })
      expect(answer.status).toBe(403)
      const byTraefik = await site.validate({ Cookie, 'X-Forwarded-Uri': uri })
      expect(byTraefik.status).toBe(403)
    },
  )

  test('P-03 X-Original-URL has no effect at the other routes', async () => {
    await using site = await start({
      file: () => 'rules: [{ match: { paths: [/public] }, access: public }]',
    })
    const forged = { 'X-Original-URL': `${site.url}/public` }
    expect((await site.validate(forged)).status).toBe(302)
    const nginx = { 'X-Original-URI': '/page', 'X-Original-Method': 'GET', ...forged }
    expect((await site.validate(nginx, { path: '/validate/nginx' })).status).toBe(401)
    expect((await site.validate(asked(site, '/public'), { path })).status).toBe(202)
    expect((await site.validate(asked(site, '/page?/public'), { path })).status).toBe(401)
  })

  test.each(['allowed_groups=ops', 'allowed_emails=alice@example.com', 'x'])(
    'with ?%s is 403, and the log says what to write',
    async (query) => {
      await using site = await start()
      const Cookie = cookieOf(await signedIn(site), site)
      const answer = await site.validate({ Cookie, ...asked(site) }, { path: `${path}?${query}` })
      expect(answer.status).toBe(403)
      expect(JSON.stringify(site.log)).toContain('/validate/nginx/allow/group:ops')
    },
  )

  test('is narrowed by a list after it', async () => {
    await using site = await start()
    const Cookie = cookieOf(await signedIn(site), site)
    const ask = (list: string) =>
      site.validate({ Cookie, ...asked(site) }, { path: `${path}/allow/${list}` })
    expect((await ask('group:ops,role:nobody')).status).toBe(202)
    expect((await ask('role:nobody')).status).toBe(403)
  })

  test('is not there for other proxies', async () => {
    await using site = await start({ env: { PROXY: 'traefik' } })
    expect((await site.validate(asked(site), { path })).status).toBe(404)
  })
})
