import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'

const program = { accept: 'application/json' }

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

interface SessionJson {
  readonly expires_at: string
  readonly seconds_remaining: number
  readonly session_expires_at: number
}

const session = async (agent: Agent, { url } = site) =>
  agent.fetch(`${url}/auth/session`, { headers: program })

const renew = (agent: Agent, { url } = site) =>
  agent.fetch(`${url}/auth/session/refresh`, { method: 'POST', headers: program })

describe('GET /auth/session', () => {
  test('says who it is and when the session ends, in these words and no others', async () => {
    const { agent } = await site.signIn()
    const before = Math.floor(site.clock.now() / 1_000)
    const answer = await agent.fetch(`${site.url}/auth/session`, {
      headers: { ...program, 'x-request-id': 'mine' },
    })
    expect(answer.status).toBe(200)
    const body = answer.json() as SessionJson
    expect(body).toEqual({
      user_id: demoUsers[0]?.id,
      username: 'alice',
      email: 'alice@example.com',
      name: 'Alice Archer',
      roles: ['admin', 'user'],
      groups: ['/engineering', '/ops'],
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      seconds_remaining: expect.any(Number),
      session_expires_at: expect.any(Number),
      auth_enabled: true,
      provider: 'default',
      account_kind: 'local',
      account_label: 'Local',
      request_id: 'mine',
    })
    // The three of them say the same moment.
    expect(Date.parse(body.expires_at)).toBe(body.session_expires_at * 1_000)
    const left = body.session_expires_at - before
    expect(left).toBeGreaterThanOrEqual(25_198)
    expect(left).toBeLessThanOrEqual(25_200)
    expect(left - body.seconds_remaining).toBeLessThanOrEqual(1)
  })

  test('counts down', async () => {
    const { agent } = await site.signIn()
    const first = (await session(agent)).json() as SessionJson
    site.clock.advance(100_000)
    const second = (await session(agent)).json() as SessionJson
    expect(second.session_expires_at).toBe(first.session_expires_at)
    expect(first.seconds_remaining - second.seconds_remaining).toBeGreaterThanOrEqual(100)
  })

  test('is 401 without a session, with a bad cookie, and after the end', async () => {
    const agent = new Agent()
    const answer = await session(agent)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="gatehouse"')
    expect(answer.json()).toEqual({
      status: 401,
      title: 'Sign in to continue',
      code: 'unauthenticated',
      error: 'unauthorized',
      message: 'Sign in at login_url, or send a credential.',
      login_url: `${site.url}/auth/login`,
      request_id: answer.headers.get('x-request-id'),
    })
    agent.cookies.set(site.url, 'gatehouse', 'x')
    expect((await session(agent)).json()).toMatchObject({ code: 'unauthenticated' })

    const { agent: ended } = await site.signIn()
    site.clock.advance(25_200_000)
    const over = await session(ended)
    expect([over.status, over.json()]).toMatchObject([401, { code: 'session_expired' }])
    const page = await ended.fetch(`${site.url}/auth/session`)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      401,
      'text/html; charset=utf-8',
    ])
  })

  test('sets no cookie, and HEAD has no body', async () => {
    const { agent } = await site.signIn()
    const answer = await session(agent)
    expect(answer.headers.getSetCookie()).toEqual([])
    const head = await rawRequest(site.gateway.origin, 'HEAD', '/auth/session', {
      Cookie: agent.cookies.header(new URL(site.url)),
      Accept: 'application/json',
    })
    expect([head.status, head.body]).toEqual([200, ''])
  })
})

describe('POST /auth/session/refresh', () => {
  const redeemed = () => site.idp.requests.filter(({ path }) => path === '/token').length

  test('renews the tokens now, and answers like /auth/session', async () => {
    const { agent } = await site.signIn()
    const before = redeemed()
    const answer = await renew(agent)
    expect([answer.status, redeemed()]).toEqual([200, before + 1])
    const {
      seconds_remaining: _,
      request_id: __,
      ...body
    } = answer.json() as Record<string, unknown>
    expect((await session(agent)).json()).toMatchObject(body)
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('takes over what changed at the provider', async () => {
    const [alice] = demoUsers as [User]
    const users = [alice]
    await using own = await startTestGateway({ idp: { users, ttl: { idToken: 36_000 } } })
    const { agent } = await own.signIn()
    users[0] = { ...alice, groups: ['/new'] }
    expect((await renew(agent, own)).json()).toMatchObject({ groups: ['/new'] })
    expect((await own.validateAs(agent)).headers['x-user-groups']).toBe('/new')
  })

  test('is 401 without a session, and asks nobody', async () => {
    const before = redeemed()
    const answer = await renew(new Agent())
    expect([answer.status, answer.json()]).toMatchObject([401, { code: 'unauthenticated' }])
    expect(redeemed()).toBe(before)
  })

  test('without a refresh token it leaves the session as it is', async () => {
    await using own = await startTestGateway({
      idp: { alter: (_path, { refresh_token: _, ...body }) => body },
    })
    const { agent } = await own.signIn()
    const answer = await renew(agent, own)
    expect([answer.status, answer.json()]).toMatchObject([200, { username: 'alice' }])
    expect(own.idp.requests.filter(({ path }) => path === '/token')).toHaveLength(1)
  })
})

describe('AUTH_ENABLED=false', () => {
  test('everyone is nobody, and needs no provider', async () => {
    await using open = await startTestGateway({ env: { AUTH_ENABLED: 'false' } })
    const passed = await open.validate()
    expect(passed.status).toBe(200)
    expect(passed.headers).toMatchObject({ 'x-auth-kind': 'anonymous', 'x-user-id': '' })
    const answer = await session(new Agent(), open)
    expect(answer.json()).toEqual({
      user_id: 'anonymous',
      username: 'anonymous',
      email: 'anonymous@local',
      name: 'Anonymous',
      roles: [],
      groups: [],
      auth_enabled: false,
      request_id: answer.headers.get('x-request-id'),
    })
  })

  test('hosts the gateway does not answer for, and its own routes, are refused all the same', async () => {
    await using open = await startTestGateway({ env: { AUTH_ENABLED: 'false' } })
    const host = await open.validate({ 'X-Forwarded-Host': 'other.example', ...program })
    expect([host.status, JSON.parse(host.body).code]).toEqual([403, 'unknown_host'])
    const own = await open.validate({ 'X-Forwarded-Uri': '/auth/login', ...program })
    expect([own.status, JSON.parse(own.body).code]).toEqual([403, 'own_route'])
  })
})
