import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { accessToken, audience, validateWith } from '../support/access-token.ts'
import { Agent } from '../support/agent.ts'
import { callbackUrl } from '../support/callback-url.ts'
import { databaseFile } from '../support/database-file.ts'
import { type EventFeed, type FeedEvent, openFeed } from '../support/event-feed.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'
import { startReplica } from '../support/replica.ts'

const token = '9vR2xQ7-tLwK4mZpB8sYcJ0fHgDeN5aUoT1iXqV3nEk'
const newToken = 'q1W8-eR5tYzU2iOpL7kJhGfDs4AaXcV9bNm0MnBvCxY'
const env = { ADMIN_TOKEN: `${token},${newToken}` }
const program = { accept: 'application/json' }
const [alice, lukasz] = demoUsers as [User, User]

let site: TestGateway
beforeAll(async () => {
  site = await startTestGateway({ env })
})
afterAll(() => site[Symbol.asyncDispose]())

/** A feed that has told what every feed begins with. */
async function begunFeed({ gateway }: Pick<TestGateway, 'gateway'> = site): Promise<EventFeed> {
  const feed = await openFeed(gateway.opsOrigin, token)
  expect(await feed.next()).toMatchObject({ event: 'resync' })
  return feed
}

/** The next end; a slow machine may have missed a heartbeat of the store, and says resync. */
async function nextEnd(feed: EventFeed): Promise<FeedEvent | undefined> {
  const told = await feed.next()
  return told?.event === 'resync' ? nextEnd(feed) : told
}

/** Signs in while the browser holds the session cookie of another; the sign-in began before it did. */
async function signInOver(held: Agent, user: User, on = site): Promise<Agent> {
  const agent = new Agent()
  const callback = await callbackUrl(agent, `${on.url}/auth/login`, user)
  agent.cookies.set(on.url, 'gatehouse', held.cookies.get(on.url, 'gatehouse') ?? '')
  await agent.fetch(callback)
  return agent
}

async function sessionIdOf(agent: Agent, on = site): Promise<string> {
  const { headers } = await on.validateAs(agent)
  return headers['x-session-id'] ?? ''
}

describe('C-09 the feed tells of a session that ends', () => {
  test('C-09 by signing out, with who it was of as apps know them', async () => {
    using feed = await begunFeed()
    const { agent } = await site.signIn()
    const session_id = await sessionIdOf(agent)
    await agent.fetch(`${site.url}/auth/logout`)
    const told = await nextEnd(feed)
    expect(told).toMatchObject({
      event: 'session_ended',
      data: { session_id, user_id: alice.id, provider: 'default' },
    })
    expect(Object.keys(told?.data ?? {})).toEqual(['session_id', 'user_id', 'provider', 'at'])
    expect(new Date(told?.data.at ?? '').toISOString()).toBe(told?.data.at)
  })

  test('C-09 on the account page', async () => {
    using feed = await begunFeed()
    const { agent } = await site.signIn()
    const { agent: other } = await site.signIn()
    const id = await sessionIdOf(other)
    await agent.fetch(`${site.url}/auth/sessions/end`, { form: { id } })
    expect((await nextEnd(feed))?.data.session_id).toBe(id)
  })

  test('C-09 by a refused refresh', async () => {
    using feed = await begunFeed()
    const { agent } = await site.signIn()
    const id = await sessionIdOf(agent)
    site.idp.intercept = ({ url }, response) => {
      if (url !== '/token') return 'pass'
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end('{"error":"invalid_grant"}')
      return 'handled'
    }
    await agent.fetch(`${site.url}/auth/session/refresh`, { method: 'POST', headers: program })
    site.idp.intercept = undefined
    expect((await nextEnd(feed))?.data.session_id).toBe(id)
  })

  test('C-09 by another sign-in of the same browser', async () => {
    using feed = await begunFeed()
    const { agent } = await site.signIn()
    const id = await sessionIdOf(agent)
    await signInOver(agent, lukasz)
    expect((await nextEnd(feed))?.data.session_id).toBe(id)
  })

  test('C-09 by its idle limit, when a request finds it', async () => {
    await using idle = await startTestGateway({ env: { ...env, SESSION_IDLE_SEC: '600' } })
    const { agent } = await idle.signIn()
    const id = await sessionIdOf(agent, idle)
    idle.clock.advance(600_000)
    using feed = await openFeed(idle.gateway.opsOrigin, token)
    expect((await idle.validateAs(agent, program)).status).toBe(401)
    expect((await nextEnd(feed))?.data.session_id).toBe(id)
  })
})

