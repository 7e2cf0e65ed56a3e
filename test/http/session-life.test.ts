import { describe, expect, test } from 'vitest'
import type { Agent } from '../support/agent.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'

const program = { accept: 'application/json' }

/** Seconds after sign-in at which the session JSON says the session ends. */
async function endSec(site: TestGateway, agent: Agent): Promise<number> {
  const answer = await agent.fetch(`${site.url}/auth/session`, { headers: program })
  return (answer.json() as { seconds_remaining: number }).seconds_remaining
}

/** Signs in, and sees the session pass until its end and not after it. */
async function endsAfter(seconds: number, options: TestGatewayOptions): Promise<void> {
  await using site = await startTestGateway(options)
  const { agent } = await site.signIn()
  const left = await endSec(site, agent)
  expect(left).toBeGreaterThan(seconds - 5)
  expect(left).toBeLessThanOrEqual(seconds)
  site.clock.advance((seconds - 10) * 1_000)
  expect((await site.validateAs(agent)).status).toBe(200)
  site.clock.advance(10_000)
  const over = await site.validateAs(agent, program)
  expect([over.status, JSON.parse(over.body).code]).toEqual([401, 'session_expired'])
  expect((await site.validateAs(agent)).status).toBe(302)
}

const withoutRefreshToken: NonNullable<TestGatewayOptions['idp']> = {
  alter: (_path, { refresh_token: _, ...body }) => body,
}

const withTimes = (times: object): NonNullable<TestGatewayOptions['idp']> => ({
  alter: (path, body) => (path === '/token' ? { ...body, ...times } : body),
})

describe('a session ends', () => {
  test('after SESSION_MAX_AGE_SEC, seven hours by default', async () => {
    await endsAfter(25_200, {})
    await endsAfter(1_000, { env: { SESSION_MAX_AGE_SEC: '1000' } })
  })

  test('with its refresh token', async () => {
    await endsAfter(1_800, { idp: withTimes({ refresh_expires_in: 1_800, expires_in: 3_600 }) })
  })

  test('with its access token, where there is no refresh token', async () => {
    await endsAfter(300, { idp: withoutRefreshToken })
  })

  test('after SESSION_MAX_AGE_SEC, where there is no refresh token and that is enough', async () => {
    await endsAfter(7_200, {
      env: { SESSION_WITHOUT_REFRESH: 'max_age', SESSION_MAX_AGE_SEC: '7200' },
      idp: withoutRefreshToken,
    })
  })

  test('after SESSION_MAX_AGE_SEC, where the provider says no time at all', async () => {
    await endsAfter(25_200, {
      idp: { alter: (_path, { refresh_token: _, expires_in: __, ...body }) => body },
    })
  })

  test('with the new refresh token after a refresh, and never after its absolute limit', async () => {
    await using site = await startTestGateway({
      env: { SESSION_MAX_AGE_SEC: '4000' },
      idp: withTimes({ refresh_expires_in: 1_800 }),
    })
    const { agent } = await site.signIn()
    expect(await endSec(site, agent)).toBeLessThanOrEqual(1_800)
    for (let round = 0; round < 3; round += 1) {
      site.clock.advance(1_000_000)
      expect((await site.validateAs(agent)).status).toBe(200)
    }
    const left = await endSec(site, agent)
    expect(left).toBeGreaterThan(990)
    expect(left).toBeLessThanOrEqual(1_000)
    site.clock.advance(1_000_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })

  test('after SESSION_IDLE_SEC without a request, and says so', async () => {
    await using site = await startTestGateway({ env: { SESSION_IDLE_SEC: '600' } })
    const { agent } = await site.signIn()
    for (let round = 0; round < 5; round += 1) {
      site.clock.advance(590_000)
      expect((await site.validateAs(agent)).status).toBe(200)
      const left = await endSec(site, agent)
      expect(left).toBeGreaterThan(590)
      expect(left).toBeLessThanOrEqual(600)
    }
    // Looking at the session is no use of it.
    site.clock.advance(590_000)
    expect(await endSec(site, agent)).toBeLessThanOrEqual(10)
    site.clock.advance(10_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })
})

test('the session cookie has the name it is told', async () => {
  await using site = await startTestGateway({ env: { SESSION_COOKIE_NAME: 'door' } })
  const { agent } = await site.signIn()
  expect(agent.cookies.names(site.url)).toContain('door')
  expect((await site.validateAs(agent)).status).toBe(200)
})
