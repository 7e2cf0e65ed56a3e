import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { quotaPathOf } from '../../src/quotas/sqlite-quota-store.ts'
import { accessToken } from '../support/access-token.ts'
import {
  apiKey,
  type CallerName,
  type Callers,
  keysLine,
  startCallers,
  takeOver,
  uri,
} from '../support/callers.ts'
import { databaseFile } from '../support/database-file.ts'
import { expectPass, expectRefusal, expectRefusedPage } from '../support/decisions.ts'
import type { AskingProxy, TestGateway } from '../support/gateway.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import { startReplica } from '../support/replica.ts'
import { TestClock } from '../support/test-clock.ts'

const dayMs = 86_400_000
const [, lukasz] = demoUsers as readonly [User, User]

let site: TestGateway
let callers: Callers
beforeAll(async () => {
  const clock = new TestClock()
  // So that no test goes over midnight, where all counts begin anew.
  if (dayMs - (clock.now() % dayMs) < 120_000) clock.advance(120_000)
  const started = await startCallers({ file: () => keysLine, clock })
  site = started.site
  callers = started.callers
})
afterAll(() => site[Symbol.asyncDispose]())

/** Counts go by the name of a rule: each test has its own, and so begins at nothing. */
let count = 0
beforeEach(() => {
  count += 1
})
const fresh = () => `limited-${count}`
/** The key, of a service that never asked before. */
const freshKey = () => keysLine.replace('backup', `service-${count}`)
const rules = (text: string) => takeOver(site, `${keysLine}\ndefault: { access: any }\n${text}`)
const limit = (quota: string, access = 'any', more = '') =>
  rules(`rules: [{ name: ${fresh()}, access: ${access}, quota: { ${quota} } ${more} }]`)

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>
const ask = (by: CallerName, more: Headers = {}, of: AskingProxy = site) =>
  of.validate({ ...callers[by], ...more })
const from = (address: string | undefined) => ({ 'X-Forwarded-For': address })

/** The statuses of so many requests, one after the other. */
async function statuses(n: number, next: (i: number) => Promise<RawAnswer>): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < n; i += 1) found.push((await next(i)).status)
  return found
}

const fields = ({ headers }: RawAnswer) =>
  ['retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map(
    (name) => headers[name],
  )

describe('a limit', () => {
  test('lets exactly so many pass, then refuses until the window ends', async () => {
    limit('user: 3/day')
    expect(await statuses(4, () => ask("person's token"))).toEqual([200, 200, 200, 429])
    const secondsLeft = () => Math.ceil((dayMs - (site.clock.now() % dayMs)) / 1_000)
    const before = secondsLeft()
    const refused = await ask("person's token")
    expectRefusal(refused, 'quota_exceeded')
    const [after, ...rest] = fields(refused)
    expect(rest).toEqual(['3', '0', after])
    expect(Number(after)).toBeLessThanOrEqual(before)
    expect(Number(after)).toBeGreaterThanOrEqual(secondsLeft())
    expect(JSON.parse(refused.body).decision_id).toBe(site.log.at(-1)?.decision_id)
    expect(site.log.at(-1)).toMatchObject({
      audit: true,
      status: 429,
      username: 'alice',
      reason: `the 3 requests of the rule ${fresh()} are used up`,
    })
  })

  test('tells a person by a page, with the account', async () => {
    limit('user: 1/day, anonymous: 1/day', 'optional')
    const page = { ...callers.session, Accept: 'text/html' }
    await site.validate(page)
    const refused = await site.validate(page)
    expectRefusedPage(refused, 'quota_exceeded')
    expect(refused.body).toContain('Alice Archer')
    expect(refused.body).toContain(String(site.log.at(-1)?.decision_id))
    const [after, ...rest] = fields(refused)
    expect([Number(after) > 0, ...rest]).toEqual([true, '1', '0', after])
    await ask('page')
    const nobody = await ask('page')
    expectRefusedPage(nobody, 'quota_exceeded')
    expect(nobody.body).not.toContain('Alice')
  })

  test('that holds for others only, or for nothing at all, counts nothing', async () => {
    limit('service: 1/day')
    expect(await statuses(5, () => ask('session'))).toEqual([200, 200, 200, 200, 200])
    expect(await statuses(2, () => ask('key'))).toEqual([200, 429])
  })
})

