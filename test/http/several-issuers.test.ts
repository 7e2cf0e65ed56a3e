import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { loadSettings } from '../../src/config/load.ts'
import { accessToken, audience, validateWith } from '../support/access-token.ts'
import { expectInvalid } from '../support/crafted-token.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { clientId, clientSecret, startTestGateway, type TestGateway } from '../support/gateway.ts'

const [alice] = demoUsers as readonly [User]
type Odd = Readonly<Record<string, unknown>>

let partner: IdentityProvider
let site: TestGateway

beforeAll(async () => {
  partner = await startIdentityProvider()
  site = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience, IDENTITY_HEADERS: 'x-user,remote' },
    file: () => file(),
  })
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await partner.close()
})
beforeEach(() => reload())

/** The partner's tokens are for another audience than ours. */
const file = (partnerHas = '', more = 'default: { access: any }') =>
  `issuers: { partner: { issuer: "${partner.issuer}", audiences: [partner-api] ${partnerHas} } }\n${more}`

function reload(partnerHas = '', env: Readonly<Record<string, string>> = {}, more?: string) {
  const loaded = loadSettings(
    { ...site.env, CONFIG_FILE: file(partnerHas, more), ...env },
    (text) => text,
  )
  expect(loaded).toMatchObject({ kind: 'ok' })
  site.gateway.reload(loaded)
}

const ours = (claims: Odd = {}) => accessToken(site, claims)
const theirs = (claims: Odd = {}, header: Odd = {}) =>
  accessToken({ idp: partner, clock: site.clock }, { aud: 'partner-api', ...claims }, header)
const ask = async (token: Promise<string>, headers = {}) => validateWith(site, await token, headers)

describe('each issuer', () => {
  test('has audiences of its own', async () => {
    expectPass(await ask(ours()), { 'x-auth-provider': 'default' })
    expectPass(await ask(theirs()), { 'x-auth-provider': 'partner' })
    await expectInvalid(site, ours({ aud: 'partner-api' }), 'its aud has none of https://api')
    await expectInvalid(site, theirs({ aud: audience }), 'its aud has none of partner-api')
    expectPass(await ask(theirs({ aud: [audience, 'partner-api'] })))
  })

  test('has keys of its own: both have the same names for them', async () => {
    const mixed = [theirs({ iss: site.idp.issuer, aud: audience }), ours({ iss: partner.issuer })]
    await expectInvalid(site, mixed[0] ?? '', 'VERIFICATION_FAILED')
    await expectInvalid(site, mixed[1] ?? '', 'its aud has none of')
    const forged = ours({ iss: partner.issuer, aud: 'partner-api' })
    await expectInvalid(site, forged, 'VERIFICATION_FAILED')
  })

  test('has clients, algorithms and scopes of its own', async () => {
    reload(', clients: [web], required_scope: [call]')
    expectPass(await ask(ours()))
    await expectInvalid(site, theirs(), 'a client that is not among those')
    expect((await ask(theirs({ azp: 'web' }))).status).toBe(403)
    expectPass(await ask(theirs({ azp: 'web', scope: 'call' })))
    reload(', algorithms: [ES256]')
    expectPass(await ask(ours()))
    await expectInvalid(site, theirs(), 'its alg is none of')
  })

  test('that is gone is gone with its tokens', async () => {
    const token = theirs()
    expectPass(await ask(token))
    site.gateway.reload(loadSettings({ ...site.env, CONFIG_FILE: '' }, (text) => text))
    await expectInvalid(site, token, 'it is of no issuer')
    expectPass(await ask(ours({ sub: 'x' })))
  })

  test('that is down is down for its own tokens alone', async () => {
    await using third = await startIdentityProvider()
    const { clock } = site
    const token = accessToken({ idp: third, clock }, { aud: 'third' })
    site.gateway.reload(
      loadSettings(
        {
          ...site.env,
          CONFIG_FILE: `issuers: { third: { issuer: "${third.issuer}", audiences: [third] } }`,
        },
        (text) => text,
      ),
    )
    await third.close()
    expectRefusal(await ask(token), 'idp_unavailable')
    expectPass(await ask(ours({ sub: 'unknown' })))
  })
})

