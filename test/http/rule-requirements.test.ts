import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessToken, validateWith } from '../support/access-token.ts'
import {
  type CallerName,
  type Callers,
  keysLine,
  startCallers,
  takeOver,
  uri,
} from '../support/callers.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let site: TestGateway
let callers: Callers
const always = `${keysLine}\nclaims_mapping: { groups: teams }`
beforeAll(async () => {
  const started = await startCallers({ file: () => always })
  site = started.site
  callers = started.callers
})
afterAll(() => site[Symbol.asyncDispose]())

const rules = (text: string) => takeOver(site, `${always}\n${text}`)
const ask = (by: CallerName, path = '/page', headers: Record<string, string> = {}) =>
  site.validate({ ...callers[by], ...uri(path), ...headers })
const method = (name: string) => ({ 'X-Forwarded-Method': name })

describe('a CORS preflight', () => {
  const preflight = {
    ...method('OPTIONS'),
    Origin: 'https://elsewhere.example',
    'Access-Control-Request-Method': 'PUT',
  }
  beforeAll(() =>
    rules(`
rules:
  - { match: { paths: [/api], methods: [PUT] }, access: user, preflight: true, require: { roles: [root] } }
  - { match: { paths: [/denied] }, access: deny, preflight: true }
  - { match: { paths: [/plain] }, access: user }`),
  )

  test('passes as nobody where the rule for what it asks about says so', async () => {
    expectPass(await ask('nobody', '/api', preflight), { 'x-auth-kind': 'anonymous' })
    for (const by of ['session', "person's token", 'bad token', 'key'] as const)
      expectPass(await ask(by, '/api', preflight), { 'x-user-id': '', 'x-service-name': '' })
    expectRefusal(await ask('nobody', '/plain', preflight), 'unauthenticated')
    expectRefusal(await ask('nobody', '/denied', preflight), 'forbidden')
    const about = (name: string) => ({ ...preflight, 'Access-Control-Request-Method': name })
    expectRefusal(await ask('nobody', '/api', about('DELETE')), 'unauthenticated')
    expectRefusal(await ask('nobody', '/api', about('put')), 'unauthenticated')
    expectRefusal(await ask('nobody', '/api', about('PUT, GET')), 'unauthenticated')
  })

  test('is one only with all three marks: the rest is decided like any request', async () => {
    rules('rules: [{ match: { paths: [/api] }, access: user, preflight: true }]')
    expectPass(await ask('nobody', '/api', preflight))
    for (const missing of ['Origin', 'Access-Control-Request-Method']) {
      const asked = { ...callers.nobody, ...uri('/api'), ...preflight, [missing]: undefined }
      expectRefusal(await site.validate(asked), 'unauthenticated')
      expectPass(await site.validate({ ...asked, ...callers.session }), { 'x-username': 'alice' })
    }
    for (const other of ['GET', 'PUT', 'POST'])
      expectRefusal(
        await ask('nobody', '/api', { ...preflight, ...method(other) }),
        'unauthenticated',
      )
  })
})

describe('credentials', () => {
  test('[session]: tokens and keys are as if they were not sent', async () => {
    rules('rules: [{ match: { paths: [/**] }, access: any, credentials: [session] }]')
    for (const by of ["person's token", "service's token", 'bad token', 'key'] as const) {
      expectRefusal(await ask(by), 'unauthenticated')
      const both = { ...callers[by], Cookie: callers.session.Cookie ?? '' }
      expectPass(await site.validate(both), { 'x-auth-source': 'session' })
    }
  })

  test('[bearer]: sessions are as if they were not sent, and signing in would not help', async () => {
    rules('rules: [{ match: { paths: [/**] }, access: user, credentials: [bearer] }]')
    expectPass(await ask("person's token"), { 'x-auth-source': 'bearer' })
    expectRefusal(await ask('session'), 'unauthenticated')
    expectRefusal(await ask('page', '/page', callers.session), 'unauthenticated')
    expectRefusal(await ask('page'), 'unauthenticated')
  })

  test('[session] with optional: a bad token is nobody', async () => {
    rules('rules: [{ match: { paths: [/**] }, access: optional, credentials: [session] }]')
    expectPass(await ask('bad token'), { 'x-auth-kind': 'anonymous' })
    expectRefusal(await ask('ended session'), 'session_expired')
  })
})

