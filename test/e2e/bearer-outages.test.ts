import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type Bearer, replicaName, startBearer } from './support/bearer.ts'
import { personsToken, servicesToken } from './support/bearer-realms.ts'
import { docker, isHealthy } from './support/docker.ts'
import { container } from './support/stack.ts'
import { until } from './support/until.ts'

const restarted = (name: string) =>
  until(`${name} is healthy again`, () => isHealthy(name), 300_000)

let bearer: Bearer

beforeAll(async () => {
  bearer = await startBearer(1)
})
afterAll(() => bearer?.[Symbol.asyncDispose]())

describe('access tokens while Keycloak is down', () => {
  /** Shown to the gateway before. */
  let known: readonly string[]
  let unseen: readonly string[]
  let withoutGroups: string
  let lightweight: string

  beforeAll(async () => {
    known = [
      await personsToken('cli', 'anna'),
      await servicesToken('batch'),
      await personsToken('light', 'anna'),
      await personsToken('bare-cli', 'anna', { scope: 'openid' }),
    ]
    unseen = [await personsToken('cli', 'bob'), await servicesToken('batch')]
    withoutGroups = await personsToken('bare-cli', 'bob', { scope: 'openid' })
    lightweight = await personsToken('light', 'bob')
    for (const token of known) expect((await ask('any', token)).status).toBe(200)
    // Stopped and not killed: killed, its database forgets what was just written.
    await docker('stop', container('keycloak'))
  })
  afterAll(async () => {
    await docker('start', container('keycloak'))
    await restarted(container('keycloak'))
  })

  it('F-02 known ones pass, those that Keycloak was asked about too', async () => {
    for (const token of known) expect((await ask('any', token)).status).toBe(200)
  })

  it('F-09 a JWT not seen before passes by the keys that are known', async () => {
    for (const token of unseen) expect((await ask('any', token)).status).toBe(200)
    expect((await ask('user', unseen[0])).received).toMatchObject({ 'x-username': 'bob' })
  })

  it('F-09 what only Keycloak can tell is 503: opaque tokens, what tokens leave out, groups', async () => {
    for (const token of ['an-opaque-token', lightweight, withoutGroups]) {
      const answer = await ask('optional', token)
      expect(answer).toMatchObject({ status: 503, code: 'idp_unavailable' })
      expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    }
  })

  it('F-03 F-09 a gateway that starts meanwhile has no keys: 503 for tokens, and the rest goes on', async () => {
    await docker('restart', replicaName(0))
    await restarted(replicaName(0))
    for (const token of [...known, ...unseen]) {
      expect(await ask('any', token)).toMatchObject({ status: 503, code: 'idp_unavailable' })
    }
    expect((await ask('optional')).status).toBe(200)
    expect((await ask('any')).status).toBe(401)
  })

  it('F-16 afterwards everything goes on without a restart', { timeout: 500_000 }, async () => {
    await docker('start', container('keycloak'))
    await restarted(container('keycloak'))
    // An endpoint that failed five times is left alone for a minute.
    for (const token of [...known, ...unseen, withoutGroups, lightweight]) {
      await until('it passes', async () => (await ask('any', token)).status === 200, 120_000)
    }
    expect((await ask('any', 'an-opaque-token')).status).toBe(401)
  })
})
