import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { demoUsers } from '../../../demo/idp/users.ts'
import type { Agent } from '../../support/agent.ts'
import { arrivals } from '../../support/arrivals.ts'
import { databaseFile } from '../../support/database-file.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { hold } from '../../support/hold.ts'
import { startReplica } from '../../support/replica.ts'
import { signToken } from '../../support/sign-token.ts'

let site: TestGateway
let agent: Agent

beforeEach(async () => {
  site = await startTestGateway()
  agent = (await site.signIn()).agent
})
afterEach(() => site[Symbol.asyncDispose]())

const tokenRequests = () => site.idp.requests.filter(({ path }) => path === '/token').length
const program = { Accept: 'application/json' }

/** The access token is over; it lives for 300 seconds. */
const pastAccessToken = () => site.clock.advance(301_000)
/** A refresh is due, while the access token still lives. */
const pastDue = () => site.clock.advance(250_000)

/** The token endpoint answers so from now on. */
function tokenEndpoint(status: number, body: string, type = 'application/json') {
  site.idp.intercept = ({ url }, response) => {
    if (url !== '/token') return 'pass'
    response.writeHead(status, { 'content-type': type }).end(body)
    return 'handled'
  }
}

const codeOf = (answer: { status: number; body: string }) => [
  answer.status,
  answer.body === '' ? '' : JSON.parse(answer.body).code,
]

describe('F-04 a refresh that fails', () => {
  test.each([
    ['500', 500, '', 'application/json'],
    ['503', 503, '', 'application/json'],
    ['429', 429, '', 'application/json'],
    ['HTML', 200, '<h1>Hello</h1>', 'text/html'],
    ['nothing in it', 200, '{}', 'application/json'],
    ['temporarily_unavailable', 400, '{"error":"temporarily_unavailable"}', 'application/json'],
    ['invalid_client', 401, '{"error":"invalid_client"}', 'application/json'],
    ['unauthorized_client', 400, '{"error":"unauthorized_client"}', 'application/json'],
  ])(
    'F-04 with %s keeps the session until SESSION_STALE_SEC, then it is 503',
    async (_name, ...answer) => {
      tokenEndpoint(...answer)
      pastAccessToken()
      expect((await site.validateAs(agent)).status).toBe(200)
      site.clock.advance(3_590_000)
      expect((await site.validateAs(agent)).headers['x-username']).toBe('alice')

      site.clock.advance(10_000)
      const refused = await site.validateAs(agent, program)
      expect(codeOf(refused)).toEqual([503, 'idp_unavailable'])
      expect(refused.headers['retry-after']).toBe('5')
      expect(refused.headers).not.toHaveProperty('x-username')
      const page = await site.validateAs(agent)
      expect([page.status, page.headers['content-type']]).toEqual([503, 'text/html; charset=utf-8'])
      expect(page.headers).not.toHaveProperty('location')
      expect(page.headers).not.toHaveProperty('set-cookie')

      site.idp.intercept = undefined
      site.clock.advance(2_000)
      expect((await site.validateAs(agent)).status).toBe(200)
    },
  )

  test('F-04 with no answer at all lets the request pass after two seconds', async () => {
    const held = hold(site.idp, '/token')
    pastAccessToken()
    const answer = await site.validateAs(agent)
    expect([answer.status, answer.headers['x-username']]).toEqual([200, 'alice'])
    expect(held.count()).toBe(1)
    held.release()
  })

  test('F-04 with invalid_grant ends the session, everywhere', async () => {
    tokenEndpoint(400, '{"error":"invalid_grant"}')
    pastAccessToken()
    expect(codeOf(await site.validateAs(agent, program))).toEqual([401, 'session_expired'])
    site.idp.intercept = undefined
    expect(codeOf(await site.validateAs(agent, program))).toEqual([401, 'session_expired'])
    expect((await site.validateAs(agent)).status).toBe(302)
    expect(site.log).toContainEqual(
      expect.objectContaining({ event: 'refresh_failed', fatal: true, reason: 'invalid_grant' }),
    )
  })

  test('F-04 with invalid_grant in the background ends it too', async () => {
    tokenEndpoint(400, '{"error":"invalid_grant"}')
    pastDue()
    expect((await site.validateAs(agent)).status).toBe(200)
    await expect.poll(() => site.log.some(({ event }) => event === 'refresh_failed')).toBe(true)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })

  test('F-04 F-16 the provider that fails is asked again after two seconds, not before', async () => {
    tokenEndpoint(503, '')
    pastAccessToken()
    for (let index = 0; index < 20; index += 1) await site.validateAs(agent)
    expect(tokenRequests()).toBe(2)
    site.idp.intercept = undefined
    site.clock.advance(2_000)
    expect((await site.validateAs(agent)).status).toBe(200)
    expect(tokenRequests()).toBe(3)
    expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(1)
  })
})