describe('whose requests are counted', () => {
  test("S-09 an identity's, however it is proved, and from wherever", async () => {
    limit('user: 4/day')
    const second = await accessToken(site, { jti: 'another', azp: 'app', sid: undefined })
    const { agent } = await site.signIn()
    const ways: readonly Headers[] = [
      callers["person's token"],
      { ...callers.nobody, Authorization: `Bearer ${second}`, ...from('203.0.113.1') },
      { ...callers.session, ...from('203.0.113.2, 203.0.113.3') },
      { ...callers.nobody, Cookie: agent.cookies.header(new URL(site.url)) },
    ]
    expect(await statuses(4, (i) => site.validate(ways[i]))).toEqual([200, 200, 200, 200])
    expect(await statuses(4, (i) => site.validate(ways[i]))).toEqual([429, 429, 429, 429])
    const other = (await site.signIn(lukasz)).agent
    expectPass(await site.validateAs(other), { 'x-username': 'lukasz' })
  })

  test('services have their own, each', async () => {
    limit('service: 1/day, user: 1/day')
    expect(await statuses(2, () => ask('key'))).toEqual([200, 429])
    expect(await statuses(2, () => ask("service's token"))).toEqual([200, 429])
    expect(await statuses(2, () => ask('session'))).toEqual([200, 429])
    const asBearer = { Authorization: `Bearer ${apiKey}` }
    expectRefusal(await ask('nobody', asBearer), 'quota_exceeded')
  })

  test("S-09 an anonymous caller's by the right-most hop that no proxy of ours is", async () => {
    limit('anonymous: 2/day', 'optional')
    const spoofed = (i: number) => ask('nobody', from(`203.0.113.${i}, 198.51.100.9`))
    expect(await statuses(4, spoofed)).toEqual([200, 200, 429, 429])
    expectRefusal(await ask('nobody', from('198.51.100.9, 127.0.0.1')), 'quota_exceeded')
    expectPass(await ask('nobody', from('198.51.100.10')))
    const prefix = (i: number) => ask('nobody', from(`2001:db8:0:1::${i + 1}`))
    expect(await statuses(3, prefix)).toEqual([200, 200, 429])
    expectRefusal(await ask('nobody', from('::ffff:198.51.100.9')), 'quota_exceeded')
  })

  test('S-09 what is no address counts for the peer, who is always the same', async () => {
    limit('anonymous: 2/day', 'optional')
    const junk = ['unknown', '1.2.3.4.5', '198.51.100.9, junk', undefined, '', 'junk2, _x']
    const answers = await statuses(6, (i) => ask('nobody', from(junk[i])))
    expect(answers).toEqual([200, 200, 429, 429, 429, 429])
    expectRefusal(await ask('nobody', { ...from('127.0.0.1') }), 'quota_exceeded')
  })

  test('S-09 no header but that one tells an address', async () => {
    limit('anonymous: 1/day', 'optional')
    await ask('nobody')
    for (const name of ['X-Real-IP', 'Forwarded', 'CF-Connecting-IP', 'True-Client-IP'])
      expectRefusal(await ask('nobody', { [name]: '192.0.2.1' }), 'quota_exceeded')
  })
})

