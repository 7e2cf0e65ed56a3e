import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { demoUsers } from '../../../demo/idp/users.ts'
import { loadSettings } from '../../../src/config/load.ts'
import { accessToken, audience, validateWith } from '../../support/access-token.ts'
import { logoutToken } from '../../support/backchannel.ts'
import { asked, craftedToken, expectInvalid } from '../../support/crafted-token.ts'
import { expectPass } from '../../support/decisions.ts'
import { clientId, startTestGateway, type TestGateway } from '../../support/gateway.ts'

/** Claims as an attacker writes them, of whatever types. */
type Odd = Readonly<Record<string, unknown>>

let site: TestGateway

beforeAll(async () => {
  // The client's own id is an audience here, as it is with many providers: id tokens have it, too.
  site = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: `${audience},${clientId}` } })
})
afterAll(() => site[Symbol.asyncDispose]())

const token = (claims: Odd = {}, header: Odd = {}) => accessToken(site, claims, header)
const passes = async (claims: Odd, header: Odd = {}) =>
  expectPass(await validateWith(site, await token(claims, header)))

describe('B-08 the audience', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['empty', ''],
    ['an empty list', []],
    ['another', 'https://other.example.com'],
    ['a part of ours', 'https://api.example.co'],
    ['longer than ours', `${audience}.evil.example`],
    ['a path below ours', `${audience}/v1`],
    ['ours with a slash', `${audience}/`],
    ['ours in capitals', audience.toUpperCase()],
    ['a text that holds ours', `https://other.example ${audience}`],
    ['a list that holds it in a text', [`https://other.example,${audience}`]],
    ['a list in a list', [[audience]]],
    ['a list with something odd', [audience, 42]],
    ['an object with ours as a key', { [audience]: true }],
    ['an object that is nearly a list', { 0: audience, length: 1 }],
    ['both of ours in a text', `${audience},${clientId}`],
    ['the name of an array', '0'],
  ])('B-08 that is %s', async (_name, aud) => {
    await expectInvalid(site, token({ aud }), 'it is not made for this service')
  })

  test('B-08 that is missing, or the subject, where the issuer is not asked', async () => {
    await using silent = await startTestGateway({
      file: () => `issuers: { own: { issuer: "${site.idp.issuer}", audiences: ["${audience}"] } }`,
    })
    await expectInvalid(silent, token({ aud: undefined }), 'it is not made for this service')
    await expectInvalid(silent, token({ sub: undefined }), 'its sub is missing, or no subject')
    expect(asked(site, '/token/introspection')).toBe(0)
  })

  test('B-08 ours among others is ours', async () => {
    await passes({ aud: ['https://other.example', audience] })
    await passes({ aud: [audience] })
  })

  test('B-08 without an audience in the settings no token passes, and more does not start', async () => {
    await using closed = await startTestGateway()
    await expectInvalid(closed, accessToken(closed), 'set AUTH_ALLOWED_AUDIENCES')
    for (const more of [
      { AUTH_TRUSTED_ISSUERS: closed.idp.issuer },
      { AUTH_MODE: 'direct_keycloak' },
      { CONFIG_FILE: 'issuers: { ci: { issuer: "https://ci.example" } }' },
    ]) {
      const loaded = loadSettings({ ...closed.env, ...more }, (text) => text)
      expect(loaded.kind).toBe('problems')
    }
  })
})

describe('B-09 the issuer', () => {
  test.each<[string, (issuer: string) => unknown]>([
    ['missing', () => undefined],
    ['null', () => null],
    ['a list of ours', (issuer) => [issuer]],
    ['a list of two', (issuer) => [issuer, 'https://evil.example']],
    ['ours with a slash', (issuer) => `${issuer}/`],
    ['ours with a path', (issuer) => `${issuer}/realms/other`],
    ['ours in capitals', (issuer) => issuer.toUpperCase()],
    ['ours by another name', (issuer) => issuer.replace('localhost', '127.0.0.1')],
    ['ours with a space', (issuer) => ` ${issuer}`],
    ['a part of ours', (issuer) => issuer.slice(0, -1)],
    ['ours in front of another host', (issuer) => `${issuer}@evil.example`],
    ['an object', (issuer) => ({ toString: issuer })],
    ['a name every object has', () => '__proto__'],
    ['another name every object has', () => 'constructor'],
  ])('B-09 that is %s', async (_name, iss) => {
    await expectInvalid(site, token({ iss: iss(site.idp.issuer) }), 'it is of no issuer')
  })
})

