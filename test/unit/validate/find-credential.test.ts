import { describe, expect, test } from 'vitest'
import type { Credential, ProofKind } from '../../../src/model/credential.ts'
import { findCredential } from '../../../src/validate/find-credential.ts'
import { originalRequest } from '../../support/original-request.ts'

const none: Credential = { kind: 'none' }
const session = (cookie: string): Credential => ({ kind: 'session', cookie })
const bearer = (token: string): Credential => ({ kind: 'bearer', token })

/** A cookie value verifies where it begins with `good`. */
const find = (cookie: string, ...authorization: string[]) =>
  findCredential(originalRequest({ headers: { cookie, authorization } }), {
    cookieName: 'session',
    verifies: (value) => value.startsWith('good'),
    takesKeys: false,
  })

test.each([
  ['', none],
  ['other=good', none],
  ['session=good', session('good')],
  // One alone is not verified twice.
  ['session=bad', session('bad')],
  ['session=bad; session=good', session('good')],
  ['session=good; session=bad; session=worse', session('good')],
  ['session=good; session=good', session('good')],
  ['session=bad; session=worse', none],
])('C-05 of the cookies %j it is %j', (cookie, credential) => {
  expect(find(cookie)).toEqual(credential)
})

test('C-05 two that verify are a conflict, in either order', () => {
  for (const cookie of ['session=good1; session=good2', 'session=good2; x=1; session=good1']) {
    expect(find(cookie)).toEqual({
      kind: 'conflict',
      reason: 'there are two cookies named session',
    })
  }
})

test.each([
  ['Bearer a.b-c_d~e+f/g==', bearer('a.b-c_d~e+f/g==')],
  ['bearer  a', bearer('a')],
  ['Bearer', bearer('')],
  ['Bearer a b', bearer('a b')],
  ['Bearer,a', bearer('')],
  ['Bearer\ta', bearer('')],
  ['Bearer é', bearer('é')],
  ['Basic YTpi', session('good')],
  ['BearerToken a', session('good')],
  ['', session('good')],
])('C-18 beside a session, Authorization %j gives %j', (authorization, credential) => {
  expect(find('session=good', authorization)).toEqual(credential)
})

test('C-18 two Authorization headers are a conflict, even the same', () => {
  expect(find('session=good', 'Basic a', 'Basic a')).toMatchObject({ kind: 'conflict' })
  expect(find('', '', '')).toMatchObject({ kind: 'conflict' })
})

describe('B-19 a token of the query', () => {
  const ask = (
    headers: Parameters<typeof originalRequest>[0],
    counted?: readonly ProofKind[],
    queryToken: string | undefined = 'token',
  ) =>
    findCredential(originalRequest({ query: '?token=t', ...headers }), {
      cookieName: 'session',
      verifies: () => true,
      takesKeys: true,
      counted,
      queryToken,
    })

  test('B-19 counts where the rule names its parameter, and beside a session decides alone', () => {
    expect(ask({})).toEqual(bearer('t'))
    expect(ask({ headers: { cookie: 'session=good' } })).toEqual(bearer('t'))
    expect(ask({ query: '' })).toEqual(none)
    expect(ask({ query: '?access_token=t' })).toEqual(none)
  })

  test('B-19 is a conflict beside another token or key, and where there are two', () => {
    for (const headers of [
      { headers: { authorization: ['Bearer t'] } },
      { headers: { authorization: ['Bearer'] } },
      { headers: { apiKey: 'ghk_x' } },
      { query: '?token=t&token=t' },
    ])
      expect(ask(headers)).toMatchObject({ kind: 'conflict' })
  })

  test('B-19 does not count beside an Authorization of the app', () => {
    const headers = { authorization: ['Digest x'], cookie: 'session=good' }
    expect(ask({ headers })).toEqual(session('good'))
  })
})