describe('the feed, for who was away', () => {
  test('goes on after Last-Event-ID', async () => {
    const { agent: first } = await site.signIn()
    const { agent: second } = await site.signIn()
    const ids = [await sessionIdOf(first), await sessionIdOf(second)]
    const feed = await begunFeed()
    await first.fetch(`${site.url}/auth/logout`)
    const told = await nextEnd(feed)
    expect(told?.data.session_id).toBe(ids[0])
    feed[Symbol.dispose]()

    await second.fetch(`${site.url}/auth/logout`)
    using again = await openFeed(site.gateway.opsOrigin, token, told?.id)
    expect(await again.next()).toMatchObject({
      event: 'session_ended',
      data: { session_id: ids[1] },
    })
  })

  test('O-11 says resync where that is not known', async () => {
    for (const id of [undefined, '', 'x', 'AAAAAAAAAAAA-0']) {
      using feed = await openFeed(site.gateway.opsOrigin, token, id)
      expect(await feed.next()).toMatchObject({ event: 'resync' })
    }
  })

  test('O-11 says resync when changes were not heard for a while', async () => {
    using feed = await begunFeed()
    site.clock.advance(900)
    expect(await feed.next()).toMatchObject({ event: 'resync' })
  })

  test('O-11 a session that ends on another replica is told, or that any may have', async () => {
    await using database = await databaseFile()
    await using first = await startTestGateway({ env: { ...env, STORE_URL: database.url } })
    await using second = await startReplica(first)
    const { agent } = await first.signIn()
    const id = await sessionIdOf(agent, first)
    using here = await openFeed(first.gateway.opsOrigin, token)
    using there = await openFeed(second.opsOrigin, token)
    const before = new Date(first.clock.now()).toISOString()
    await agent.fetch(`${first.url}/auth/logout`)
    expect((await nextEnd(here))?.data.session_id).toBe(id)
    // SQLite tells another process that something has changed, and not what.
    let told = await there.next()
    while (told && (told.data.at ?? '') < before) told = await there.next()
    expect(told).toMatchObject({ event: 'resync' })
  })
})