describe('B-10 a token of another kind', () => {
  /** The tokens of a real sign-in. */
  const tokensOfSignIn = async () => {
    const seen: Record<string, unknown>[] = []
    site.idp.alter = (path, body) => {
      if (path === '/token') seen.push(body)
      return body
    }
    await site.signIn()
    site.idp.alter = undefined
    return seen[0] ?? {}
  }

  test('B-10 the id token of a real sign-in', async () => {
    const { id_token: idToken } = await tokensOfSignIn()
    expect(decodeJwt(String(idToken))).toMatchObject({ aud: clientId, nonce: expect.any(String) })
    await expectInvalid(site, String(idToken), 'it is an id token')
  })

  test('B-10 the id token of a refresh, which has no nonce', async () => {
    const { id_token: idToken } = await tokensOfSignIn()
    const { nonce: _, at_hash: __, ...claims } = decodeJwt(String(idToken))
    const { typ: ___, ...header } = decodeProtectedHeader(String(idToken))
    const plain = craftedToken(site.idp.keys.RS256, header, claims)
    await expectInvalid(site, plain, 'as id tokens are')
    // What marks an access token is a scope.
    const scoped = craftedToken(site.idp.keys.RS256, header, { ...claims, scope: 'api' })
    expectPass(await validateWith(site, scoped))
  })

  test('B-10 the refresh token of a real sign-in', async () => {
    const { refresh_token: refreshToken } = await tokensOfSignIn()
    expect(refreshToken).toEqual(expect.any(String))
    await expectInvalid(site, String(refreshToken), 'does not say that it is an access token')
  })

  test('B-10 a logout token', async () => {
    await expectInvalid(site, logoutToken(site), 'its typ is not that of an access token')
    const untyped = logoutToken(site, {}, { typ: 'JWT' })
    await expectInvalid(site, untyped, 'it is an id token or a logout token')
  })

  test.each(['ID', 'Refresh', 'Offline', 'Logout', 'id', '', 'Bearer '])(
    'B-10 typ %j in the payload, where Keycloak has it',
    async (typ) => {
      await expectInvalid(site, token({ typ }, { typ: 'JWT' }), 'its typ claim says')
      await expectInvalid(site, token({ typ }), 'its typ claim says')
    },
  )

  test.each<[string, unknown]>([
    ['null', null],
    ['a list', ['Bearer']],
    ['true', true],
  ])('B-10 typ in the payload that is %s', async (_name, typ) => {
    await expectInvalid(site, token({ typ }, { typ: 'JWT' }), 'its typ claim says')
  })

  test.each<[string, unknown]>([
    ['that of logout tokens', 'logout+jwt'],
    ['that of DPoP proofs', 'dpop+jwt'],
    ['that of client assertions', 'client-authentication+jwt'],
    ['that of introspection answers', 'token-introspection+jwt'],
    ['that of events', 'secevent+jwt'],
    ['longer', 'at+jwt2'],
    ['empty', ''],
    ['a list', ['at+jwt']],
    ['null', null],
  ])('B-10 typ in the header that is %s', async (_name, typ) => {
    await expectInvalid(site, token({}, { typ }), 'its typ is not that of an access token')
  })

  test.each(['id', 'refresh', 'refresh_token', '', ['access']])(
    'B-10 token_use %j',
    async (use) => {
      await expectInvalid(site, token({ token_use: use }, { typ: 'JWT' }), 'its token_use says')
    },
  )

  test.each(['nonce', 'at_hash', 'c_hash', 's_hash', 'events'])(
    'B-10 %s in a token that no type marks',
    async (name) => {
      await expectInvalid(site, token({ [name]: 'x' }, { typ: undefined }), 'it is an id token')
    },
  )

  test('B-10 the forms of access tokens pass: RFC 9068, Keycloak, Cognito, and none in particular', async () => {
    await passes({}, { typ: 'at+jwt' })
    await passes({}, { typ: 'application/at+jwt' })
    await passes({ typ: 'Bearer', nonce: 'Keycloak has it here too' }, { typ: 'JWT' })
    await passes({ token_use: 'access' }, { typ: undefined })
    await passes({}, { typ: undefined })
  })
})

