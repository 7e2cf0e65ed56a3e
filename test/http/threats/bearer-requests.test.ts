import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from '../../../src/config/load.ts'
import { accessClaims, accessToken, audience, validateWith } from '../../support/access-token.ts'
import { craftedToken, expectInvalid } from '../../support/crafted-token.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { unsignedToken } from '../../support/sign-token.ts'

let site: TestGateway
let token: string

beforeAll(async () => {
  site = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
  token = await accessToken(site)
})
afterAll(() => site[Symbol.asyncDispose]())

const program = { Accept: '*/*' }
const page = {
  Accept: 'text/html,application/xhtml+xml',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Site': 'none',
  'Upgrade-Insecure-Requests': '1',
}
const authorized = (Authorization: string | readonly string[], more: object = {}) =>
  site.validate({ ...program, Authorization, ...more })

describe('B-18 the scheme', () => {
  test.each(['Bearer TOKEN', 'bearer TOKEN', 'BEARER TOKEN', 'bEaReR   TOKEN', ' Bearer TOKEN '])(
    'B-18 %j passes',
    async (value) => {
      expectPass(await authorized(value.replaceAll('TOKEN', token)))
    },
  )

  test.each([
    ...['Bearer', 'Bearer ', 'bearer', 'Bearer\t', 'Bearer,', 'Bearer ='],
    ...['Bearer\tTOKEN', 'Bearer \tTOKEN', 'Bearer TOKEN\tx', 'Bearer,TOKEN', 'Bearer , TOKEN'],
    ...['Bearer TOKEN,TOKEN', 'Bearer TOKEN, Bearer TOKEN', 'Bearer x, Bearer TOKEN'],
    ...['Bearer TOKEN,', 'Bearer TOKEN TOKEN', 'Bearer TOKEN x', 'Bearer Bearer TOKEN'],
    ...['Bearer "TOKEN"', "Bearer 'TOKEN'", 'Bearer <TOKEN>', 'Bearer {TOKEN}', 'Bearer [TOKEN]'],
    ...['Bearer token=TOKEN', 'Bearer access_token="TOKEN"', 'Bearer realm="x", TOKEN'],
    ...['Bearer TOKEN;', 'Bearer TOKEN?', 'Bearer :TOKEN', 'Bearer TOKEN%20', 'Bearer TOKEN\\'],
    ...['Bearer undefined', 'Bearer null', 'Bearer none', 'Bearer true', 'Bearer *'],
  ])('B-18 %j: 401 for the token', async (value) => {
    expectRefusal(await authorized(value.replaceAll('TOKEN', token)), 'invalid_token')
  })

  test.each([
    ...['TOKEN', 'Token TOKEN', 'BearerTOKEN', 'Bearer:TOKEN', 'Bearer=TOKEN', '"Bearer" TOKEN'],
    ...['Bearer/TOKEN', 'Bearer;TOKEN', 'Bearers TOKEN', 'XBearer TOKEN', 'JWT TOKEN'],
    ...['DPoP TOKEN', 'Basic TOKEN', 'Negotiate TOKEN', 'OAuth TOKEN', 'Basic x, Bearer TOKEN'],
    ...[',Bearer TOKEN', ', Bearer TOKEN', 'Authorization: Bearer TOKEN'],
  ])('B-18 %j is another scheme: nobody is there', async (value) => {
    expectRefusal(await authorized(value.replaceAll('TOKEN', token)), 'unauthenticated')
  })

  test('B-18 two headers: 400, whichever they are', async () => {
    const good = `Bearer ${token}`
    for (const two of [
      [good, good],
      [good, 'Bearer x'],
      ['Bearer x', good],
      [good, 'Basic YTpi'],
      ['Basic YTpi', good],
      [good, ''],
      ['', good],
    ])
      expectRefusal(await authorized(two), 'conflicting_credentials')
  })
})