describe('what a rule requires', () => {
  test('roles and groups: any one; both: both', async () => {
    rules(`
rules:
  - { match: { paths: [/roles] }, access: user, require: { roles: [root, admin] } }
  - { match: { paths: [/groups] }, access: user, require: { groups: [/ops, /none] } }
  - { match: { paths: [/both] }, access: user, require: { roles: [admin], groups: [/none] } }
  - { match: { paths: [/when] }, access: user, require: { when: [user in teams /ops, user not in roles root] } }
  - { match: { paths: [/not] }, access: user, require: { when: [user not in teams /ops] } }`)
    expectPass(await ask('session', '/roles'))
    expectRefusal(await ask("person's token", '/roles'), 'forbidden')
    expectPass(await ask("person's token", '/groups'))
    expectRefusal(await ask('session', '/both'), 'forbidden')
    expectRefusal(await ask('session', '/not'), 'forbidden')
    expect(site.log.at(-1)).toMatchObject({
      reason: 'the conditions of require.when of the rule rules[4] do not hold',
    })
    const withClaims = async (claims: Record<string, unknown>) =>
      validateWith(site, await accessToken(site, claims), uri('/when'))
    expectPass(await withClaims({}))
    expectRefusal(await withClaims({ groups: ['/op', '/opsx', '/OPS'] }), 'forbidden')
    expectRefusal(await withClaims({ realm_access: { roles: ['root'] } }), 'forbidden')
  })

  test('scopes: all of them, which the challenge then names', async () => {
    rules(
      'rules: [{ match: { paths: [/**] }, access: any, require: { scopes: [read, "models:write"] } }]',
    )
    const withScope = async (scope: string) =>
      validateWith(site, await accessToken(site, { scope }))
    expectPass(await withScope('models:write other read'))
    for (const scope of ['read', 'models:write', 'read models:writer', 'READ models:write', '']) {
      const answer = await withScope(scope)
      expect(answer.status).toBe(403)
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer realm="gatehouse", error="insufficient_scope", scope="read models:write"',
      )
      expect(JSON.parse(answer.body)).toMatchObject({
        code: 'insufficient_scope',
        error: 'insufficient_scope',
        decision_id: site.log.at(-1)?.decision_id,
      })
    }
    expect((await ask('key')).status).toBe(403)
    expect((await ask('session')).status).toBe(403)
  })

  test('an allow list: any one entry, services among them', async () => {
    rules(`
rules:
  - { match: { paths: [/a] }, access: any, allow: ["service:backup", "user:alice"] }
  - { match: { paths: [/b] }, access: any, allow: ["role:backup"] }`)
    expectPass(await ask('key', '/a'), { 'x-service-name': 'backup' })
    expectPass(await ask('session', '/a'))
    expectRefusal(await ask("service's token", '/a'), 'forbidden')
    expectRefusal(await ask('key', '/b'), 'forbidden')
  })
})

describe('switches that weaken security', () => {
  const file = () => `
rules:
  - { match: { paths: [/denied] }, access: deny }
  - { match: { paths: [/public] }, access: public }
  - { match: { paths: [/optional] }, access: optional }
  - { match: { paths: [/service] }, access: service }
  - { match: { paths: [/admin] }, access: user, require: { roles: [admin] } }
  - { match: { paths: [/root] }, access: user, require: { roles: [root] } }
  - { match: { paths: [/listed] }, access: user, allow: ["user:bob"] }
  - { match: { paths: [/scoped] }, access: any, require: { scopes: [read] } }`

  test('AUTH_ENABLED=false passes everyone as nobody, but where a rule denies', async () => {
    await using open = await startTestGateway({ env: { AUTH_ENABLED: 'false' }, file })
    for (const path of ['/public', '/optional', '/service', '/admin', '/root', '/scoped', '/x'])
      expectPass(await open.validate(uri(path)), { 'x-user-id': '', 'x-auth-kind': 'anonymous' })
    const denied = { ...uri('/denied'), Accept: '*/*' }
    expectRefusal(await open.validate(denied), 'forbidden')
    expectRefusal(await open.validate({ ...denied, ...uri('//DENIED') }), 'forbidden')
  })

  test('AUTH_MODE=bypass passes everyone as the test user, who is held to the rules', async () => {
    await using bypass = await startTestGateway({
      env: { AUTH_MODE: 'bypass', AUTH_BYPASS_USER: 'bob:admin,dev' },
      file,
    })
    const as = (path: string, more = {}) =>
      bypass.validate({ ...uri(path), Accept: '*/*', ...more })
    const bob = { 'x-username': 'bob', 'x-user-roles': 'admin,dev', 'x-auth-source': 'bypass' }
    for (const path of ['/x', '/optional', '/admin', '/listed']) expectPass(await as(path), bob)
    for (const own of [{ Authorization: 'Bearer x' }, { Cookie: 'gatehouse=x' }])
      expectPass(await as('/x', own), bob)
    expectPass(await as('/public'), { 'x-username': '', 'x-auth-kind': 'anonymous' })
    expectRefusal(await as('/service'), 'wrong_identity_kind')
    for (const path of ['/denied', '/root']) expectRefusal(await as(path), 'forbidden')
    expect((await as('/scoped')).status).toBe(403)
    const narrowed = (list: string) =>
      bypass.validate({ Accept: '*/*' }, { path: `/validate/allow/${list}` })
    expectPass(await narrowed('role:dev'), bob)
    expectRefusal(await narrowed('role:ops'), 'forbidden')
  })
})
