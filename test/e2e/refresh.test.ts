import { setTimeout as delay } from 'node:timers/promises'
import type { StartedTestContainer } from 'testcontainers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { IdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { signIn } from '../support/sign-in.ts'
import { freePort } from './support/free-port.ts'
import { startGateway } from './support/gateway.ts'
import { administer, signedIn } from './support/keycloak.ts'
import { startLocalProvider, tokenRequests } from './support/local-provider.ts'
import { validate } from './support/replica.ts'
import { app, stack } from './support/stack.ts'
import { until } from './support/until.ts'

const lifetimeSec = 8
const parallel = 500

/** Statuses of so many requests of one session at once, half of them at each of two gateways. */
async function burst(ports: readonly [number, number], url: string, agent: Agent) {
  const answers = await Promise.all(
    Array.from({ length: parallel }, (_, index) =>
      validate(index % 2 === 0 ? ports[0] : ports[1], `${url}?${index}`, agent),
    ),
  )
  return new Set(answers.map(({ status }) => status))
}

/** The access token that is valid now has ended. */
function tokenEnd(): Promise<unknown> {
  const end = Date.now() + lifetimeSec * 1000
  return until('the access token has ended', () => Date.now() > end)
}

describe('two gateways and a provider that rotates refresh tokens', () => {
  let ports: readonly [number, number]
  let url: string
  let provider: IdentityProvider
  let gateways: StartedTestContainer[]
  let agent: Agent

  beforeAll(async () => {
    const first = await freePort(0, 2)
    ports = [first, first + 1]
    const publicUrl = `http://auth.gatehouse.localhost:${first}`
    url = `http://app.gatehouse.localhost:${first}/`
    provider = await startLocalProvider(publicUrl, { ttl: { accessToken: lifetimeSec } })
    const environment = {
      PUBLIC_URL: publicUrl,
      OIDC_ISSUER: provider.issuer,
      STORE_URL: 'valkey://valkey:6379/1',
    }
    gateways = await Promise.all(
      ports.map((port, index) => startGateway(`refresh-${index}`, port, environment)),
    )
    agent = new Agent()
    const [user] = demoUsers
    if (!user) throw new Error('no demo user')
    await signIn(agent, `${publicUrl}/auth/login`, user)
    expect(agent.cookies.names(url)).toContain('gatehouse')
  })
  afterEach(() => {
    provider.intercept = undefined
  })
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()))
    await provider.close()
  })

  it('F-05 F-06 500 requests at refresh time redeem the refresh token once and all pass', async () => {
    await tokenEnd()
    const before = tokenRequests(provider)
    expect(await burst(ports, url, agent)).toEqual(new Set([200]))
    expect(tokenRequests(provider) - before).toBe(1)
  })

  it('F-05 F-06 so they do when the token endpoint takes 5 s', async () => {
    let finished = 0
    provider.intercept = async ({ url: path, method }, response): Promise<'pass'> => {
      if (path !== '/token' || method !== 'POST') return 'pass'
      response.once('finish', () => {
        finished += 1
      })
      await delay(5000)
      return 'pass'
    }
    await tokenEnd()
    const before = tokenRequests(provider)
    while (finished === 0) {
      expect(await burst(ports, url, agent)).toEqual(new Set([200]))
    }
    expect(tokenRequests(provider) - before).toBe(1)
  })

  it('F-06 the session goes on with the token it got', async () => {
    await tokenEnd()
    const before = tokenRequests(provider)
    expect(await burst(ports, url, agent)).toEqual(new Set([200]))
    await until('one more redemption', () => tokenRequests(provider) === before + 1)
    expect(await burst(ports, url, agent)).toEqual(new Set([200]))
  })
})

describe('two gateways and Keycloak', () => {
  beforeAll(async () => {
    await administer('PUT', '', { accessTokenLifespan: lifetimeSec })
    await administer('DELETE', '/events')
    await administer('PUT', '/events/config', {
      eventsEnabled: true,
      enabledEventTypes: ['REFRESH_TOKEN', 'REFRESH_TOKEN_ERROR'],
    })
  })
  afterAll(() => administer('PUT', '', { accessTokenLifespan: 300 }))

  it('F-05 F-06 500 requests at refresh time redeem the refresh token once, twice over', async () => {
    const agent = await signedIn('anna', app)
    const events = async () => {
      const list = (await administer('GET', '/events?max=100')) as { type: string }[]
      return list.map(({ type }) => type)
    }
    for (const redeemed of [['REFRESH_TOKEN'], ['REFRESH_TOKEN', 'REFRESH_TOKEN']]) {
      await tokenEnd()
      expect(await burst(stack.replicas, `${app}/`, agent)).toEqual(new Set([200]))
      expect(await events()).toEqual(redeemed)
    }
  })
})
