import * as client from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { accessToken, audience, validateWith } from '../support/access-token.ts'
import { expectInvalid } from '../support/crafted-token.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { clientSecret, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { signToken } from '../support/sign-token.ts'

const [alice] = demoUsers as readonly [User]
/** Claims as issuers have them, of whatever types. */
type Odd = Readonly<Record<string, unknown>>

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience },
    file: () => `
rules:
  - { name: services, match: { paths: [/jobs] }, access: service }
  - { name: people, match: { paths: [/people] }, access: user }
  - { name: some, match: { paths: [/some] }, access: any, allow: ["user:alice", "service:cli"] }
  - { name: all, match: { paths: [/page] }, access: any }`,
  })
  site.idp.putClient({
    client_id: 'worker',
    client_secret: clientSecret,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  })
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.alter = undefined
})

const path = (uri: string) => ({ 'X-Forwarded-Uri': uri })
const ask = async (claims: Odd, uri = '/page') =>
  validateWith(site, await accessToken(site, claims), path(uri))

/** A token of the client `worker` by its own credentials, as the real provider gives it. */
async function ownToken(resource?: string): Promise<string> {
  const config = await client.discovery(
    new URL(site.idp.issuer),
    'worker',
    clientSecret,
    undefined,
    { execute: [client.allowInsecureRequests] },
  )
  const scope = 'tools:read'
  const granted = await client.clientCredentialsGrant(config, resource ? { resource, scope } : {})
  return granted.access_token
}

describe('a token is of a service', () => {
  const name = { preferred_username: 'service-account-cli', sub: 'f3a1' }

  test.each<[string, Odd]>([
    ['if its subject is its azp', { sub: 'cli', azp: 'cli' }],
    ['if its subject is its client_id', { sub: 'cli', azp: undefined, client_id: 'cli' }],
    ['if its subject is one of both', { sub: 'cli', azp: 'other', client_id: 'cli' }],
    [
      'if its subject is its azp, with a session and a name',
      { sub: 'cli', sid: 's', email: 'a@b.c' },
    ],
    ['of Keycloak', { ...name, sid: undefined }],
    [
      'of Keycloak, with client_id alone',
      { ...name, sid: undefined, azp: undefined, client_id: 'cli' },
    ],
  ])('%s', async (_name, claims) => {
    expectPass(await ask(claims, '/jobs'), { 'x-auth-kind': 'service' })
    expectRefusal(await ask(claims, '/people'), 'wrong_identity_kind')
  })

  test.each<[string, Odd]>([
    ['with the name and a session', { ...name, preferred_username: 'alice', sub: alice.id }],
    ['with a service’s name in a session', name],
    ['with the name of another service', { ...name, sid: undefined, azp: 'other' }],
    [
      'with a name that is longer',
      { ...name, sid: undefined, preferred_username: 'service-account-cli2' },
    ],
    [
      'with a name that is shorter',
      { ...name, sid: undefined, preferred_username: 'service-account-' },
    ],
    [
      'with a name in capitals',
      { ...name, sid: undefined, preferred_username: 'Service-Account-cli' },
    ],
    ['with a service’s name, and no client', { ...name, sid: undefined, azp: undefined }],
    ['without any claim of a person', { sub: 'x', sid: undefined, preferred_username: undefined }],
    ['without a client', { sub: 'x', sid: undefined, azp: undefined }],
    ['with a list of subjects’ clients', { sub: 'cli', azp: ['cli'], sid: undefined }],
    ['with a role no marker names', { realm_access: { roles: ['service', 'service-account'] } }],
    ['with other marks nobody set', { gty: 'client-credentials', idtyp: 'app' }],
  ])('and not %s', async (_name, claims) => {
    expectRefusal(await ask(claims, '/jobs'), 'wrong_identity_kind')
  })

  test('and not if a person has the subject of another client', async () => {
    const claims = { sub: 'worker', azp: 'cli', preferred_username: 'alice' }
    expectPass(await ask(claims, '/people'), { 'x-auth-kind': 'user' })
  })

  test('and a session never is', async () => {
    const { agent } = await site.signIn()
    const program = { Accept: '*/*' }
    expectRefusal(
      await site.validateAs(agent, { ...path('/jobs'), ...program }),
      'wrong_identity_kind',
    )
    expectPass(await site.validateAs(agent, path('/people')), { 'x-auth-kind': 'user' })
  })
})