describe('a stranger’s words', () => {
  const claims = {
    groups: ['/ops'],
    realm_access: { roles: ['admin'] },
    roles: ['admin'],
    teams: ['red'],
    duties: ['reader'],
  }

  test('give no roles and no groups, unless somebody says where they are', async () => {
    expectPass(await ask(theirs(claims)), { 'x-user-roles': '', 'x-user-groups': '' })
    expectPass(await ask(ours(claims)), { 'x-user-roles': 'admin', 'x-user-groups': '/ops' })
    reload(', roles_claim: [duties], groups_claim: [teams]')
    expectPass(await ask(theirs(claims)), { 'x-user-roles': 'reader', 'x-user-groups': 'red' })
  })

  test('are about people and services of its own', async () => {
    expectPass(await ask(theirs()), {
      'x-user-id': `partner:${alice.id}`,
      'x-username': 'alice',
      'remote-user': 'partner:alice',
    })
    expectPass(await ask(ours()), { 'x-user-id': alice.id, 'remote-user': 'alice' })
    const service = { sub: 'cli', sid: undefined }
    expectPass(await ask(theirs(service)), {
      'x-service-name': 'partner:cli',
      'x-service-id': 'partner:cli',
      'x-client-id': 'cli',
    })
    expectPass(await ask(ours(service)), { 'x-service-name': 'cli', 'x-service-id': 'cli' })
  })

  test('do not show it opaque tokens', async () => {
    const before = partner.requests.length
    await expectInvalid(site, 'opaque', 'it is not active')
    expect(partner.requests.length).toBe(before)
  })

  test('are asked about at the one that is chosen', async () => {
    partner.putClient({
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [],
      response_types: [],
    })
    reload(`, introspection: opaque, client_id: ${clientId}, client_secret: ${clientSecret}`)
    const before = site.idp.requests.length
    await expectInvalid(site, 'opaque', 'it is not active')
    expect(site.idp.requests.length).toBe(before)
    expect(partner.requests.at(-1)?.path).toBe('/token/introspection')
  })
})

describe('who is let in', () => {
  const service = { sub: 'cli', sid: undefined }

  test('ALLOW is for people who come with tokens, too, and not for services', async () => {
    reload('', { ALLOW: 'user:alice' })
    expectPass(await ask(ours()))
    expectRefusal(await ask(ours({ preferred_username: 'bob' })), 'forbidden')
    expectRefusal(await ask(theirs()), 'forbidden')
    expectPass(await ask(ours(service)))
    expectPass(await ask(theirs(service)))
    reload('', { ALLOW: 'user:partner:alice' })
    expectPass(await ask(theirs()))
    expectRefusal(await ask(ours()), 'forbidden')
  })

  test('lists of rules name services with their issuer', async () => {
    reload('', {}, 'default: { access: any, allow: ["service:partner:cli"] }')
    expectPass(await ask(theirs(service)))
    expectRefusal(await ask(ours(service)), 'forbidden')
    reload('', {}, 'default: { access: any, allow: ["service:cli"] }')
    expectPass(await ask(ours(service)))
    expectRefusal(await ask(theirs(service)), 'forbidden')
  })

  test('an issuer’s own list comes in place of it', async () => {
    reload(', allow: ["user:partner:bob"]', { ALLOW: 'user:alice' })
    expectPass(await ask(ours()))
    expectRefusal(await ask(theirs()), 'forbidden')
    expectPass(await ask(theirs({ preferred_username: 'bob' })))
    expectRefusal(await ask(ours({ preferred_username: 'bob' })), 'forbidden')
  })

  test('AUTH_REQUIRED_SCOPE is for tokens of all issuers, and for no session', async () => {
    const { agent } = await site.signIn()
    reload(', required_scope: [more]', { AUTH_REQUIRED_SCOPE: 'call' })
    const refused = async (token: Promise<string>, scope: string) => {
      const { status, headers } = await ask(token)
      expect([status, headers['www-authenticate']]).toEqual([
        403,
        `Bearer realm="gatehouse", error="insufficient_scope", scope="${scope}"`,
      ])
    }
    await refused(ours(), 'call')
    await refused(ours({ scope: 'calls recall call:all' }), 'call')
    await refused(theirs({ scope: 'call' }), 'more')
    await refused(theirs(), 'call more')
    expectPass(await ask(ours({ scope: 'x call' })))
    expectPass(await ask(ours({ scope: undefined, scp: ['call'] })))
    expectPass(await ask(theirs({ scope: 'more call' })))
    expectPass(await site.validateAs(agent))
  })
})

test('AUTH_TRUSTED_ISSUERS names issuers without a file', async () => {
  const AUTH_TRUSTED_ISSUERS = `${site.idp.issuer},${partner.issuer}`
  const env = { AUTH_TRUSTED_ISSUERS, CONFIG_FILE: 'default: { access: any }' }
  site.gateway.reload(loadSettings({ ...site.env, ...env }, (text) => text))
  const name = `localhost-${new URL(partner.issuer).port}`
  expectPass(await ask(theirs({ aud: audience })), {
    'x-user-id': `${name}:${alice.id}`,
    'x-auth-provider': name,
  })
  await expectInvalid(site, theirs(), 'its aud has none of')
  expectPass(await ask(ours()), { 'x-user-id': alice.id })
})
