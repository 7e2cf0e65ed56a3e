import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { accessToken, audience, validateWith } from '../support/access-token.ts'
import { type Callers, keysLine, startCallers, takeOver, uri } from '../support/callers.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import type { TestGateway } from '../support/gateway.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import { signToken } from '../support/sign-token.ts'

const [alice, lukasz, guest] = demoUsers as readonly [User, User, User]

const file = () => `
${keysLine}
claims_mapping:
  groups: teams
  department: dept
  realm_access: realm
  resource_access: clients
  resource_access.models.roles: models
  email: mail
rules:
  - match: { paths: ["/models/{id}"] }
    access: any
    resource: "models::{id}"
  - match: { paths: ["/base/{id}"] }
    access: any
    resource: "models::base:{id}"
  - match: { paths: ["/users/{owner}/**"] }
    access: any
    resource: "files::{owner}"
  - match: { paths: ["/plans/{id}"] }
    access: optional
    resource: "plans::{id}"
  - match: { paths: ["/loose/{id}/**"] }
    access: any
    resource: "loose::{id}"
access_policy:
  - permit: { actions: [read], resource: "models::*" }
    when: user in teams /readers
  - permit: { actions: [create, update], resource: "models::*" }
    when: [user in dept research, user in clients models:editor]
  - permit: { actions: [write], resource: "models::*" }
    when: user in models owner
    unless: user in realm trainee
  - forbid: { actions: [read, write], resource: "models::base:*" }
    unless: user with root in realm
  - permit: { actions: [read, write], resource: "files::*" }
    when: user is owner
  - permit: { actions: [read], resource: "files::shared" }
  - permit: { actions: [read], resource: "plans::*" }
  - permit: { actions: [read], resource: "loose::*" }
  - forbid: { actions: [read], resource: "loose::Secret" }
    when: user not in roles admin
  - permit: { actions: [delete], resource: "plans::*" }
    when: user in mail boss@example.com
`

let site: TestGateway
let partner: IdentityProvider
let callers: Callers
beforeAll(async () => {
  partner = await startIdentityProvider()
  const started = await startCallers({ file })
  site = started.site
  callers = started.callers
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await partner.close()
})

const method = (name: string) => ({ 'X-Forwarded-Method': name })
const ask = async (how: string, claims: Record<string, unknown> = {}) => {
  const [name = '', path = ''] = how.split(' ')
  return validateWith(site, await accessToken(site, claims), { ...method(name), ...uri(path) })
}
const verdict = ({ status, body }: RawAnswer) => (status === 200 ? 'pass' : JSON.parse(body).code)

const reader = { groups: ['/readers'] }
const researcher = {
  department: 'research',
  resource_access: { models: { roles: ['editor'] }, other: { roles: ['x'] } },
}
const owner = { resource_access: { models: { roles: ['owner'] } } }
const trainee = { ...owner, realm_access: { roles: ['trainee'] } }
const root = { ...reader, realm_access: { roles: ['root'] } }