describe('F-05 500 requests when a refresh is due', () => {
  const burst = () => Promise.all(Array.from({ length: 500 }, () => site.validateAs(agent)))

  test('F-05 past the end of the access token: one redemption, all pass', async () => {
    pastAccessToken()
    const answers = await burst()
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(tokenRequests()).toBe(2)
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('F-05 while the provider takes its time: one redemption, all pass', async () => {
    const held = hold(site.idp, '/token')
    pastAccessToken()
    const waiting = arrivals('/validate', 500)
    const passing = burst()
    await waiting
    await held.arrived
    held.release()
    const answers = await passing
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(tokenRequests()).toBe(2)
    expect(held.count()).toBe(1)
  })

  test('F-05 before the end of the access token nobody waits for it', async () => {
    const held = hold(site.idp, '/token')
    pastDue()
    const answers = await burst()
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    await held.arrived
    expect(held.count()).toBe(1)
    held.release()
    await expect.poll(() => site.log.filter(({ event }) => event === 'refresh').length).toBe(1)
    expect((await site.validateAs(agent)).status).toBe(200)
    expect(tokenRequests()).toBe(2)
  })

  test('F-05 ten refreshes in a row redeem ten tokens, each once', async () => {
    for (let round = 0; round < 10; round += 1) {
      pastAccessToken()
      const answers = await Promise.all(Array.from({ length: 10 }, () => site.validateAs(agent)))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    }
    expect(tokenRequests()).toBe(11)
  })

  test('F-05 POST /auth/session/refresh joins the flight', async () => {
    const held = hold(site.idp, '/token')
    pastAccessToken()
    const waiting = Promise.all([
      arrivals('/auth/session/refresh', 5),
      arrivals('/validate', 5),
      held.arrived,
    ])
    const asked = Array.from({ length: 5 }, () =>
      agent.fetch(`${site.url}/auth/session/refresh`, {
        method: 'POST',
        headers: { accept: 'application/json' },
      }),
    )
    const others = Array.from({ length: 5 }, () => site.validateAs(agent))
    await waiting
    held.release()
    const answers = await Promise.all([...asked, ...others])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(tokenRequests()).toBe(2)
  })
})

describe('F-06 two replicas when a refresh is due', () => {
  test('F-06 redeem the refresh token once, and all requests pass', async () => {
    await using file = await databaseFile()
    await using first = await startTestGateway({ env: { STORE_URL: file.url } })
    await using second = await startReplica(first)
    const { agent: browser } = await first.signIn()
    const held = hold(first.idp, '/token')
    first.clock.advance(301_000)
    const waiting = Promise.all([arrivals('/validate', 200), held.arrived])
    const burst = Array.from({ length: 200 }, (_, index) =>
      (index % 2 === 0 ? first : second).validateAs(browser),
    )
    await waiting
    held.release()
    const answers = await Promise.all(burst)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(held.count()).toBe(1)
    expect((await first.validateAs(browser)).status).toBe(200)
    expect((await second.validateAs(browser)).status).toBe(200)
    expect(first.idp.requests.filter(({ path }) => path === '/token')).toHaveLength(2)
  })
})

describe('F-08 what a refresh answers', () => {
  test('F-08 without a refresh token keeps the old one', async () => {
    await using keeping = await startTestGateway({
      idp: { rotateRefreshTokens: false, ttl: { idToken: 36_000 } },
    })
    const { agent: browser } = await keeping.signIn()
    keeping.idp.alter = (_path, { refresh_token: _, ...body }) => body
    for (let round = 0; round < 3; round += 1) {
      keeping.clock.advance(301_000)
      expect((await keeping.validateAs(browser)).status).toBe(200)
    }
    expect(keeping.log.filter(({ event }) => event === 'refresh')).toHaveLength(3)
  })

  test('F-08 without an id token keeps who it is', async () => {
    site.idp.alter = (_path, { id_token: _, ...body }) => body
    pastAccessToken()
    const answer = await site.validateAs(agent)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'x-username': 'alice',
      'x-user-roles': 'admin,user',
      'x-user-groups': '/engineering,/ops',
    })
    expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(1)
  })

  test('F-08 with an id token of another sub ends the session', async () => {
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            id_token: await signToken(site.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              sub: demoUsers[1]?.id ?? '',
            }),
          }
        : body
    pastAccessToken()
    const refused = await site.validateAs(agent, program)
    expect(codeOf(refused)).toEqual([401, 'session_expired'])
    site.idp.alter = undefined
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })

  test('F-08 with a JWT access token of another sub ends the session', async () => {
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            access_token: await signToken(site.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              sub: demoUsers[1]?.id ?? '',
            }),
          }
        : body
    pastAccessToken()
    expect(codeOf(await site.validateAs(agent, program))).toEqual([401, 'session_expired'])
  })

  test('F-08 roles that were taken away are gone, and new ones there', async () => {
    const claims = { roles: ['reader'], groups: [], realm_access: { roles: [] } }
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            id_token: await signToken(site.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              ...claims,
            }),
          }
        : body
    pastAccessToken()
    const { headers } = await site.validateAs(agent)
    expect(headers).toMatchObject({ 'x-user-roles': 'reader', 'x-user-groups': '' })
  })

  test('F-08 with an id token that cannot be trusted keeps the session, and the last claims', async () => {
    site.idp.alter = (path, body) =>
      path === '/token' ? { ...body, id_token: `${String(body.id_token).slice(0, -4)}AAAA` } : body
    pastAccessToken()
    const answer = await site.validateAs(agent)
    expect([answer.status, answer.headers['x-user-roles']]).toEqual([200, 'admin,user'])
  })
})
