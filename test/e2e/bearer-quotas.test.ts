import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
  type Bearer,
  type Got,
  quota,
  replicaName,
  startBearer,
  urlOf,
} from './support/bearer.ts'
import { partner, personsToken, servicesToken } from './support/bearer-realms.ts'
import { logs } from './support/docker.ts'
import { signedIn } from './support/keycloak.ts'
import { until } from './support/until.ts'

const parallel = 50
const each = Math.ceil((2 * quota) / parallel)

let bearer: Bearer

beforeAll(async () => {
  bearer = await startBearer(2)
})
afterAll(() => bearer?.[Symbol.asyncDispose]())

/** What so many clients at once get, each in turn for its number of requests. */
async function burst(request: (client: number) => Promise<Got>): Promise<Got[]> {
  const clients = Array.from({ length: parallel }, async (_, client) => {
    const got: Got[] = []
    for (let count = 0; count < each; count += 1) got.push(await request(client))
    return got
  })
  return (await Promise.all(clients)).flat()
}

function expectQuota(got: readonly Got[]): void {
  const passed = got.filter(({ status }) => status === 200)
  const refused = got.filter(({ status, code }) => status === 429 && code === 'quota_exceeded')
  expect([passed.length, refused.length]).toEqual([quota, got.length - quota])
}

describe('a quota at two replicas', () => {
  it('S-11 lets 50 clients of one service have exactly as many requests as it says', async () => {
    const tokens = await Promise.all(Array.from({ length: parallel }, () => servicesToken('batch')))
    const got = await burst((client) => ask('counted', tokens[client]))
    expectQuota(got)
    expect(new Set(got.map(({ received }) => received['x-service-name'] ?? ''))).toEqual(
      new Set(['batch', '']),
    )
    for (const number of [0, 1]) {
      await until(`replica ${number} has let some pass`, async () => {
        const lines = (await logs(replicaName(number))).split('\n')
        return lines.some((line) => line.includes('"allow"') && line.includes('"counted"'))
      })
    }
  })

  it('S-11 is one for a person, by session, by token and by introspection', async () => {
    const agent = await signedIn('bob', urlOf('user'))
    const cookie = agent.cookies.header(new URL(urlOf('counted')))
    const token = await personsToken('cli', 'bob')
    const lightweight = await personsToken('light', 'bob')
    const got = await burst((client) => {
      if (client % 3 === 0) return ask('counted', undefined, { cookie })
      return ask('counted', client % 3 === 1 ? token : lightweight)
    })
    expectQuota(got)
    const sources = new Set(got.map(({ received }) => received['x-auth-source'] ?? ''))
    expect(sources).toEqual(new Set(['session', 'bearer', 'introspection', '']))
  })

  it('H-11 is not shared by a namesake of another issuer', async () => {
    const token = await personsToken('cli', 'anna')
    expectQuota(await burst(() => ask('counted', token)))
    const namesake = await personsToken('cli', 'anna', { realm: partner })
    expect((await ask('counted', namesake)).status).toBe(200)
  })

  it('S-09 S-11 counts those who are nobody by their address, whatever a client says of its own', async () => {
    const got = await burst((client) =>
      ask('counted', undefined, { 'x-forwarded-for': `203.0.113.${client}` }),
    )
    expectQuota(got)
  })
})