describe('B-19 a token elsewhere', () => {
  test.each<[string, (token: string) => Record<string, string>]>([
    ['the query of the app', (t) => ({ 'X-Forwarded-Uri': `/page?access_token=${t}` })],
    ['the query as token', (t) => ({ 'X-Forwarded-Uri': `/page?token=${t}&bearer=${t}` })],
    ['the path', (t) => ({ 'X-Forwarded-Uri': `/page/${t}` })],
    ['a cookie', (t) => ({ Cookie: `access_token=${t}; token=${t}; Authorization=Bearer ${t}` })],
    ['the session cookie', (t) => ({ Cookie: `gatehouse=${t}` })],
    ['X-Access-Token', (t) => ({ 'X-Access-Token': t, 'X-Auth-Token': t })],
    ['X-Forwarded-Access-Token', (t) => ({ 'X-Forwarded-Access-Token': t })],
    ['X-Authorization', (t) => ({ 'X-Authorization': `Bearer ${t}` })],
    ['X-Forwarded-Authorization', (t) => ({ 'X-Forwarded-Authorization': `Bearer ${t}` })],
    ['X-Original-Authorization', (t) => ({ 'X-Original-Authorization': `Bearer ${t}` })],
    ['Proxy-Authorization', (t) => ({ 'Proxy-Authorization': `Bearer ${t}` })],
    ['a protocol of a WebSocket', (t) => ({ 'Sec-WebSocket-Protocol': `bearer, ${t}` })],
    ['X-Api-Key', (t) => ({ 'X-Api-Key': t })],
  ])('B-19 in %s: nobody is there', async (_name, headers) => {
    expectRefusal(await site.validate({ ...program, ...headers(token) }), 'unauthenticated')
  })

  test('B-19 in the query and the body of the call itself: nobody is there', async () => {
    const answer = await site.validate(program, { path: `/validate?access_token=${token}` })
    expectRefusal(answer, 'unauthenticated')
    const headers = {
      'X-Forwarded-Method': 'POST',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': new URL(site.url).host,
      'X-Forwarded-Uri': '/page',
      'Content-Type': 'application/x-www-form-urlencoded',
    }
    const body = `access_token=${token}`
    const posted = await rawRequest(site.gateway.origin, 'POST', '/validate', headers, body)
    expectRefusal(posted, 'unauthenticated')
  })
})

describe('B-20 a token that is there, and bad', () => {
  const bad = () => {
    const [header, payload] = token.split('.')
    return [
      ...['x', 'null', 'Bearer', '-', 'eyJ', 'a.b.c'],
      unsignedToken(accessClaims(site)),
      `${header}.${payload}.`,
      `${header}.${payload}.AAAA`,
    ]
  }

  test('B-20 is no proof', async () => {
    for (const value of bad()) expectRefusal(await authorized(`Bearer ${value}`), 'invalid_token')
  })

  test('B-20 is no reason to look at the session, and a good one decides alone', async () => {
    const { agent } = await site.signIn()
    const Cookie = agent.cookies.header(new URL(site.url))
    expectPass(await site.validate({ Cookie }), { 'x-auth-source': 'session' })
    for (const value of bad())
      expectRefusal(await authorized(`Bearer ${value}`, { Cookie }), 'invalid_token')
    expectPass(await authorized(`Bearer ${token}`, { Cookie }), { 'x-auth-source': 'bearer' })
  })

  test('B-20 is no anonymity where a rule lets anybody in', async () => {
    await using open = await startTestGateway({
      env: { AUTH_ALLOWED_AUDIENCES: audience },
      file: () => 'rules: [{ name: open, match: { paths: [/page] }, access: optional }]',
    })
    expectPass(await open.validate(program), { 'x-auth-kind': 'anonymous' })
    await expectInvalid(open, 'x', 'the issuer')
    await expectInvalid(open, accessToken(open, { exp: 1 }), 'it has expired')
    expectPass(await validateWith(open, await accessToken(open)), { 'x-auth-kind': 'user' })
  })
})

