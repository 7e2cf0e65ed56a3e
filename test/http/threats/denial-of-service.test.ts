import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { databaseFile } from '../../support/database-file.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { hold } from '../../support/hold.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { storeCounts } from '../../support/store-counts.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.intercept = undefined
})

describe('D-01 a flood of headers', () => {
  test('D-01 thousands of cookies: 431, or the refusal of a request without a session', async () => {
    const few = Array.from({ length: 1_000 }, (_, index) => `c${index}=${index}`).join('; ')
    expect((await site.validate({ Cookie: few })).status).toBe(302)
    const many = Array.from({ length: 10_000 }, (_, index) => `c${index}=${index}`).join('; ')
    expect((await site.validate({ Cookie: many })).status).toBe(431)
    const ours = Array.from({ length: 500 }, (_, index) => `gatehouse=${index}`).join('; ')
    expect((await site.validate({ Cookie: ours })).status).toBe(302)
  })

  test('D-01 a session passes beside a thousand cookies and behind a thousand headers', async () => {
    const { agent } = await site.signIn()
    const cookie = agent.cookies.header(new URL(site.url))
    const many = Array.from({ length: 1_000 }, (_, index) => `c${index}=${index}`).join('; ')
    expect((await site.validate({ Cookie: `${many}; ${cookie}` })).status).toBe(200)
    const flood = Array.from({ length: 1_200 }, () => '1')
    const passed = await site.validate({ A: flood, Cookie: cookie })
    expect(passed.status).toBe(200)
    expect(passed.headers['x-username']).toBe('alice')
  })

  test('D-01 a flood on the public routes is 431, or nothing', async () => {
    const { agent } = await site.signIn()
    const cookie = agent.cookies.header(new URL(site.url))
    const ask = (headers: Record<string, string | string[]>) =>
      rawRequest(site.gateway.origin, 'GET', '/auth/session', headers)
    expect((await ask({ Cookie: cookie, 'X-Long': 'x'.repeat(40_000) })).status).toBe(431)
    expect((await ask({ Cookie: [...Array(1_200).fill('a=b'), cookie] })).status).toBe(200)
  })
})

describe('D-02 patterns', () => {
  test('D-02 long repetitive input is answered like any other', async () => {
    const repeats = [
      'a-'.repeat(2_000),
      '%41'.repeat(2_000),
      '/..'.repeat(2_000),
      ';a'.repeat(2_000),
    ]
    for (const text of repeats) {
      expect((await site.validate({ 'X-Forwarded-Uri': `/${text}!` })).status).toBe(302)
      expect((await site.validate({ 'X-Forwarded-Host': `${text}!` })).status).toBe(400)
      expect((await site.validate({ Cookie: `gatehouse=${text}!` })).status).toBe(302)
      expect((await site.validate({ Authorization: `Bearer ${text}!` })).status).toBe(401)
      expect((await site.validate({ 'X-Forwarded-For': text })).status).toBe(302)
    }
  })
})

describe('D-03 the callback', () => {
  test('D-03 refuses a long URL before it reads anything of it', async () => {
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    url.searchParams.set('padding', 'x'.repeat(16_400))
    const before = site.idp.requests.length
    const answer = await agent.fetch(url)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('missing_code_or_state')
    expect(site.idp.requests.length).toBe(before)
  })

  test('D-03 refuses a state that is longer than any of ours', async () => {
    const state = `abcdefgh.${'A'.repeat(15_000)}`
    const answer = await new Agent().fetch(`${site.url}/auth/callback?code=x&state=${state}`)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('invalid_state')
  })

  test('D-03 a state stays under two kilobytes, with the longest return URL', async () => {
    const path = `/${'é'.repeat(10)}?x=${'%'.repeat(2_000)}`
    const long = `/page?x=${'x'.repeat(980)}`
    for (const returnTo of [long, encodeURI(path)]) {
      const query = new URLSearchParams({ return_to: returnTo })
      const answer = await new Agent().fetch(`${site.url}/auth/login?${query}`)
      expect(answer.status).toBe(302)
      const state = new URL(answer.headers.get('location') ?? '').searchParams.get('state') ?? ''
      expect(state.length).toBeLessThan(2_000)
    }
  })
})

describe('D-04 a flood of sign-ins that nobody ends', () => {
  test('D-04 leaves nothing on the server', async () => {
    await using file = await databaseFile()
    await using own = await startTestGateway({ env: { STORE_URL: file.url } })
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        new Agent().fetch(`${own.url}/auth/login?return_to=/${index}`),
      ),
    )
    const state = `abcdefgh.${'A'.repeat(400)}`
    await new Agent().fetch(`${own.url}/auth/callback?code=x&state=${state}`)
    const database = file.open()
    for (const table of ['sessions', 'marks']) {
      expect(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 })
    }
    database.close()
    expect(await storeCounts(own.gateway)).toEqual({})
  })
})

describe('D-05 a flood of bad cookies', () => {
  test('D-05 reads nothing of the store', async () => {
    const { agent } = await site.signIn()
    const good = agent.cookies.get(site.url, 'gatehouse') ?? ''
    const before = await storeCounts(site.gateway)
    for (let index = 0; index < 200; index += 1) {
      const forged = `${String(index).padStart(32, 'A')}.${good.slice(33)}`
      expect((await site.validate({ Cookie: `gatehouse=${forged}` })).status).toBe(302)
    }
    const session = await rawRequest(site.gateway.origin, 'GET', '/auth/session', {
      Cookie: `gatehouse=${'A'.repeat(32)}.${good.slice(33)}`,
    })
    expect(session.status).toBe(401)
    expect(await storeCounts(site.gateway)).toEqual(before)
  })
})