describe('the markers of an issuer', () => {
  let marked: TestGateway
  beforeAll(async () => {
    marked = await startTestGateway({
      file: () => `
issuers:
  own:
    issuer: "${site.idp.issuer}"
    audiences: ["${audience}"]
    service: { roles: [service, service-account], typ: [Service], gty: [client-credentials], idtyp: [app] }
default: { access: service }`,
    })
  })
  afterAll(() => marked[Symbol.asyncDispose]())

  test.each<[string, Odd]>([
    ['a role of the realm', { realm_access: { roles: ['user', 'service'] } }],
    ['a role', { roles: ['service-account'] }],
    ['the type', { typ: 'Service' }],
    ['the grant', { gty: 'client-credentials' }],
    ['the grant in a list', { gty: ['x', 'client-credentials'] }],
    ['what Entra has', { idtyp: 'app' }],
  ])('%s makes a service', async (_name, claims) => {
    const token = await accessToken(site, claims)
    expectPass(await validateWith(marked, token), { 'x-auth-kind': 'service' })
  })

  test.each<[string, Odd]>([
    ['none of them', {}],
    ['a role that is longer', { roles: ['services', 'service-accounts', 'Service'] }],
    ['another type of person', { idtyp: 'user' }],
    ['another grant', { gty: 'client-credentials2' }],
    ['a group', { groups: ['service'] }],
  ])('%s makes none', async (_name, claims) => {
    const token = await accessToken(site, claims)
    expectRefusal(await validateWith(marked, token), 'wrong_identity_kind')
  })

  test('a type that nobody set is no access token’s', async () => {
    await expectInvalid(marked, accessToken(site, { typ: 'service' }), 'its typ claim says')
    await expectInvalid(site, accessToken(site, { typ: 'Service' }), 'its typ claim says')
  })
})

test('a service has headers of its own, and none of a person', async () => {
  const claims = {
    ...{ sub: 'f3a1', preferred_username: 'service-account-cli', sid: undefined },
    ...{ email: 'cli@example.com', name: 'CLI', realm_access: { roles: ['backup', 'admin'] } },
  }
  expectPass(await ask(claims), {
    'x-service-name': 'cli',
    'x-service-id': 'f3a1',
    'x-service-roles': 'backup,admin',
    'x-user-id': '',
    'x-username': '',
    'x-user-email': '',
    'x-user-name': '',
    'x-user-roles': '',
    'x-user-groups': '/ops',
    'x-user-scopes': 'profile email',
    'x-client-id': 'cli',
    'x-auth-kind': 'service',
    'x-auth-source': 'bearer',
    'x-session-id': '',
  })
  expectPass(await ask({}), {
    'x-service-name': '',
    'x-service-id': '',
    'x-service-roles': '',
    'x-username': 'alice',
  })
})

test('a list names services apart from people', async () => {
  expectPass(await ask({}, '/some'))
  expectPass(await ask({ sub: 'cli', sid: undefined }, '/some'))
  expectRefusal(await ask({ sub: 'other', azp: 'other', sid: undefined }, '/some'), 'forbidden')
  // A person by the name of a service that is let in, and a service by the name of a person.
  expectRefusal(await ask({ preferred_username: 'cli' }, '/some'), 'forbidden')
  const service = { sub: 'alice', azp: 'alice', preferred_username: 'alice' }
  expectRefusal(await ask(service, '/some'), 'forbidden')
})

describe('a client that asks for itself at the real provider', () => {
  test('has a JWT that passes as a service', async () => {
    expectPass(await validateWith(site, await ownToken(audience), path('/jobs')), {
      'x-service-name': 'worker',
      'x-service-id': 'worker',
      'x-user-scopes': 'tools:read',
      'x-auth-source': 'bearer',
    })
  })

  test('and none for another audience', async () => {
    await expectInvalid(site, ownToken('https://other.example.com'), 'it is not made for')
  })

  test('has an opaque token of no subject: nobody', async () => {
    // The provider leaves out aud and sub. Without an audience, the client must be one of ours.
    await expectInvalid(site, ownToken(), 'it is of another client')
    site.idp.alter = (at, body) =>
      at === '/token/introspection' ? { ...body, aud: audience } : body
    await expectInvalid(site, ownToken(), 'its sub is missing')
  })

  test('has one that passes where the provider says it all, as Keycloak does', async () => {
    site.idp.alter = (at, body) => {
      if (at !== '/token/introspection') return body
      return { ...body, aud: audience, sub: 'f3a1', username: 'service-account-worker' }
    }
    expectPass(await validateWith(site, await ownToken(), path('/jobs')), {
      'x-service-name': 'worker',
      'x-service-id': 'f3a1',
      'x-auth-source': 'introspection',
    })
  })
})

describe('apps that are passed tokens', () => {
  const passing = (token: 'access' | 'id') =>
    startTestGateway({
      env: { AUTH_ALLOWED_AUDIENCES: audience, PASS_TOKEN: token },
      file: () => 'default: { access: any }',
    })

  test.each(['access', 'id'] as const)('PASS_TOKEN=%s passes the caller’s own', async (which) => {
    await using own = await passing(which)
    for (const claims of [{}, { sub: 'cli', sid: undefined }] as Odd[]) {
      const token = await accessToken(own, claims)
      const authorization = `Bearer ${token}`
      expectPassing(await validateWith(own, token), authorization)
      expectPassing(await validateWith(own, token), authorization)
    }
  })

  test('are passed none that the client sent beside a session, and none without one', async () => {
    await using own = await passing('access')
    const { agent } = await own.signIn()
    const basic = await own.validateAs(agent, { Authorization: 'Basic YTpi' })
    expect(basic.status).toBe(200)
    expect(basic.headers.authorization).toMatch(/^Bearer [\w-]+$/)
    const token = await signToken(site.idp.keys.RS256, {})
    expectRefusal(await validateWith(own, token), 'invalid_token')
  })
})

function expectPassing(
  {
    status,
    headers,
  }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  authorization: string,
): void {
  expect([status, headers.authorization]).toEqual([200, authorization])
}
