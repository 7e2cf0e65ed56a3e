import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { databaseFile } from '../../support/database-file.ts'
import { expectPass, expectRefusal, headerValues } from '../../support/decisions.ts'
import {
  clientId,
  clientSecret,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import { type RawAnswer, rawRequest } from '../../support/raw-request.ts'
import { startReplica } from '../../support/replica.ts'
import { socketExchange } from '../../support/socket-exchange.ts'

const [alice, lukasz] = demoUsers as readonly [User, User]
const otherSecret = 'Jx2-kd93_sdkFj39dKslw03jdkWlw93kDlsw02kdQsp'

let site: TestGateway
beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const sessionOf = (agent: Agent) => agent.cookies.get(site.url, 'gatehouse') ?? ''
const ask = (cookie: string) => site.validate({ Cookie: `gatehouse=${cookie}`, Accept: '*/*' })
const startUrl = () => `${site.url}/auth/login?return_to=/page`

describe('a sign-in where there is a session', () => {
  /** Signs in while the browser holds a session cookie; the sign-in began before it did. */
  async function signInOver(cookie: string | undefined, user: User): Promise<string> {
    const agent = new Agent()
    const callback = await callbackUrl(agent, startUrl(), user)
    if (cookie !== undefined) agent.cookies.set(site.url, 'gatehouse', cookie)
    await agent.fetch(callback)
    return sessionOf(agent)
  }

  test('C-04 always makes a new id, whatever the browser held before', async () => {
    const first = await signInOver(undefined, alice)
    const ids = [first]
    for (const held of [first, 'planted', `${'A'.repeat(32)}.${'A'.repeat(43)}`, '']) {
      ids.push(await signInOver(held, alice))
    }
    for (const id of ids) expect(id).toMatch(/^[\w-]{32}\.[\w-]{43}$/)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('C-04 C-11 of another person ends the one before at once', async () => {
    const before = await signInOver(undefined, lukasz)
    expectPass(await ask(before), { 'x-username': 'lukasz' })
    const after = await signInOver(before, alice)
    expectRefusal(await ask(before), 'session_expired')
    expectPass(await ask(after), { 'x-username': 'alice' })
  })

  test('C-04 C-11 of the same person ends the one before within 30 s', async () => {
    const before = await signInOver(undefined, alice)
    const after = await signInOver(before, alice)
    expectPass(await ask(before))
    site.clock.advance(30_001)
    expectRefusal(await ask(before), 'session_expired')
    expectPass(await ask(after))
  })

  test('C-11 with another account ends the one before as it begins', async () => {
    const { agent } = await site.signIn(alice)
    const before = sessionOf(agent)
    await agent.fetch(`${site.url}/auth/continue-signin`)
    expectRefusal(await ask(before), 'session_expired')
  })
})

describe('C-08 the session cookie', () => {
  /** Every `Set-Cookie` of a session cookie: as it is set, then as it is cleared. */
  async function setCookies(origin: string, env: Readonly<Record<string, string>>) {
    const redirect = `${origin}/auth/callback`
    const clients = [
      { client_id: clientId, client_secret: clientSecret, redirect_uris: [redirect] },
    ]
    await using own = await startTestGateway({
      env: { PUBLIC_URL: origin, ...env },
      idp: { clients, ttl: { idToken: 36_000 } },
    })
    const agent = new Agent()
    const back = await callbackUrl(agent, `${own.gateway.origin}/auth/login`)
    const here = new URL(back.pathname + back.search, own.gateway.origin)
    const set = (await agent.fetch(here)).headers.getSetCookie()
    const out = await rawRequest(own.gateway.origin, 'POST', '/auth/logout', {
      Cookie: set[0]?.split(';', 1)[0],
    })
    return { set: set[0] ?? '', cleared: headerValues(out, 'set-cookie') }
  }

  test.each([
    ['https://auth.example.com', {}, '__Host-gatehouse', 'Path=/; HttpOnly; Secure; SameSite=Lax'],
    [
      'https://auth.example.com',
      { COOKIE_DOMAIN: 'example.com' },
      'gatehouse',
      'Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
    ],
    [
      'https://auth.example.com',
      { COOKIE_SAMESITE: 'none' },
      '__Host-gatehouse',
      'Path=/; HttpOnly; Secure; SameSite=None',
    ],
    ['http://localhost:8080', {}, 'gatehouse', 'Path=/; HttpOnly; SameSite=Lax'],
  ])('C-08 of %s %o is %s with %s', async (origin, env, name, scope) => {
    const { set, cleared } = await setCookies(origin, env)
    const [pair = '', maxAge, ...attributes] = set.split('; ')
    expect(pair).toMatch(new RegExp(`^${name}=[\\w-]{32}\\.[\\w-]{43}$`))
    expect(maxAge).toBe('Max-Age=25200')
    expect(attributes.join('; ')).toBe(scope)
    expect(cleared).toEqual([`${name}=; Max-Age=0; ${scope}`])
  })
})

test('C-09 after sign-out the cookie is refused at once, however well it was known', async () => {
  const { agent } = await site.signIn()
  const cookie = sessionOf(agent)
  expectPass(await ask(cookie))
  await agent.fetch(`${site.url}/auth/logout`)
  expect(sessionOf(agent)).toBe('')
  expectRefusal(await ask(cookie), 'session_expired')
  const shown = await rawRequest(site.gateway.origin, 'GET', '/auth/session', {
    Cookie: `gatehouse=${cookie}`,
  })
  expect([shown.status, JSON.parse(shown.body).code]).toEqual([401, 'session_expired'])
})

describe('C-10 the end of a session', () => {
  test('C-10 comes when it was idle for too long, and asking after it is no use of it', async () => {
    await using own = await startTestGateway({ env: { SESSION_IDLE_SEC: '600' } })
    const { agent } = await own.signIn()
    for (let minutes = 0; minutes < 30; minutes += 9) {
      own.clock.advance(9 * 60_000)
      expectPass(await own.validateAs(agent))
    }
    own.clock.advance(9 * 60_000)
    expect((await agent.fetch(`${own.url}/auth/session`)).status).toBe(200)
    own.clock.advance(60_001)
    expectRefusal(await own.validateAs(agent, { Accept: '*/*' }), 'session_expired')
    expectRefusal(await own.validateAs(agent, { Accept: '*/*' }), 'session_expired')
  })

  test('C-10 comes at its absolute limit, however busy it is', async () => {
    await using own = await startTestGateway({ env: { SESSION_MAX_AGE_SEC: '1800' } })
    const { agent } = await own.signIn()
    for (let minutes = 0; minutes < 29; minutes += 1) {
      own.clock.advance(60_000)
      expectPass(await own.validateAs(agent))
    }
    own.clock.advance(60_001)
    const cookie = agent.cookies.header(new URL(own.url))
    expectRefusal(await own.validate({ Cookie: cookie, Accept: '*/*' }), 'session_expired')
  })
})

test('C-12 no answer of the gateway is kept by a cache, and each depends on who asks', async () => {
  const { agent } = await site.signIn()
  const signedIn = { Cookie: agent.cookies.header(new URL(site.url)), Accept: '*/*' }
  const page = { Accept: 'text/html' }
  const json = { 'Content-Type': 'application/json' }
  const preflight = { Origin: site.url, 'Access-Control-Request-Method': 'POST' }
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    rawRequest(site.gateway.origin, method, path, headers, body)
  const answers: readonly (readonly [number, Promise<RawAnswer>])[] = [
    [200, site.validate(signedIn)],
    [302, site.validate()],
    [303, site.validate({ 'X-Forwarded-Method': 'POST' })],
    [401, site.validate({ Accept: '*/*' })],
    [401, site.validate({ ...page, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' })],
    [401, site.validate({ Accept: '*/*', Origin: site.url })],
    [400, site.validate({ 'X-Forwarded-Uri': '*' })],
    [403, site.validate({ 'X-Forwarded-Uri': '/auth/login' })],
    [302, ask('GET', '/auth/login')],
    [302, ask('GET', '/auth/login', signedIn)],
    [400, ask('GET', '/auth/login?return_to=//evil.example', page)],
    [204, ask('HEAD', '/auth/login')],
    [400, ask('GET', '/auth/callback')],
    [400, ask('GET', '/auth/callback?code=x&state=y', { Accept: 'application/json' })],
    [302, ask('GET', '/auth/', page)],
    [200, ask('GET', '/auth/', signedIn)],
    [200, ask('GET', '/auth/session', signedIn)],
    [401, ask('GET', '/auth/session')],
    [401, ask('GET', '/session', { Origin: site.url })],
    [401, ask('POST', '/auth/session/refresh')],
    [403, ask('POST', '/auth/session/refresh', { Origin: 'https://evil.example' })],
    [200, ask('GET', '/auth/login-url?redirect_uri=/page')],
    [400, ask('GET', '/auth/login-url')],
    [200, ask('GET', '/auth/logout', { ...signedIn, ...page })],
    [200, ask('GET', '/auth/logged-out')],
    [200, ask('POST', '/auth/logout', { Accept: '*/*' })],
    [303, ask('POST', '/auth/logout', page)],
    [400, ask('POST', '/auth/logout', json, '{')],
    [400, ask('POST', '/auth/backchannel-logout')],
    [204, ask('OPTIONS', '/auth/session', preflight)],
    [404, ask('GET', '/nothing', page)],
    [404, ask('DELETE', '/auth/session')],
    [400, ask('GET', '/%zz')],
    [200, ask('GET', '/health')],
  ]
  for (const [status, pending] of answers) {
    const answer = await pending
    const told = JSON.stringify(answer)
    expect(answer.status, told).toBe(status)
    expect(headerValues(answer, 'cache-control'), told).toEqual(['no-store'])
    const vary = headerValues(answer, 'vary').join(', ').split(/, */)
    expect(vary, told).toEqual(expect.arrayContaining(['Cookie', 'Authorization']))
  }
})

test.each([
  ['what is no HTTP', 400, 'nonsense\r\n\r\n'],
  ['a header with a space in its name', 400, 'GET /validate HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n'],
  [
    'headers that are too long',
    431,
    `GET /validate HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
  ],
])('C-12 nor is the refusal of %s', async (_name, status, bytes) => {
  const [head = '', body = ''] = (await socketExchange(site.gateway.origin, bytes)).split(
    '\r\n\r\n',
  )
  const lines = head.split('\r\n')
  expect(lines[0]).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(lines).toContain('cache-control: no-store')
  expect(JSON.parse(body)).toMatchObject({ status, code: 'bad_request' })
})

test('C-15 nothing that a request says gets into a Set-Cookie header', async () => {
  const hostile = encodeURIComponent('/page;Domain=evil.example,x=1\r\nSet-Cookie: x=1')
  const agent = new Agent()
  const headers = {
    'user-agent': 'x; Domain=evil.example',
    'x-request-id': 'a;b',
    'x-forwarded-host': 'evil.example',
  }
  const start = `${site.url}/auth/login?return_to=/page;Domain=evil.example&x=${hostile}`
  const begun = await agent.fetch(start, { headers })
  const ended = await agent.fetch(await callbackUrl(agent, start), { headers })
  const again = await agent.fetch(start, { headers })
  const out = await agent.fetch(`${site.url}/auth/logout?return_to=${hostile}`, { headers })
  const lines = [begun, ended, again, out].flatMap((answer) => answer.headers.getSetCookie())
  expect(lines.length).toBeGreaterThanOrEqual(4)
  for (const line of lines) {
    expect(line).toMatch(/^gatehouse[\w-]*=[\w.-]*; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)
  }
})

describe('C-17 a change of the session secret', () => {
  test('C-17 the old one verifies while it is listed, and no longer', async () => {
    await using database = await databaseFile()
    await using own = await startTestGateway({ env: { STORE_URL: database.url } })
    const { agent } = await own.signIn()
    const Cookie = agent.cookies.header(new URL(own.url))
    const { session } = own.settings
    const secrets = [otherSecret, ...session.secrets] as const
    await using both = await startReplica(own, { session: { ...session, secrets } })
    expectPass(await both.validate({ Cookie }), { 'x-username': 'alice' })
    await using only = await startReplica(own, {
      session: { ...session, secrets: [otherSecret] },
    })
    expectRefusal(await only.validate({ Cookie, Accept: '*/*' }), 'unauthenticated')
  })
})
