import { expect, test } from 'vitest'
import type { Credential } from '../../../src/model/credential.ts'
import { findCredential } from '../../../src/validate/find-credential.ts'
import { originalRequest } from '../../support/original-request.ts'

const none: Credential = { kind: 'none' }
const session = (cookie: string): Credential => ({ kind: 'session', cookie })
const bearer = (token: string): Credential => ({ kind: 'bearer', token })

/** A cookie value verifies where it begins with `good`. */
const find = (cookie: string, ...authorization: string[]) =>
  findCredential(originalRequest({ headers: { cookie, authorization } }), 'session', (value) =>
    value.startsWith('good'),
  )

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
  ['Bearer a b', bearer('')],
  ['Bearer,a', bearer('')],
  ['Bearer\ta', bearer('')],
  ['Bearer é', bearer('')],
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
