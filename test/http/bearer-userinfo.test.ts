import type { JWTPayload } from 'jose'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Intercept } from '../../demo/identity-provider.ts'
import { accessToken, audience, validateWith } from '../support/access-token.ts'
import { asked, expectInvalid } from '../support/crafted-token.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let site: TestGateway
/** The opaque access token of a real sign-in, which userinfo knows. */
let opaque: string

beforeEach(async () => {
  site = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience },
    // Access tokens without a word about the person.
    idp: { configure: ({ extraTokenClaims: _, ...configuration }) => configuration },
  })
  site.idp.alter = (path, body) => {
    if (path === '/token') opaque = String(body.access_token)
    return body
  }
  await site.signIn()
  site.idp.alter = undefined
  site.idp.intercept = takesJwt
})
afterEach(() => site[Symbol.asyncDispose]())

/** The provider takes JWTs at userinfo, as most do: ours stands for the one of the sign-in. */
const takesJwt: Intercept = (request) => {
  if (request.url === '/me' && request.headers.authorization?.includes('.'))
    request.headers.authorization = `Bearer ${opaque}`
  return 'pass'
}

const answering =
  (status: number, body = ''): Intercept =>
  (request, response) => {
    if (request.url !== '/me') return takesJwt(request, response)
    const challenge = status === 401 && { 'www-authenticate': 'Bearer error="invalid_token"' }
    response.writeHead(status, { 'content-type': 'application/json', ...challenge }).end(body)
    return 'handled'
  }

/** Without groups, and live for an hour. */
const jwt = (claims: JWTPayload = {}) =>
  accessToken(site, {
    ...{ groups: undefined, scope: 'openid profile' },
    exp: Math.floor(site.clock.now() / 1_000) + 3_600,
    ...claims,
  })

test('groups come from userinfo where the token has none: once in five minutes', async () => {
  const token = await jwt()
  const answers = await Promise.all(Array.from({ length: 5 }, () => validateWith(site, token)))
  for (const answer of answers) expectPass(answer, { 'x-user-groups': '/engineering,/ops' })
  site.clock.advance(290_000)
  expectPass(await validateWith(site, token), { 'x-user-groups': '/engineering,/ops' })
  expect(asked(site, '/me')).toBe(1)
  site.clock.advance(11_000)
  expectPass(await validateWith(site, token), { 'x-user-groups': '/engineering,/ops' })
  await vi.waitUntil(() => asked(site, '/me') === 2, { timeout: 10_000 })
})

test('they come so for opaque tokens, too', async () => {
  expectPass(await validateWith(site, opaque), {
    'x-username': 'alice',
    'x-user-groups': '/engineering,/ops',
    'x-auth-source': 'introspection',
  })
})

test.each<[string, JWTPayload]>([
  ['has groups', { groups: ['/own'] }],
  ['has an empty list of groups', { groups: [] }],
  ['has no scope openid', { scope: 'profile openidx' }],
  ['has no scope', { scope: undefined }],
  ["is a service's", { sub: 'cli', sid: undefined }],
])('a token that %s is judged by itself', async (_name, claims) => {
  await validateWith(site, await jwt(claims))
  expect(asked(site, '/me')).toBe(0)
})

test('while userinfo is down, a token that is not known waits, and one that is known passes', async () => {
  const known = await jwt()
  expectPass(await validateWith(site, known))
  site.idp.intercept = answering(503)
  const unknown = await jwt({ jti: 'unknown' })
  expectRefusal(await validateWith(site, unknown), 'idp_unavailable')
  expectPass(await validateWith(site, known))
  site.clock.advance(601_000)
  expectPass(await validateWith(site, known), { 'x-user-groups': '/engineering,/ops' })
  site.idp.intercept = takesJwt
  expectPass(await validateWith(site, unknown), { 'x-user-groups': '/engineering,/ops' })
})

test.each<[string, number, string]>([
  ['about somebody else', 200, '{"sub":"somebody else","groups":["/admins"]}'],
  ['about nobody', 200, '{"groups":["/admins"]}'],
  ['that is no object', 200, '[]'],
  ['that is no JSON', 200, '<h1>Hello</h1>'],
])('an answer %s is none: refused', async (_name, status, body) => {
  site.idp.intercept = answering(status, body)
  await expectInvalid(site, jwt(), 'userinfo is no answer about its subject')
})

test('a token that userinfo does not take has no groups', async () => {
  site.idp.intercept = answering(401)
  expectPass(await validateWith(site, await jwt()), { 'x-user-groups': '' })
})

test('B-21 a token that userinfo does not take any more is refused: its groups are not known', async () => {
  const token = await jwt()
  expectPass(await validateWith(site, token), { 'x-user-groups': '/engineering,/ops' })
  site.idp.intercept = answering(401)
  site.clock.advance(601_000)
  expectRefusal(await validateWith(site, token), 'invalid_token')
})