test('B-11 a token that another client of the realm was given', async () => {
  await using narrow = await startTestGateway({
    file: () =>
      `issuers: { own: { issuer: "${site.idp.issuer}", audiences: ["${audience}"], clients: [cli, web] } }`,
  })
  for (const claims of [
    { azp: 'other' },
    { azp: 'cli2' },
    { azp: 'cli,web' },
    { azp: ['cli'] },
    { azp: undefined },
    { azp: undefined, client_id: 'other' },
    // The client that asked is azp; a client_id beside it does not count.
    { azp: 'other', client_id: 'cli' },
  ] as Odd[])
    await expectInvalid(narrow, token(claims), 'a client that is not among those')
  expectPass(await validateWith(narrow, await token()), { 'x-client-id': 'cli' })
  const plain = await token({ azp: undefined, client_id: 'web' })
  expectPass(await validateWith(narrow, plain), { 'x-client-id': 'web' })
})

describe('B-12 the times of a token', () => {
  const noTimes: readonly [string, unknown][] = [
    ['null', null],
    ['a text', '9999999999'],
    ['a list', [9_999_999_999]],
    ['an object', { valueOf: 9_999_999_999 }],
    ['true', true],
    ['negative', -1],
    ['in milliseconds', 1_893_456_000_000],
    ['2^53', 2 ** 53],
    ['the largest number there is', Number.MAX_VALUE],
  ]

  test('B-12 exp that is missing', async () => {
    await expectInvalid(site, token({ exp: undefined }), 'its exp is missing')
  })

  test.each(noTimes)('B-12 exp, nbf and iat that are %s', async (_name, value) => {
    await expectInvalid(site, token({ exp: value }), 'its exp is missing, or no time')
    await expectInvalid(site, token({ nbf: value }), 'its nbf is no time')
    await expectInvalid(site, token({ iat: value }), 'its iat is no time')
  })

  test('B-12 exp that no number can hold', async () => {
    for (const exp of ['1e999', '-1e999', '99999999999999999999999']) {
      const claims = JSON.stringify({ ...decodeJwt(await token()), exp: 0 })
      const body = claims.replace('"exp":0', `"exp":${exp}`)
      const odd = craftedToken(site.idp.keys.RS256, { alg: 'RS256', kid: 'demo-rs256' }, body)
      await expectInvalid(site, odd, 'its exp is missing, or no time')
    }
  })

  test('B-12 fractions are times', async () => {
    const now = site.clock.now() / 1_000
    await passes({ exp: now + 10.25, nbf: now - 0.5, iat: now - 0.75 })
  })
})

describe('B-13 a clock that is off', () => {
  beforeEach(() => {
    // It stands still, so that a second is a second on a slow machine.
    vi.spyOn(Date, 'now').mockReturnValue(Date.now())
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const seconds = (from: TestGateway, offset: number) => from.clock.now() / 1_000 + offset

  test('B-13 by 29 seconds passes, either way, and by 31 does not', async () => {
    await passes({ exp: seconds(site, -29) })
    await expectInvalid(site, token({ exp: seconds(site, -31) }), 'it has expired')
    await passes({ nbf: seconds(site, 29) })
    await expectInvalid(site, token({ nbf: seconds(site, 31) }), 'its nbf is no time, or is still')
    await passes({ iat: seconds(site, 29) })
    await expectInvalid(site, token({ iat: seconds(site, 31) }), 'its iat is no time, or is still')
  })

  test('B-13 by 29 seconds passes a token that is known, and by 31 does not', async () => {
    await using own = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
    const known = await accessToken(own, { exp: seconds(own, 300) })
    expectPass(await validateWith(own, known))
    own.clock.advance(329_000)
    expectPass(await validateWith(own, known))
    own.clock.advance(2_000)
    await expectInvalid(own, known, 'it has expired')
    await expectInvalid(own, known, 'it has expired')
  })
})

test.each<[string, unknown]>([
  ['a DPoP key', { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' }],
  ['a certificate', { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' }],
  ['nothing known', {}],
  ['null', null],
])('B-23 a token that is bound to %s', async (_name, cnf) => {
  await expectInvalid(site, token({ cnf }), 'it is bound to a key of its sender')
})

test.each<[string, unknown]>([
  ['empty', ''],
  ['null', null],
  ['a number', 42],
  ['a list', [demoUsers[0]?.id]],
  ['of 256 characters', 'x'.repeat(256)],
])('a subject that is %s is nobody', async (_name, sub) => {
  await expectInvalid(site, token({ sub, azp: undefined }), 'its sub is missing, or no subject')
})