describe('a resource', () => {
  test.each([
    ['GET /models/a', reader, 'pass'],
    ['HEAD /models/a', reader, 'pass'],
    ['GET /models/a', {}, 'forbidden'],
    ['GET /models/a', { groups: ['/reader', '/readers2', '/READERS'] }, 'forbidden'],
    ['POST /models/a', reader, 'forbidden'],
    ['DELETE /models/a', reader, 'forbidden'],
    ['OPTIONS /models/a', { ...reader, ...owner }, 'forbidden'],
    ['PROPFIND /models/a', { ...reader, ...owner }, 'forbidden'],
    ['POST /models/a', researcher, 'pass'],
    ['PUT /models/a', researcher, 'pass'],
    ['PATCH /models/a', researcher, 'pass'],
    ['DELETE /models/a', researcher, 'forbidden'],
    ['GET /models/a', researcher, 'forbidden'],
    ['POST /models/a', { department: 'research' }, 'forbidden'],
    ['POST /models/a', { ...researcher, department: ['sales', 'research'] }, 'pass'],
    ['POST /models/a', { ...researcher, department: 'not research at all' }, 'pass'],
    ['POST /models/a', { ...researcher, department: 'research-x' }, 'forbidden'],
    ['POST /models/a', { ...researcher, resource_access: { models: 'editor' } }, 'forbidden'],
    ['DELETE /models/a', owner, 'pass'],
    ['DELETE /models/a', trainee, 'forbidden'],
    ['GET /base/a', root, 'pass'],
    ['GET /base/a', reader, 'forbidden'],
    ['GET /base/a', { realm_access: { roles: ['root'] } }, 'forbidden'],
    ['GET /models/base:a', reader, 'forbidden'],
    ['GET /models/base%3Aa', reader, 'forbidden'],
    ['GET /models/BASE:a', reader, 'forbidden'],
    ['GET /models//base:a', reader, 'forbidden'],
  ])('%s by %j: %s', async (how, claims, expected) => {
    expect(verdict(await ask(how, claims))).toBe(expected)
  })

  test('that no statement speaks of is refused, and the log says why', async () => {
    expectRefusal(await ask('GET /models/a'), 'forbidden')
    expect(site.log.at(-1)).toMatchObject({ rule: 'rules[0]', reason: expect.any(String) })
    expectRefusal(await ask('GET /base/a', reader), 'forbidden')
    expect(site.log.at(-1)).toMatchObject({
      reason: 'access_policy[3] forbids read on models::base:a',
    })
  })

  test('of a service is judged by what its key or token has', async () => {
    expectRefusal(await site.validate({ ...callers.key, ...uri('/models/a') }), 'forbidden')
    const claims = { sub: 'cli', sid: undefined, ...reader }
    expectPass(await ask('GET /models/a', claims), { 'x-auth-kind': 'service' })
  })

  test('of nobody is permitted only without conditions', async () => {
    expectPass(await site.validate({ ...callers.nobody, ...uri('/plans/a') }))
    const deleting = { ...callers.nobody, ...uri('/plans/a'), ...method('DELETE') }
    expectRefusal(await site.validate(deleting), 'forbidden')
    const asks = (email: string, verified: boolean) =>
      ask('DELETE /plans/a', { email, email_verified: verified })
    expectPass(await asks('boss@example.com', true))
    expectRefusal(await asks('boss@example.com', false), 'forbidden')
    expectRefusal(await asks('other@example.com', true), 'forbidden')
  })

  test('is forbidden in any case of its name, and permitted in its own', async () => {
    for (const name of ['Secret', 'secret', 'SECRET', '%53ecret', 'secret;x', 'x/../Secret'])
      expectRefusal(await ask(`GET /loose/${name}/a`), 'forbidden')
    expectPass(await ask('GET /loose/Secret', { realm_access: { roles: ['admin'] } }))
    expectPass(await ask('GET /loose/public'))
  })
})

describe('an owner', () => {
  test.each([
    [`GET /users/${alice.id}/a`, 'pass'],
    [`PUT /users/${alice.id}/a/b`, 'pass'],
    ['GET /users/alice', 'pass'],
    ['GET /users/ALICE', 'forbidden'],
    ['GET /users/alic', 'forbidden'],
    ['GET /users/alice%2Fx', 'forbidden'],
    [`GET /users/${lukasz.id}/a`, 'forbidden'],
    ['GET /users/lukasz/../alice/a', 'forbidden'],
    ['GET /users/alice/../lukasz/a', 'forbidden'],
    ['GET /users/lukasz;/alice', 'forbidden'],
    ['GET /users/shared/a', 'pass'],
    ['PUT /users/shared/a', 'forbidden'],
    ['GET /users//a', 'forbidden'],
  ])('%s by alice: %s', async (how, expected) => {
    expect(verdict(await ask(how))).toBe(expected)
  })

  test('is who a session is of, and nobody who is named alike elsewhere', async () => {
    expectPass(await site.validate({ ...callers.session, ...uri('/users/alice/a') }))
    const byKey = { ...callers.key, ...uri('/users/backup/a') }
    expectPass(await site.validate(byKey), { 'x-service-name': 'backup' })
    const named = await ask('GET /users/alice/a', {
      sub: 'other',
      preferred_username: undefined,
      email: 'alice',
    })
    expectRefusal(named, 'forbidden')
  })
})

