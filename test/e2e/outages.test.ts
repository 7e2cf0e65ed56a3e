import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Agent } from '../support/agent.ts'
import { docker, isHealthy, logs } from './support/docker.ts'
import { exchange } from './support/exchange.ts'
import { administer, signedIn } from './support/keycloak.ts'
import { validateAt } from './support/replica.ts'
import { app, auth, container, keycloak } from './support/stack.ts'
import { until } from './support/until.ts'

const restarted = (name: string) =>
  until(`${name} is healthy again`, () => isHealthy(name), 120_000)

/** What the whole chain answers an agent who opens the app. */
const openApp = (agent: Agent) => agent.fetch(app)

describe('while Keycloak is down', () => {
  let agent: Agent
  beforeAll(async () => {
    await administer('PUT', '', { accessTokenLifespan: 6 })
    agent = await signedIn('anna', app)
    // Stopped and not killed: killed, its database forgets the sign-in of a moment ago, and it then
    // rightly refuses the refresh.
    await docker('stop', container('keycloak'))
  })
  afterAll(async () => {
    await docker('start', container('keycloak'))
    await restarted(container('keycloak'))
    await administer('PUT', '', { accessTokenLifespan: 300 })
  })
  const login = async () => {
    const returnTo = new URLSearchParams({ return_to: app })
    return new Agent().fetch(`${auth}/auth/login?${returnTo}`)
  }

  it('F-02 F-04 nobody is signed out, though refreshes fail', async () => {
    const statuses = new Set<number>()
    await until('a refresh fails', async () => {
      statuses.add((await openApp(agent)).status)
      const lines = await Promise.all([1, 2].map((n) => logs(container('gatehouse', n))))
      return lines.some((text) => text.includes('"event":"refresh_failed","fatal":false'))
    })
    statuses.add((await openApp(agent)).status)
    expect(statuses).toEqual(new Set([200]))
  })

  it('F-03 sign-in is 503 with a time to try again', async () => {
    const answer = await login()
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('F-03 a gateway that starts meanwhile gets healthy and knows the sessions', async () => {
    await docker('restart', container('gatehouse', 1), container('gatehouse', 2))
    await Promise.all([1, 2].map((number) => restarted(container('gatehouse', number))))
    expect((await openApp(agent)).status).toBe(200)
    expect((await login()).status).toBe(503)
  })

  it('F-16 afterwards everything goes on without a restart', async () => {
    await docker('start', container('keycloak'))
    await restarted(container('keycloak'))
    expect((await openApp(agent)).status).toBe(200)
    // Five failures in a row, five seconds apart, have opened the breaker of the metadata: up to a
    // minute passes until it is asked again.
    await until('somebody can sign in', () => signedIn('bob', app), 90_000)
  })
})

describe('a gateway killed', () => {
  it('F-07 and started again signs nobody out', async () => {
    const agent = await signedIn('bob', app)
    for (const number of [1, 2]) {
      await docker('kill', '--signal', 'KILL', container('gatehouse', number))
    }
    const down = await openApp(agent)
    expect(down.status).toBeGreaterThanOrEqual(500)
    for (const number of [1, 2]) await docker('start', container('gatehouse', number))
    await Promise.all([1, 2].map((number) => restarted(container('gatehouse', number))))
    expect((await validateAt(0, agent)).status).toBe(200)
    expect((await validateAt(1, agent)).status).toBe(200)
    expect((await openApp(agent)).status).toBe(200)
  })

  it('one of two replicas is enough', async () => {
    const agent = await signedIn('bob', app)
    await docker('kill', '--signal', 'KILL', container('gatehouse', 1))
    await until('the other answers', async () => (await openApp(agent)).status === 200)
    await docker('start', container('gatehouse', 1))
    await restarted(container('gatehouse', 1))
  })
})

describe('Valkey down', () => {
  afterEach(async () => {
    await docker('start', container('valkey'))
    await restarted(container('valkey'))
  })

  it('F-10 F-16 is 503, keeps the cookie, and the session is there again afterwards', async () => {
    const agent = await signedIn('anna', app)
    const cookie = agent.cookies.get(app, 'gatehouse')
    await docker('kill', container('valkey'))

    const refused = await until('nobody trusts their memory', async () => {
      const answer = await openApp(agent)
      return answer.status !== 200 && answer
    })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused.headers.get('location')).toBeNull()
    expect(refused.headers.getSetCookie()).toEqual([])
    const api = await exchange(`${app}/data`, {
      headers: { accept: 'application/json', cookie: agent.cookies.header(new URL(app)) },
    })
    expect(api.status).toBe(503)
    expect(JSON.parse(api.body)).toMatchObject({ code: 'store_unavailable' })

    await docker('start', container('valkey'))
    await restarted(container('valkey'))
    await until('the session is there', async () => (await openApp(agent)).status === 200, 2000)
    expect(agent.cookies.get(app, 'gatehouse')).toBe(cookie)
  })

  it('a caller without a cookie is still told to sign in', async () => {
    await docker('kill', container('valkey'))
    const cold = await exchange(app, { headers: { accept: 'text/html' } })
    expect(cold.status).toBe(302)
    expect((await exchange(`${keycloak}/realms/gatehouse`)).status).toBe(200)
  })
})
