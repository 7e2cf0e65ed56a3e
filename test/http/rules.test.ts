import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { codes } from '../../src/model/codes.ts'
import {
  type CallerName,
  type Callers,
  callerNames,
  keysLine,
  startCallers,
  takeOver,
  uri,
} from '../support/callers.ts'
import { expectPass, expectRefusal, expectRefusedPage, expectSignIn } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { RawAnswer } from '../support/raw-request.ts'

let site: TestGateway
let callers: Callers
beforeAll(async () => {
  const started = await startCallers({ file: () => always })
  site = started.site
  callers = started.callers
})
afterAll(() => site[Symbol.asyncDispose]())

const always = `${keysLine}\nclaims_mapping: { groups: teams }`
const rules = (text: string) => takeOver(site, `${always}\n${text}`)
const ask = (by: CallerName, path = '/page', headers: Record<string, string> = {}) =>
  site.validate({ ...callers[by], ...uri(path), ...headers })
const method = (name: string) => ({ 'X-Forwarded-Method': name })

/** Whom an answer lets pass, or why not; a refusal is checked as its caller should get it. */
function outcome(answer: RawAnswer, by: CallerName, path: string): string {
  if (answer.status === 200) {
    expectPass(answer)
    return `passes as ${answer.headers['x-auth-kind'] || 'anonymous'}`
  }
  if (answer.status === 302) {
    expectSignIn(answer, site.url, site.url + path)
    return 'signs in'
  }
  const [, code = ''] = /(?:"code":"|[45]\d\d )([a-z_]+)/.exec(answer.body) ?? []
  if (by === 'page' && answer.status !== 401) expectRefusedPage(answer, code as keyof typeof codes)
  else expectRefusal(answer, code as keyof typeof codes)
  return code
}

const people = 'passes as user'
const programs = 'passes as service'
const anyone = 'passes as anonymous'
const wrong = 'wrong_identity_kind'
const everybody = (what: string) => Object.fromEntries(callerNames.map((name) => [name, what]))
const unproven = {
  nobody: 'unauthenticated',
  page: 'signs in',
  'ended session': 'session_expired',
  'bad token': 'invalid_token',
}
const proven = (person: string, program: string) => ({
  session: person,
  "person's token": person,
  "service's token": program,
  key: program,
})

const matrix: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  public: everybody(anyone),
  optional: { ...unproven, ...proven(people, programs), nobody: anyone, page: anyone },
  user: { ...unproven, ...proven(people, wrong) },
  service: { ...unproven, ...proven(wrong, programs), page: 'unauthenticated' },
  any: { ...unproven, ...proven(people, programs) },
  deny: everybody('forbidden'),
}

describe('whom a rule is open to', () => {
  beforeAll(() => {
    const each = Object.keys(matrix).map(
      (access) => `  - { name: ${access}, match: { paths: [/${access}] }, access: ${access} }`,
    )
    rules(`rules:\n${each.join('\n')}`)
  })

  test.each(
    Object.entries(matrix).flatMap(([access, row]) =>
      Object.entries(row).map(([by, expected]) => [access, by as CallerName, expected] as const),
    ),
  )('%s, for %s: %s', async (access, by, expected) => {
    const answer = await ask(by, `/${access}`)
    expect(outcome(answer, by, `/${access}`)).toBe(expected)
  })

  test('every refusal is in the audit log by its decision id, with its rule', async () => {
    for (const [access, by, status] of [
      ['user', 'nobody', 401],
      ['user', "service's token", 403],
      ['deny', 'page', 403],
      ['service', 'session', 403],
      ['optional', 'bad token', 401],
    ] as const) {
      const answer = await ask(by, `/${access}`)
      expect(answer.status).toBe(status)
      const [id] = /[0-9a-f-]{36}(?!.*[0-9a-f-]{36})/s.exec(answer.body) ?? ['none']
      expect(site.log.filter((line) => line.decision_id === id)).toEqual([
        expect.objectContaining({ audit: true, event: 'decision', status, rule: access }),
      ])
    }
  })

  test('what is denied is denied before any credential is looked at', async () => {
    const twice = { Authorization: ['Bearer a', 'Bearer b'] }
    const denied = { ...callers.nobody, ...uri('/deny'), ...twice }
    expectRefusal(await site.validate(denied), 'forbidden')
    expectRefusal(await site.validate({ ...denied, ...uri('/any') }), 'conflicting_credentials')
  })

  test('public looks at no credential at all, and optional at every one', async () => {
    const twice = { ...callers.nobody, Authorization: ['Bearer a', 'Bearer b'] }
    expectPass(await site.validate({ ...twice, ...uri('/public') }), { 'x-user-id': '' })
    expectRefusal(await site.validate({ ...twice, ...uri('/optional') }), 'conflicting_credentials')
    expectSignIn(
      await ask('ended session', '/optional', { Accept: 'text/html' }),
      site.url,
      `${site.url}/optional`,
    )
  })

  test('a list in the middleware address needs somebody on public and optional paths too', async () => {
    for (const path of ['/public', '/optional']) {
      const narrowed = (by: CallerName, list: string) =>
        site.validate({ ...callers[by], ...uri(path) }, { path: `/validate/allow/${list}` })
      expectSignIn(await narrowed('page', 'role:admin'), site.url, site.url + path)
      expectRefusal(await narrowed('nobody', 'role:admin'), 'unauthenticated')
      expectPass(await narrowed('session', 'role:admin'), { 'x-username': 'alice' })
      expectRefusal(await narrowed('session', 'role:root'), 'forbidden')
      expectPass(await narrowed('key', 'service:backup'), { 'x-service-name': 'backup' })
      expectRefusal(await narrowed('key', 'role:backup'), 'forbidden')
    }
  })
})