describe('admins', () => {
  const admins = (list: string) => `
admins: [${list}]
issuers:
  partner: { issuer: "${partner.issuer}", audiences: ["${audience}"] }
rules:
  - { match: { paths: [/admin] }, access: user, require: { roles: [admin] } }
  - { match: { paths: [/listed] }, access: user, allow: [role:admin] }
  - { match: { paths: [/when] }, access: user, require: { when: [user in roles admin] } }`
  const everyone = 'Lukasz@Example.com, grace@example.org, carol@example.net'
  const verified = (email: string, is: boolean) => ({ email, email_verified: is })

  test('have the role admin in headers and rules, by a verified address', async () => {
    takeOver(site, admins(everyone))
    const { agent } = await site.signIn(lukasz)
    for (const path of ['/admin', '/listed', '/when', '/page']) {
      expectPass(await site.validateAs(agent, uri(path)), { 'x-user-roles': 'user,admin' })
      const carol = await ask(`GET ${path}`, verified('Carol@example.net', true))
      expectPass(carol, { 'x-user-roles': 'admin' })
    }
    const { agent: unverified } = await site.signIn(guest)
    expectPass(await site.validateAs(unverified), { 'x-user-roles': '' })
    for (const path of ['/admin', '/listed', '/when']) {
      const program = { ...uri(path), Accept: '*/*' }
      expectRefusal(await site.validateAs(unverified, program), 'forbidden')
      expectRefusal(await ask(`GET ${path}`, verified('carol@example.net', false)), 'forbidden')
      expectRefusal(await ask(`GET ${path}`, verified('xcarol@example.net', true)), 'forbidden')
      expectRefusal(await ask(`GET ${path}`, { email: 'carol@example.net' }), 'forbidden')
    }
  })

  test('are none of another issuer, and no services', async () => {
    const carol = verified('carol@example.net', true)
    const claims = { ...carol, iss: partner.issuer, aud: audience, sub: 'carol', azp: 'cli' }
    const now = Math.floor(site.clock.now() / 1_000)
    const foreign = await signToken(
      partner.keys.RS256,
      { ...claims, scope: 'x', iat: now, exp: now + 300 },
      { typ: 'at+jwt' },
    )
    expectPass(await validateWith(site, foreign), {
      'x-user-roles': '',
      'x-auth-provider': 'partner',
    })
    expectRefusal(await validateWith(site, foreign, uri('/admin')), 'forbidden')
    takeOver(site, `${admins(everyone)}\ndefault: { access: any }`)
    const service = await ask('GET /page', { ...carol, sub: 'cli', sid: undefined })
    expectPass(service, { 'x-auth-kind': 'service', 'x-service-roles': '' })
  })

  test('who are taken off the list are none from the next request on', async () => {
    takeOver(site, admins(everyone))
    const { agent } = await site.signIn(lukasz)
    const token = await accessToken(site, verified('carol@example.net', true))
    expectPass(await site.validateAs(agent, uri('/admin')))
    expectPass(await validateWith(site, token, uri('/admin')))
    takeOver(site, admins('somebody@example.com'))
    expectPass(await site.validateAs(agent), { 'x-user-roles': 'user' })
    const program = { ...uri('/admin'), Accept: '*/*' }
    expectRefusal(await site.validateAs(agent, program), 'forbidden')
    expectRefusal(await validateWith(site, token, uri('/admin')), 'forbidden')
    takeOver(site, admins(everyone))
    expectPass(await site.validateAs(agent, uri('/admin')))
    expectPass(await validateWith(site, token, uri('/admin')))
  })
})