describe('which requests are counted', () => {
  test('S-10 variants of path, case, host, query and method are the same', async () => {
    rules(
      `rules: [{ name: ${fresh()}, match: { paths: [/models/**] }, access: any, quota: { service: 9/day } }]`,
    )
    const { host } = new URL(site.url)
    const variants: readonly Headers[] = [
      uri('/models/a'),
      uri('//models//a/'),
      uri('/MODELS/A'),
      uri('/%6dodels/a'),
      uri('/x/../models/a'),
      uri('/models;x/a'),
      uri('/models/b?x=2'),
      { ...uri('/models/a'), 'X-Forwarded-Host': `${host.toUpperCase().replace(':', '.:')}` },
      { ...uri('/models/a'), 'X-Forwarded-Method': 'POST' },
    ]
    expect(await statuses(9, (i) => ask('key', variants[i]))).toEqual(Array(9).fill(200))
    expect(await statuses(9, (i) => ask('key', variants[i]))).toEqual(Array(9).fill(429))
    expectPass(await ask('key', uri('/x')))
  })

  test('public ones and preflights are not', async () => {
    takeOver(
      site,
      `
${freshKey()}
quota: { user: 1/day, service: 1/day, anonymous: 1/day }
rules:
  - { name: ${fresh()}, match: { paths: [/public] }, access: public }
  - { match: { paths: [/api] }, access: any, preflight: true }`,
    )
    const preflight = {
      'X-Forwarded-Method': 'OPTIONS',
      Origin: site.url,
      'Access-Control-Request-Method': 'GET',
    }
    for (const by of ['nobody', 'key'] as const) {
      expect(await statuses(3, () => ask(by, uri('/public')))).toEqual([200, 200, 200])
      expect(await statuses(3, () => ask(by, { ...uri('/api'), ...preflight }))).toEqual([
        200, 200, 200,
      ])
    }
    expect(await statuses(2, () => ask('key', uri('/api')))).toEqual([200, 429])
    expectPass(await ask('key', uri('/public')))
    expectPass(await ask('key', { ...uri('/api'), ...preflight }))
  })

  test('refused ones are not', async () => {
    limit('user: 1/day, service: 1/day, anonymous: 1/day', 'any', ', require: { roles: [backup] }')
    for (const by of ['session', 'nobody', 'bad token', 'ended session'] as const)
      expect((await ask(by)).status).not.toBe(429)
    expectRefusal(await ask('session'), 'forbidden')
    expectRefusal(await ask('session'), 'forbidden')
    expectRefusal(await ask('nobody'), 'unauthenticated')
    expect(await statuses(2, () => ask('key'))).toEqual([200, 429])
  })

  test('each counts against its rule and against all, or against neither', async () => {
    takeOver(
      site,
      `
${freshKey()}
default: { access: any }
quota: { service: 5/day }
rules:
  - { name: ${fresh()}, match: { paths: [/a] }, access: any, quota: { service: 2/day } }`,
    )
    expect(await statuses(4, () => ask('key', uri('/a')))).toEqual([200, 200, 429, 429])
    expect(site.log.at(-1)).toMatchObject({ reason: expect.stringContaining(fresh()) })
    const others = await statuses(4, () => ask('key', uri('/b')))
    expect(others).toEqual([200, 200, 200, 429])
    expect(fields(await ask('key', uri('/b')))[1]).toBe('5')
    expect(site.log.at(-1)).toMatchObject({ reason: 'the 5 requests of the quota are used up' })
  })
})

describe('S-11 a burst', () => {
  test('S-11 is granted exactly the limit', async () => {
    limit('user: 7/day')
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask("person's token")))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(33)
  })

  test('S-11 over two gateways with one file is granted exactly the limit', async () => {
    await using file = await databaseFile()
    const quota = 'rules: [{ access: any, quota: { service: 11/day } }]'
    const started = await startCallers({
      env: { STORE_URL: file.url },
      file: () => `${keysLine}\n${quota}`,
    })
    await using first = started.site
    await using second = await startReplica(first)
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => ask('key', {}, i % 2 ? first : second)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(11)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(49)
    expectRefusal(await ask('key', {}, second), 'quota_exceeded')
  })
})

test('S-13 where nobody can count, nobody passes who is counted', async () => {
  await using file = await databaseFile()
  const started = await startCallers({
    env: { STORE_URL: file.url },
    file: () => `
${keysLine}
rules:
  - { match: { paths: [/free] }, access: any }
  - { match: { paths: [/public] }, access: public }
  - { access: any, quota: { service: 100/day } }`,
  })
  await using broken = started.site
  expectPass(await ask('key', {}, broken))
  using counts = new DatabaseSync(quotaPathOf(file.url.replace(/^sqlite:/, '')))
  counts.exec('BEGIN EXCLUSIVE')
  for (const accept of ['*/*', 'text/html']) {
    const answer = await ask('key', { Accept: accept }, broken)
    if (accept === '*/*') expectRefusal(answer, 'store_unavailable')
    else expectRefusedPage(answer, 'store_unavailable')
    expect(answer.headers['retry-after']).toBe('5')
  }
  for (const path of ['/free', '/public']) expectPass(await ask('key', uri(path), broken))
  counts.exec('ROLLBACK')
  expectPass(await ask('key', {}, broken))
})

test('the next window begins anew', async () => {
  limit('service: 2/day')
  expect(await statuses(3, () => ask('key'))).toEqual([200, 200, 429])
  site.clock.advance(dayMs)
  expect(await statuses(3, () => ask('key'))).toEqual([200, 200, 429])
})