describe('D-09 a slow provider', () => {
  test('D-09 is asked for its metadata once, by a hundred who want to sign in', async () => {
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    await using own = await startTestGateway({
      idp: {
        intercept: async ({ url }): Promise<'pass'> => {
          if (!url?.startsWith('/.well-known/')) return 'pass'
          arrived.resolve()
          await released.promise
          return 'pass'
        },
      },
    })
    await arrived.promise
    const starts = Array.from({ length: 100 }, () => new Agent().fetch(`${own.url}/auth/login`))
    const known = await own.validate({ Accept: 'application/json' })
    expect(known.status).toBe(401)
    released.resolve()
    const answers = await Promise.all(starts)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([302]))
    expect(own.idp.requests).toHaveLength(1)
  })

  test('D-09 does not keep others from passing, and is not asked by them', async () => {
    const { agent } = await site.signIn()
    const held = hold(site.idp, '/token')
    const slow = new Agent()
    const url = await callbackUrl(slow, `${site.url}/auth/login`)
    const ending = slow.fetch(url)
    await held.arrived
    const answers = await Promise.all(Array.from({ length: 100 }, () => site.validateAs(agent)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(held.count()).toBe(1)
    held.release()
    expect((await ending).status).toBe(302)
  })

  test('D-09 that is down is asked for metadata at most every two seconds', async () => {
    await using own = await startTestGateway({
      idp: {
        intercept: (_request, response) => {
          response.writeHead(503).end()
          return 'handled'
        },
      },
    })
    const start = async () => (await new Agent().fetch(`${own.url}/auth/login`)).status
    expect(await start()).toBe(503)
    const before = own.idp.requests.length
    for (let index = 0; index < 20; index += 1) expect(await start()).toBe(503)
    expect(own.idp.requests.length).toBe(before)
    own.clock.advance(2_000)
    expect(await start()).toBe(503)
    expect(own.idp.requests.length).toBe(before + 1)
  })
})

describe('D-10 answers of /validate', () => {
  test('D-10 have bodies under four kilobytes, whatever they were asked', async () => {
    await using own = await startTestGateway({ env: { CSRF_CHECK: 'true' } })
    const { agent } = await own.signIn()
    const long = `/${'x'.repeat(4_000)}?${'y'.repeat(4_000)}`
    const browser = { 'Sec-Fetch-Mode': 'navigate' }
    const cases: [number, Record<string, string>][] = [
      [302, { 'X-Forwarded-Uri': long }],
      [401, { 'X-Forwarded-Uri': long, Accept: 'application/json' }],
      [401, { ...browser, 'X-Forwarded-Uri': long, 'Sec-Fetch-Dest': 'iframe' }],
      [400, { 'X-Forwarded-Uri': `${long}#` }],
      [403, { 'X-Forwarded-Host': `${'x.'.repeat(100)}example` }],
      [403, { ...browser, 'X-Forwarded-Method': 'POST', 'X-Forwarded-Uri': long }],
      [403, { 'X-Forwarded-Uri': `/auth/${'x'.repeat(4_000)}` }],
      [401, { Authorization: `Bearer ${'x'.repeat(8_000)}` }],
    ]
    for (const [status, headers] of cases) {
      const cookie = status === 403 ? agent.cookies.header(new URL(own.url)) : undefined
      const answer = await own.validate({ Cookie: cookie, ...headers })
      expect(answer.status).toBe(status)
      expect(Buffer.byteLength(answer.body)).toBeLessThan(4_096)
      const headerBytes = answer.rawHeaders.join('').length
      expect(headerBytes).toBeLessThan(4_096)
    }
  })
})

describe('D-11 compressed bodies', () => {
  const bomb = gzipSync(`logout_token=${'x'.repeat(5_000_000)}`)

  test.each(['/auth/backchannel-logout', '/auth/logout', '/auth/sessions/end', '/validate'])(
    'D-11 %s inflates nothing',
    async (path) => {
      const answer = await fetch(site.gateway.origin + path, {
        method: 'POST',
        headers: {
          'content-encoding': 'gzip',
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: bomb,
      })
      expect(answer.status).toBe({ '/auth/logout': 200, '/auth/sessions/end': 401 }[path] ?? 400)
      expect(JSON.stringify(await answer.json())).not.toContain('xxxx')
    },
  )
})

describe('D-12 what the gateway remembers', () => {
  test('D-12 used states and logout tokens are forgotten when they can no longer be used', async () => {
    await using file = await databaseFile()
    await using own = await startTestGateway({ env: { STORE_URL: file.url } })
    for (let index = 0; index < 5; index += 1) await own.signIn()
    const database = file.open()
    const marks = () => database.prepare('SELECT count(*) AS n FROM marks').get()?.n
    expect(marks()).toBe(5)
    own.clock.advance(21 * 60_000)
    await own.signIn()
    expect(marks()).toBe(1)
    database.close()
  })

  test('D-12 sessions that are over leave the store', async () => {
    await using file = await databaseFile()
    await using own = await startTestGateway({
      env: { STORE_URL: file.url, SESSION_MAX_AGE_SEC: '600' },
    })
    for (let index = 0; index < 5; index += 1) await own.signIn()
    own.clock.advance(11 * 60_000)
    await own.signIn()
    const database = file.open()
    expect(database.prepare('SELECT count(*) AS n FROM sessions').get()?.n).toBe(1)
    database.close()
  })
})