describe('G-07 who may read the feed', () => {
  const ask = (headers: Record<string, string>, method = 'GET', path = '/events') =>
    rawRequest(site.gateway.opsOrigin, method, path, headers)

  test('G-07 each of the tokens opens it', async () => {
    for (const one of [token, newToken]) {
      using feed = await openFeed(site.gateway.opsOrigin, one)
      expect(feed.headers).toMatchObject({
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
      })
    }
  })

  test('G-07 nobody else: 401, which says nothing of the token', async () => {
    const from = site.log.length
    const none = await ask({})
    expect(none.status).toBe(401)
    expect(none.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'www-authenticate': 'Bearer realm="gatehouse operators"',
    })
    expect(JSON.parse(none.body)).toMatchObject({ status: 401, code: 'unauthenticated' })

    const { agent } = await site.signIn()
    for (const headers of [
      { authorization: `Bearer ${token}x` },
      { authorization: `Basic ${token}` },
      { authorization: `Bearer ${token},${newToken}` },
    ]) {
      const bad = await ask({ ...headers, cookie: agent.cookies.header(new URL(site.url)) })
      expect(JSON.parse(bad.body)).toMatchObject({ status: 401, code: 'invalid_token' })
      expect(bad.headers['www-authenticate']).toContain('error="invalid_token"')
    }
    expect((await ask({}, 'GET', `/events?access_token=${token}&token=${token}`)).status).toBe(401)
    expect(site.log.slice(from)).toContainEqual(
      expect.objectContaining({ audit: true, event: 'feed_refused', code: 'invalid_token' }),
    )
    expect(JSON.stringify(site.log)).not.toContain(token)
  })

  test('G-07 by no other method, and nowhere else', async () => {
    const headers = { authorization: `Bearer ${token}` }
    for (const method of ['HEAD', 'POST', 'DELETE', 'OPTIONS'])
      expect((await ask(headers, method)).status, method).toBe(404)
    for (const path of ['/events', '/auth/events', '/api/events'])
      expect((await rawRequest(site.gateway.origin, 'GET', path, headers)).status).toBe(404)
  })

  test('G-07 without ADMIN_TOKEN there is none', async () => {
    await using plain = await startReplica(site, { adminTokens: [] })
    for (const headers of [{}, { authorization: `Bearer ${token}` }, { authorization: 'Bearer ' }])
      expect((await rawRequest(plain.opsOrigin, 'GET', '/events', headers)).status).toBe(404)
  })

  test('D-12 the hundred-and-first reader waits', async () => {
    await using own = await startReplica(site)
    await using stack = new AsyncDisposableStack()
    for (let i = 0; i < 100; i += 1) stack.use(await openFeed(own.opsOrigin, token))
    const headers = { authorization: `Bearer ${token}` }
    const late = await rawRequest(own.opsOrigin, 'GET', '/events', headers)
    expect([late.status, late.headers['retry-after']]).toEqual([429, '5'])
    expect(JSON.parse(late.body)).toMatchObject({ code: 'quota_exceeded' })
  })
})

test('the feed ends with the process, and does not hold it up', async () => {
  const own = await startTestGateway({ env })
  using feed = await begunFeed(own)
  await own[Symbol.asyncDispose]()
  expect(await feed.next()).toBeUndefined()
})

test('X-Connection-Ends says when the session ends, as known now', async () => {
  const file = () => 'headers: { X-Connection-Ends: expires_at }'
  await using own = await startTestGateway({ file, env: { SESSION_MAX_AGE_SEC: '1000' } })
  const signedInAt = Math.floor(own.clock.now() / 1_000)
  const { agent } = await own.signIn()
  const handshake = { 'Sec-WebSocket-Key': 'x', Origin: own.url }
  const end = Number((await own.validateAs(agent, handshake)).headers['x-connection-ends'])
  expect(end).toBeGreaterThanOrEqual(signedInAt + 1_000)
  expect(end).toBeLessThanOrEqual(Math.floor(own.clock.now() / 1_000) + 1_000)
  own.clock.advance(30_000)
  const later = await own.validateAs(agent, handshake)
  expect(later.headers['x-connection-ends']).toBe(String(end))

  // The same person signs in again in this browser: the former session has 30 seconds.
  await signInOver(agent, alice, own)
  const shortened = Number((await own.validateAs(agent, handshake)).headers['x-connection-ends'])
  expect(shortened).toBeLessThanOrEqual(Math.floor(own.clock.now() / 1_000) + 30)
  expect(shortened).toBeLessThan(end)
})

test('X-Connection-Ends is the end of a token, for people and services, and of nobody it is empty', async () => {
  await using own = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience },
    file: () => `
headers: { X-Connection-Ends: expires_at }
rules: [{ access: optional, match: { paths: [/open] } }, { access: any }]`,
  })
  const exp = Math.floor(own.clock.now() / 1_000) + 123
  for (const claims of [
    {},
    { sub: 'job', client_id: 'job', azp: 'job', gty: 'client-credentials' },
  ]) {
    const answer = await validateWith(own, await accessToken(own, { ...claims, exp }))
    expect(answer.headers['x-connection-ends']).toBe(String(exp))
  }
  const nobody = await own.validate({ 'X-Forwarded-Uri': '/open', 'X-Connection-Ends': '1' })
  expect([nobody.status, nobody.headers['x-connection-ends']]).toEqual([200, ''])
})
