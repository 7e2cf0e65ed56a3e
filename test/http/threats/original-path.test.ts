import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BothCallers, startBothCallers } from '../../support/both-callers.ts'
import { expectPass, expectRefusal, expectSignIn } from '../../support/decisions.ts'
import { rawRequest } from '../../support/raw-request.ts'

/**
 * One rule holds for every path, so every reading of a path needs a signed-in person: what is odd about
 * a path neither opens it nor closes it. Only what no server should be sent is refused.
 */

let asked: BothCallers
beforeAll(async () => {
  asked = await startBothCallers()
})
afterAll(() => asked[Symbol.asyncDispose]())

const uri = (value: string) => ({ 'X-Forwarded-Uri': value })

/** The path and query asked for, and the one to come back to. */
const decidedAlike: readonly (readonly [id: string, asked: string, back: string])[] = [
  ['P-07', '/admin?x=/public', '/admin?x=/public'],
  ['P-07', '/admin?/health', '/admin?/health'],
  ['P-07', '/admin?path=/public&/auth/login', '/admin?path=/public&/auth/login'],
  ['P-07', '/?/public', '/?/public'],
  ['P-09', '/public/../admin', '/admin'],
  ['P-09', '/public/./../admin/..', '/'],
  ['P-09', '/../../admin', '/admin'],
  ['P-10', '/public/%2e%2e/admin', '/admin'],
  ['P-10', '/public/.%2E/admin', '/admin'],
  ['P-10', '/public/%2E%2e%2fadmin', '/public/%2E%2e%2fadmin'],
  ['P-11', '/public%2fadmin', '/public%2fadmin'],
  ['P-11', '/public%2Fadmin', '/public%2Fadmin'],
  ['P-11', '/public%5cadmin', '/public%5cadmin'],
  ['P-12', '/%252e%252e/admin', '/%252e%252e/admin'],
  ['P-12', '/%2561dmin', '/%2561dmin'],
  ['P-13', '/public/..;/admin', '/public/..;/admin'],
  ['P-13', '/admin;x=/public', '/admin;x=/public'],
  ['P-13', '/;jsessionid=1', '/;jsessionid=1'],
  ['P-14', '//admin', '//admin'],
  ['P-14', '/admin/', '/admin/'],
  ['P-14', '//evil.example/admin', '//evil.example/admin'],
  ['P-14', '///', '///'],
  ['P-15', '/publicx', '/publicx'],
  ['P-15', '/authx', '/authx'],
  ['P-15', '/auth-admin/login', '/auth-admin/login'],
  ['P-16', '/%61dmin', '/%61dmin'],
  ['P-16', '/PUBLIC', '/PUBLIC'],
  ['P-16', '/%C5%BB%c3%b3%C5%82w', '/%C5%BB%c3%b3%C5%82w'],
  ['P-22', '/health', '/health'],
  ['P-22', '/robots.txt', '/robots.txt'],
  ['P-22', '/favicon.ico', '/favicon.ico'],
  ['P-22', '/.well-known/acme-challenge/x', '/.well-known/acme-challenge/x'],
  ['P-23', '/validate', '/validate'],
  ['P-23', '/outpost.goauthentik.io/auth', '/outpost.goauthentik.io/auth'],
]

test.each(decidedAlike)('%s %s needs a signed-in person', async (_id, path, back) => {
  await asked.expectUserRule(uri(path), back)
  const api = { ...uri(path), Accept: 'application/json' }
  expectRefusal(await asked.site.validate(api), 'unauthenticated')
})

test.each([
  ['P-08', '/public#/../admin'],
  ['P-08', '/page?x#y'],
  ['P-08', '/#'],
  ['P-11', '/public\\..\\admin'],
  ['P-11', '\\admin'],
  ['P-11', '/\\evil.example'],
  ['P-21', '/%'],
  ['P-21', '/%2'],
  ['P-21', '/%zz'],
  ['P-21', '/a%u002fb'],
  ['P-21', '/a%00b'],
  ['P-21', '/a b'],
  ['P-21', '/a\tb'],
  ['P-21', '/page?a b'],
  ['P-21', '/\xe9'],
  ['P-21', '/page?\xff'],
  ['P-21', '/\x80'],
  ['P-21', '*'],
  ['P-21', ''],
  ['P-21', 'page'],
  ['P-21', '?x=1'],
  ['P-21', 'http://localhost/page'],
  ['P-21', '/page, /page'],
])('%s %j is refused', (_id, path) => asked.expectUnreadable(uri(path)))

test('P-21 the query decides nothing, and may be broken', async () => {
  await asked.expectUserRule(uri('/page?%zz&%00=%'), '/page?%zz&%00=%')
  await asked.expectUserRule(uri('/page?x=a\\b'), '/page?x=a%5Cb')
})

describe("the gateway's own paths", () => {
  test.each([
    '/auth',
    '/auth/',
    '/auth/login',
    '/auth/login?return_to=/page',
    '/auth/callback?code=x&state=y',
    '/auth/nothing/there',
    '/api/auth/session',
    '/AUTH/login',
    '/%61uth/login',
    '/%61uth/login;%ff',
    '//auth//login',
    '/auth;x=1/login',
    '/x/../auth/login',
    '/x//../auth/login',
    '/x/%2e%2e/auth/login',
    '/x%2f..%2fauth%2flogin',
    '/..;/auth/login',
    '/auth%5clogin',
  ])('P-23 %s is no page to be asked about, for anybody', (path) => asked.expectOwnRoute(path))

  test('P-23 of an app on another host they are the app’s own', async () => {
    const { site } = asked
    const app = { 'X-Forwarded-Host': 'localhost' }
    const answer = await site.validate({ ...app, ...uri('/auth/login') })
    expectSignIn(answer, site.url, 'http://localhost/auth/login')
    expectPass(await site.validate({ ...app, ...uri('/auth/login'), Cookie: asked.cookie }))
  })

  test('P-22 the health route is its own exact path', async () => {
    const { origin } = asked.site.gateway
    const ok = await rawRequest(origin, 'GET', '/health', {})
    expect(ok.status).toBe(200)
    expect(ok.body).toBe('{"status":"healthy"}')
    for (const path of ['/health/', '/healthz', '//health', '/HEALTH', '/health/../validate']) {
      expect((await rawRequest(origin, 'GET', path, {})).status, path).toBe(404)
    }
  })
})