describe('which rule holds', () => {
  test('is the first that matches', async () => {
    rules(`
rules:
  - { name: one, match: { paths: [/a/b] }, access: deny }
  - { name: two, match: { paths: [/a/**] }, access: public }
  - { name: three, match: { paths: [/a/c] }, access: deny }`)
    expectRefusal(await ask('nobody', '/a/b'), 'forbidden')
    expectPass(await ask('nobody', '/a/c'))
    expectPass(await ask('nobody', '/a'))
    expect(site.log.at(-1)).toMatchObject({ rule: 'two' })
    expectRefusal(await ask('nobody', '/b'), 'unauthenticated')
    expect(site.log.at(-1)).toMatchObject({ rule: 'default' })
  })

  test('is one of the app before those of all apps, and of no other app', async () => {
    await using several = await startTestGateway({
      env: (url) => ({
        PUBLIC_URL: url.replace('localhost', 'auth.apps.localhost'),
        COOKIE_DOMAIN: 'apps.localhost',
      }),
      file: () => `
apps:
  here: { hosts: [here.apps.localhost], rules: [{ match: { paths: [/a] }, access: public }] }
  there: { hosts: ["*.apps.localhost"] }
rules:
  - { match: { paths: [/a] }, access: deny }
  - { match: { paths: [/b], hosts: [x.apps.localhost] }, access: public }`,
    })
    const at = (host: string, path: string) =>
      several.validate({ Accept: '*/*', 'X-Forwarded-Host': host, ...uri(path) })
    const { port } = new URL(several.url)
    const here = `here.apps.localhost:${port}`
    const there = `x.apps.localhost:${port}`
    expectPass(await at(here, '/a'))
    expectRefusal(await at(there, '/a'), 'forbidden')
    expectRefusal(await at(here, '/b'), 'unauthenticated')
    expectPass(await at(there, '/b'))
    expectPass(await at(there.toUpperCase(), '/b'))
    expectRefusal(await at(there.replace('x.', 'y.'), '/b'), 'unauthenticated')
  })

  test('is the default where none matches', async () => {
    const outcomes = async () => {
      const all = callerNames.filter((name) => name in proven('', '') || name === 'page')
      const answers = all.map(async (name) => [name, outcome(await ask(name), name, '/page')])
      return Object.fromEntries(await Promise.all(answers))
    }
    const at = (row: string) => ({ ...matrix[row], nobody: undefined })
    for (const access of ['any', 'service', 'deny']) {
      rules(`default: { access: ${access} }`)
      expect(at(access)).toMatchObject(await outcomes())
    }
    rules('default: { access: user, require: { roles: [admin] } }')
    expectPass(await ask('session'))
    expectRefusal(await ask("person's token"), 'forbidden')
  })

  test('depends on the method, where a rule says so', async () => {
    rules(`
rules:
  - { match: { paths: [/a], methods: [GET] }, access: public }
  - { match: { paths: [/b], methods: [GET, HEAD] }, access: public }`)
    expectPass(await ask('nobody', '/a'))
    expectRefusal(await ask('nobody', '/a', method('HEAD')), 'unauthenticated')
    expectRefusal(await ask('nobody', '/a', method('POST')), 'unauthenticated')
    expectPass(await ask('nobody', '/b', method('HEAD')))
    const asking = { ...callers.nobody, ...uri('/a'), ...method('POST') }
    expectRefusal(await site.validate(asking, { method: 'GET' }), 'unauthenticated')
  })

  test("depends on the client's address, which is that of the right-most untrusted hop", async () => {
    rules('rules: [{ match: { networks: [10.0.0.0/8, "2001:db8::/32"] }, access: public }]')
    const from = (addresses: string | undefined) =>
      site.validate({ ...callers.nobody, 'X-Forwarded-For': addresses })
    for (const inside of [
      '10.1.2.3',
      '203.0.113.9, 10.1.2.3',
      '10.1.2.3, 127.0.0.1',
      '2001:db8::7',
    ])
      expectPass(await from(inside))
    for (const outside of [
      '203.0.113.9',
      '10.1.2.3, 203.0.113.9',
      '10.1.2.3, 203.0.113.9, 127.0.0.1',
      '10.1.2.3, junk',
      '10.1.2.3.4',
      '10.0.0.0/8',
      '',
      undefined,
    ])
      expectRefusal(await from(outside), 'unauthenticated')
  })
})