describe('B-21 what is remembered of a token', () => {
  const start = () => startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
  const reload = (own: TestGateway, changes: Readonly<Record<string, string>>) =>
    own.gateway.reload(loadSettings({ ...own.env, ...changes }, (text) => text))

  test('B-21 does not outlive the token, also while the provider is down', async () => {
    await using own = await start()
    const known = await accessToken(own)
    expectPass(await validateWith(own, known))
    await own.idp.close()
    own.clock.advance(320_000)
    expectPass(await validateWith(own, known))
    own.clock.advance(11_000)
    await expectInvalid(own, known, 'it has expired')
  })

  test('B-21 is of the whole token: another signature is another token', async () => {
    await using own = await start()
    const known = await accessToken(own)
    expectPass(await validateWith(own, known))
    const [header, payload, signature = ''] = known.split('.')
    const turned = `${header}.${payload}.${[...signature].reverse().join('')}`
    expectRefusal(await validateWith(own, turned), 'invalid_token')
    expectRefusal(await validateWith(own, `${known}A`), 'invalid_token')
  })

  test.each<[string, (own: TestGateway) => Record<string, string>, string]>([
    ['another audience', () => ({ AUTH_ALLOWED_AUDIENCES: 'other' }), 'it is not made for'],
    ['no audience', () => ({ AUTH_ALLOWED_AUDIENCES: '' }), 'no issuer of access tokens'],
    [
      'another issuer',
      () => ({ AUTH_TRUSTED_ISSUERS: 'http://localhost:1' }),
      'it is of no issuer whose tokens are taken',
    ],
    [
      'other algorithms',
      ({ idp }) => ({
        CONFIG_FILE: `issuers: { own: { issuer: "${idp.issuer}", algorithms: [ES256] } }`,
      }),
      'its alg is none of',
    ],
    [
      'other clients',
      ({ idp }) => ({
        CONFIG_FILE: `issuers: { own: { issuer: "${idp.issuer}", clients: [web] } }`,
      }),
      'it was given to a client',
    ],
  ])('B-21 does not outlive settings: %s', async (_name, changes, reason) => {
    await using own = await start()
    const known = await accessToken(own)
    expectPass(await validateWith(own, known))
    reload(own, changes(own))
    await expectInvalid(own, known, reason)
    reload(own, {})
    expectPass(await validateWith(own, known))
  })

  test('B-21 does not outlive rules and scopes', async () => {
    await using own = await start()
    const known = await accessToken(own)
    expectPass(await validateWith(own, known))
    reload(own, { CONFIG_FILE: 'default: { access: service }' })
    expectRefusal(await validateWith(own, known), 'wrong_identity_kind')
    reload(own, { CONFIG_FILE: 'default: { access: user, allow: [group:nobody] }' })
    expectRefusal(await validateWith(own, known), 'forbidden')
    reload(own, { AUTH_REQUIRED_SCOPE: 'call' })
    expect((await validateWith(own, known)).status).toBe(403)
    reload(own, {})
    expectPass(await validateWith(own, known))
  })
})

describe('B-25 a browser with a bad token', () => {
  const mark = 'mark"><script>alert(1)</script>'

  test.each<[string, Record<string, string>]>([
    ['that opens a page', page],
    ['in a frame', { ...page, 'Sec-Fetch-Dest': 'iframe' }],
    ['without Fetch Metadata', { Accept: page.Accept }],
    ['that posts', { ...page, 'X-Forwarded-Method': 'POST' }],
  ])('B-25 %s: 401, no redirect, nothing reflected', async (_name, headers) => {
    const key = site.idp.keys.RS256
    const crafted = (header: object, claims: object = {}) =>
      craftedToken(key, { alg: 'RS256', ...header }, { ...accessClaims(site), ...claims })
    for (const bad of [
      crafted({ kid: mark }),
      crafted({ alg: mark }),
      crafted({ typ: mark }),
      crafted({}, { iss: mark }),
      crafted({}, { aud: mark }),
      crafted({}, { exp: mark }),
      crafted({}, { azp: mark, aud: 'x' }),
      'opaque-mark',
    ]) {
      const answer = await site.validate({ ...headers, Authorization: `Bearer ${bad}` })
      expectRefusal(answer, 'invalid_token')
      expect(JSON.stringify(answer)).not.toMatch(/mark|script/)
      expect(JSON.stringify(answer)).not.toContain(bad.slice(0, 20))
      expect(JSON.stringify(site.log)).not.toContain(bad)
    }
  })

  test('B-25 of another scheme: 401, no redirect', async () => {
    for (const value of ['Basic YTpi', 'mark', `Token ${token}`]) {
      const answer = await site.validate({ ...page, Authorization: value })
      expectRefusal(answer, 'unauthenticated')
      expect(JSON.stringify(answer)).not.toContain(value)
    }
  })

  test('B-25 that lacks a scope: 403, no redirect, and the scopes of the rule alone', async () => {
    await using own = await startTestGateway({
      env: { AUTH_ALLOWED_AUDIENCES: audience, AUTH_REQUIRED_SCOPE: 'call' },
    })
    const known = await accessToken(own, { scope: mark })
    const answer = await own.validate({ ...page, Authorization: `Bearer ${known}` })
    expect([answer.status, answer.headers.location]).toEqual([403, undefined])
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="gatehouse", error="insufficient_scope", scope="call"',
    )
    expect(JSON.stringify(answer)).not.toMatch(/mark|script/)
  })
})
