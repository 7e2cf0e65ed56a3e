import { describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/model/decision.ts'
import type { OriginalRequest } from '../../../src/model/original-request.ts'
import { loginUrl, problemOf, refusalOf } from '../../../src/validate/reply.ts'
import { originalRequest } from '../../support/original-request.ts'
import { testSite } from '../../support/site.ts'

const site = testSite()
const back = (url: string) => new URL(url).searchParams.get('return_to')

describe('where to sign in', () => {
  test.each([
    [{}, 'https://app.example.com/page'],
    [
      { path: '/a b'.replace(' ', '%20'), query: '?x=1&y=2' },
      'https://app.example.com/a%20b?x=1&y=2',
    ],
    [{ host: 'app.example.com:8443' }, 'https://app.example.com:8443/page'],
    [{ scheme: 'http' }, 'https://app.example.com/page'],
    [{ path: '//evil.example/x' }, 'https://app.example.com//evil.example/x'],
    [{ path: '/@evil.example' }, 'https://app.example.com/@evil.example'],
    [{ path: '/.evil.example' }, 'https://app.example.com/.evil.example'],
    [{ path: '/a/../b' }, 'https://app.example.com/b'],
    [{ query: '?x=a\\b' }, 'https://app.example.com/page?x=a%5Cb'],
    [{ query: `?${'x'.repeat(1_024)}` }, 'https://app.example.com/page'],
    [{ path: `/${'x'.repeat(1_024)}` }, 'https://app.example.com/'],
  ] as const)('L-01 L-04 %j comes back to %s', (changes, url) => {
    const login = loginUrl(site, '/auth', originalRequest(changes))
    expect(
      login.startsWith('https://auth.example.com/auth/login?return_to=https%3A%2F%2Fapp.'),
    ).toBe(true)
    expect(back(login)).toBe(url)
  })

  test('the path of PUBLIC_URL comes before the routes', () => {
    const login = loginUrl(testSite({ basePath: '/gate' }), '/sign', originalRequest())
    expect(login).toMatch(/^https:\/\/auth\.example\.com\/gate\/sign\/login\?/)
  })
})

describe('a refusal', () => {
  const challenge: Decision = { kind: 'challenge', code: 'unauthenticated', reason: 'secret' }
  const page = { accept: 'text/html' }

  function refusal(
    decision: Exclude<Decision, { kind: 'allow' }>,
    request: OriginalRequest | undefined,
  ) {
    const ids = { requestId: 'r1', decisionId: 'd1' }
    const result = refusalOf(decision, { request, site, authPath: '/auth', signIn: true, ...ids })
    const { headers } = result
    const value = (name: string) => headers[headers.indexOf(name) + 1]
    return { ...result, has: (name: string) => headers.includes(name), value }
  }

  test.each([
    ['GET', 302],
    ['HEAD', 302],
    ['POST', 303],
    ['OPTIONS', 303],
  ])('of a page asked for by %s is %d to sign in', (method, status) => {
    const answer = refusal(challenge, originalRequest({ method, headers: page }))
    expect([answer.status, answer.caller, answer.value('location')]).toEqual([
      status,
      'page',
      answer.loginUrl,
    ])
    expect(answer.has('www-authenticate')).toBe(false)
  })

  test.each([
    ['unauthenticated', 'Bearer realm="gatehouse"'],
    ['session_expired', 'Bearer realm="gatehouse"'],
    ['invalid_token', 'Bearer realm="gatehouse", error="invalid_token"'],
  ] as const)('of a program is 401 %s with %s', (code, expected) => {
    const answer = refusal({ ...challenge, code }, originalRequest())
    expect([answer.status, answer.value('www-authenticate')]).toEqual([401, expected])
    expect(answer.has('location')).toBe(false)
    expect(back(answer.loginUrl ?? '')).toBe('https://app.example.com/page')
  })

  test('of a page in a frame is 401, and says where to sign in', () => {
    const headers = { fetchMode: 'navigate', fetchDest: 'iframe' }
    const answer = refusal(challenge, originalRequest({ headers }))
    expect([answer.status, answer.caller, answer.has('location')]).toEqual([401, 'frame', false])
    expect(answer.loginUrl).toBeDefined()
  })

  test.each([
    [{ kind: 'deny', code: 'csrf', reason: 'x' }, 403],
    [{ kind: 'reject', code: 'conflicting_credentials', reason: 'x' }, 400],
  ] as const)('that is no matter of signing in leads nowhere: %j', (decision, status) => {
    const answer = refusal(decision, originalRequest({ headers: page }))
    expect([answer.status, answer.loginUrl, answer.has('location')]).toEqual([
      status,
      undefined,
      false,
    ])
  })

  test('of an outage says when to come again', () => {
    const answer = refusal(
      { kind: 'unavailable', code: 'store_unavailable', reason: 'x', retryAfterSec: 5 },
      originalRequest(),
    )
    expect([answer.status, answer.value('retry-after')]).toEqual([503, '5'])
  })

  test('of a request that was not read is for a program', () => {
    const answer = refusal({ kind: 'deny', code: 'untrusted_proxy', reason: 'x' }, undefined)
    expect([answer.status, answer.caller, answer.loginUrl]).toEqual([403, 'api', undefined])
  })

  test('C-12 is never kept, and depends on who asks', () => {
    const { headers } = refusal(challenge, originalRequest())
    expect(headers.slice(0, 4)).toEqual([
      'cache-control',
      'no-store',
      'vary',
      'Cookie, Authorization',
    ])
  })
})

test('problem details hold the fixed words of the code, and nothing of the reason', () => {
  expect(problemOf({ code: 'insufficient_scope', requestId: 'r1', decisionId: 'd1' })).toEqual({
    status: 403,
    title: 'The access token lacks a scope',
    code: 'insufficient_scope',
    error: 'insufficient_scope',
    message: expect.stringContaining('WWW-Authenticate'),
    login_url: undefined,
    request_id: 'r1',
    decision_id: 'd1',
  })
  expect(problemOf({ code: 'session_expired', requestId: 'r1' }).error).toBe('unauthorized')
})
