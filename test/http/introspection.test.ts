import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { audience, validateWith } from '../support/access-token.ts'
import { asked, expectInvalid } from '../support/crafted-token.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { clientId, clientSecret, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { hold } from '../support/hold.ts'
import { answerAboutTokens, introspectionPath, opaqueToken } from '../support/introspection.ts'

const [alice] = demoUsers as readonly [User]
const path = introspectionPath
const patiently = { timeout: 10_000 }

let site: TestGateway
/** The opaque access token of a real sign-in. */
let token: string

async function start(): Promise<void> {
  site = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
}

async function signIn(): Promise<void> {
  token = await opaqueToken(site)
}

const stop = () => site[Symbol.asyncDispose]()

async function revoke({ idp }: TestGateway, revoked: string): Promise<void> {
  const answer = await fetch(`${idp.issuer}/token/revocation`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ token: revoked }),
  })
  expect(answer.status).toBe(200)
}

/** What the real provider says of the token, but for these. */
const says = (changes: Readonly<Record<string, unknown>>) => {
  site.idp.alter = (at, body) => (at === path ? { ...body, ...changes } : body)
}

describe('an opaque token', () => {
  beforeEach(async () => {
    await start()
    await signIn()
  })
  afterEach(stop)

  test('passes by what its issuer says of it', async () => {
    expectPass(await validateWith(site, token), {
      'x-user-id': alice.id,
      'x-username': 'alice',
      'x-user-roles': 'admin,user',
      'x-user-groups': '/engineering,/ops',
      'x-client-id': clientId,
      'x-auth-source': 'introspection',
      'x-auth-kind': 'user',
    })
  })

  test('is asked about once for thirty seconds, also by ten at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => validateWith(site, token)))
    for (const one of answers) expectPass(one)
    site.clock.advance(25_000)
    expectPass(await validateWith(site, token))
    expect(asked(site, path)).toBe(1)
  })

  test('B-21 that is revoked is refused after the question in the background', async () => {
    expectPass(await validateWith(site, token))
    await revoke(site, token)
    site.clock.advance(25_000)
    expectPass(await validateWith(site, token))
    site.clock.advance(6_000)
    // This one begins the question, and does not wait for it.
    expectPass(await validateWith(site, token))
    await vi.waitUntil(async () => (await validateWith(site, token)).status === 401, patiently)
    expect(asked(site, path)).toBe(2)
  })

  test('B-21 that is revoked is refused after a minute at the latest', async () => {
    expectPass(await validateWith(site, token))
    await revoke(site, token)
    site.clock.advance(60_001)
    await expectInvalid(site, token, 'it is not active')
  })

  test('that is known passes until its end while the provider is down, an unknown one waits', async () => {
    expectPass(await validateWith(site, token))
    const unknown = await opaqueToken(site)
    await site.idp.close()
    for (let seconds = 0; seconds < 320; seconds += 40) {
      expectPass(await validateWith(site, token))
      expectRefusal(await validateWith(site, unknown), 'idp_unavailable')
      site.clock.advance(40_000)
    }
    site.clock.advance(20_000)
    await expectInvalid(site, token, 'it has expired')
  })

  test('that is not active is asked about again after ten seconds', async () => {
    await expectInvalid(site, 'unknown', 'it is not active')
    site.clock.advance(5_000)
    await expectInvalid(site, 'unknown', 'a moment ago that it is not active')
    expect(asked(site, path)).toBe(1)
    site.clock.advance(5_001)
    await expectInvalid(site, 'unknown', 'the issuer says that it is not active')
    expect(asked(site, path)).toBe(2)
  })

  test('whose end nobody tells is believed for a minute, then asked about', async () => {
    says({ exp: undefined })
    expectPass(await validateWith(site, token))
    site.clock.advance(60_001)
    expectPass(await validateWith(site, token))
    expect(asked(site, path)).toBe(2)
    site.clock.advance(60_001)
    await site.idp.close()
    expectRefusal(await validateWith(site, token), 'idp_unavailable')
  })

  test('is shown to nobody where introspection is off', async () => {
    await using silent = await startTestGateway({
      env: { AUTH_ALLOWED_AUDIENCES: audience },
      idp: { port: 0 },
      file: () => 'issuers: { other: { issuer: "http://localhost:1", audiences: [x] } }',
    })
    await using off = await startTestGateway({
      file: () => `issuers: { own: { issuer: "${silent.idp.issuer}", audiences: [x] } }`,
    })
    await expectInvalid(off, await opaqueToken(silent), 'it is of no issuer')
    expect(asked(silent, path)).toBe(0)
    expect(asked(off, path)).toBe(0)
  })

  test('is asked about with 63 others at most: the next is told to come again', async () => {
    const held = hold(site.idp, path)
    const waiting = Array.from({ length: 64 }, (_, i) => validateWith(site, `unknown-${i}`))
    await vi.waitUntil(() => held.count() === 64, patiently)
    expectRefusal(await validateWith(site, 'one-more'), 'idp_unavailable')
    expect(held.count()).toBe(64)
    held.release()
    for (const one of await Promise.all(waiting)) expectRefusal(one, 'invalid_token')
    await expectInvalid(site, 'one-more', 'it is not active')
  })
})

