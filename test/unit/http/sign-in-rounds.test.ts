import cookie from '@fastify/cookie'
import { type FastifyInstance, fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLooping, noteReturn } from '../../../src/http/sign-in-rounds.ts'
import { testSite } from '../../support/site.ts'

const site = testSite()
const name = '__Host-gatehouse-returns'
const app = 'https://app.example.com/page'
const start = 1_700_000_000_000

let server: FastifyInstance
beforeAll(async () => {
  server = fastify()
  await server.register(cookie)
  server.get('/looping', (request) => {
    const { target, now } = request.query as Record<string, string>
    return { looping: isLooping(request, site, target ?? app, Number(now)) }
  })
  server.get('/return', async (request, reply) => {
    const { target, startedAt, now } = request.query as Record<string, string>
    noteReturn(request, reply, site, target ?? app, Number(startedAt), Number(now))
    return {}
  })
})
afterAll(() => server.close())

/** One browser: its cookie goes along, as the gateway set it last. */
function browser() {
  let value: string | undefined
  const ask = (url: string, query: Record<string, string | number>) =>
    server.inject({
      url,
      query: Object.fromEntries(Object.entries(query).map(([key, it]) => [key, String(it)])),
      ...(value !== undefined && { cookies: { [name]: value } }),
    })
  return {
    plant: (planted: string) => {
      value = planted
    },
    async returns(startedAt: number, now: number, target = app) {
      const answer = await ask('/return', { startedAt, now, target })
      const set = answer.cookies[0]
      expect(set).toMatchObject({ name, path: '/', httpOnly: true, secure: true, maxAge: 10 })
      value = set?.value
    },
    async loops(now: number, target = app): Promise<boolean> {
      return (await ask('/looping', { now, target })).json().looping
    },
  }
}

describe('L-15 returns of a browser to the same page', () => {
  test('L-15 three within ten seconds, one after the other, are a loop', async () => {
    const { returns, loops } = browser()
    expect(await loops(start)).toBe(false)
    for (const [i, expected] of [false, false, true].entries()) {
      await returns(start + i * 1_000, start + i * 1_000 + 500)
      expect(await loops(start + i * 1_000 + 900)).toBe(expected)
    }
  })

  test('L-15 to another page they are none', async () => {
    const { returns, loops } = browser()
    for (const i of [0, 1, 2]) await returns(start + i, start + i)
    expect(await loops(start + 3, 'https://app.example.com/other')).toBe(false)
    expect(await loops(start + 3, 'https://other.example.com/page')).toBe(false)
    expect(await loops(start + 3, `${app}?x=1#y`)).toBe(true)
  })

  test('L-15 ten seconds after the last they are forgotten', async () => {
    const { returns, loops } = browser()
    for (const i of [0, 1, 2]) await returns(start + i, start + i)
    expect(await loops(start + 10_002)).toBe(true)
    expect(await loops(start + 10_003)).toBe(false)
    await returns(start + 20_000, start + 20_000)
    expect(await loops(start + 20_001)).toBe(false)
  })

  test('L-13 tabs that signed in side by side are one round', async () => {
    const { returns, loops } = browser()
    for (let tab = 0; tab < 10; tab += 1) await returns(start, start + 1_000 + tab)
    expect(await loops(start + 2_000)).toBe(false)
  })

  test.each([
    '',
    'x',
    '9.x.y',
    '99999.1.AAAAAAAA',
    `3.${start}.short`,
    '__proto__',
    `3.${'9'.repeat(15)}.AAAAAAAA`,
  ])('what the browser made up itself counts for nothing: %j', async (planted) => {
    const { plant, loops, returns } = browser()
    plant(planted)
    expect(await loops(start)).toBe(false)
    await returns(start, start)
    expect(await loops(start)).toBe(false)
  })
})