describe('what the issuer says of a token', () => {
  beforeAll(start)
  beforeEach(signIn)
  afterEach(() => {
    site.idp.alter = undefined
    site.idp.intercept = undefined
  })
  afterAll(stop)

  const now = () => Math.floor(site.clock.now() / 1_000)

  test.each<[string, () => Readonly<Record<string, unknown>>, string]>([
    ['active as a text', () => ({ active: 'true' }), 'no answer about the token'],
    ['active as a number', () => ({ active: 1 }), 'no answer about the token'],
    ['not whether it is active', () => ({ active: undefined }), 'no answer about the token'],
    ['another issuer', () => ({ iss: 'https://other.example' }), 'it is of another issuer'],
    ['an end that is past', () => ({ exp: now() - 31 }), 'it has expired'],
    [
      'an end that is a text',
      () => ({ exp: String(now() + 60) }),
      'its exp is missing, or no time',
    ],
    ['a beginning to come', () => ({ nbf: now() + 60 }), 'its nbf is no time'],
    ['another audience', () => ({ aud: 'https://other.example' }), 'it is not made for this'],
    ['an empty list of audiences', () => ({ aud: [] }), 'it is not made for this'],
    ['another client, and no audience', () => ({ client_id: 'other' }), 'of another client'],
    ['no client, and no audience', () => ({ client_id: undefined }), 'of another client'],
    [
      'no type, and no audience',
      () => ({ token_type: undefined }),
      'does not say that it is an access',
    ],
    ['another type', () => ({ token_type: 'DPoP' }), 'its token_type says'],
    ['a type that is no text', () => ({ token_type: ['Bearer'] }), 'its token_type says'],
    ['that it is for refreshing', () => ({ token_use: 'refresh_token' }), 'its token_use says'],
    ['that it is for refreshing, as Keycloak', () => ({ typ: 'Refresh' }), 'its typ claim says'],
    ['that it is bound to a key', () => ({ cnf: { jkt: 'x' } }), 'it is bound to a key'],
    ['no subject', () => ({ sub: undefined }), 'its sub is missing'],
    ['an odd subject', () => ({ sub: 42 }), 'its sub is missing'],
  ])('%s: refused', async (_name, changes, reason) => {
    says(changes())
    await expectInvalid(site, token, reason)
  })

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['our audience, and another client', { aud: audience, client_id: 'other' }],
    ['our audience, and no type', { aud: ['x', audience], token_type: undefined }],
    ['no type, but its use, as Ory Hydra', { token_type: undefined, token_use: 'access_token' }],
    ['its type in lower case', { token_type: 'bearer' }],
    ['no issuer', { iss: undefined }],
  ])('%s: passes', async (_name, changes) => {
    says(changes)
    expectPass(await validateWith(site, token))
  })

  test('a client that is not among those of the issuer: refused', async () => {
    await using narrow = await startTestGateway({
      env: { AUTH_ALLOWED_AUDIENCES: audience },
      file: () => `
issuers:
  own: { issuer: "${site.idp.issuer}", audiences: ["${audience}"], clients: [cli], introspection: opaque, client_id: ${clientId}, client_secret: ${clientSecret} }`,
    })
    says({ aud: audience })
    await expectInvalid(narrow, token, 'a client that is not among those')
    says({ aud: audience, client_id: 'cli' })
    narrow.clock.advance(10_001)
    expectPass(await validateWith(narrow, token), { 'x-client-id': 'cli' })
  })

  test('a name under the name of RFC 7662', async () => {
    says({ preferred_username: undefined, username: 'alice@laptop' })
    expectPass(await validateWith(site, token), { 'x-username': 'alice@laptop' })
  })

  test.each<[string, string, { status?: number; type?: string }]>([
    ['the gateway is not let in', '{"error":"invalid_client"}', { status: 401 }],
    ['it may not ask', '{"error":"access_denied"}', { status: 403 }],
    ['a page', '<h1>Hello</h1>', { type: 'text/html' }],
    ['no JSON', '{"active":true', {}],
    ['a list', '[{"active":true}]', {}],
    ['null', 'null', {}],
    ['a redirect', '', { status: 302 }],
  ])('%s: refused', async (_name, body, options) => {
    answerAboutTokens(site, body, options)
    await expectInvalid(site, token, 'no answer about the token')
  })

  test('an error: 503, also after it has answered', async () => {
    answerAboutTokens(site, '', { status: 500 })
    expectRefusal(await validateWith(site, token), 'idp_unavailable')
    site.idp.intercept = undefined
    expectPass(await validateWith(site, token))
  })
})
