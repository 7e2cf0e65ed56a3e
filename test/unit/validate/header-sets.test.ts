import { describe, expect, test } from 'vitest'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { rawHeaderValue, rawList } from '../../../src/validate/header-values.ts'
import { identityHeaderNamesOf, identityHeaders } from '../../../src/validate/identity-headers.ts'
import { testApp } from '../../support/app.ts'

const bob: Identity = {
  ...anonymous,
  kind: 'user',
  provider: 'staff',
  subject: 'b0b',
  username: 'bob',
  email: 'bob@example.com',
  name: 'Bob',
  groups: ['/a', '/b,c', '/ł'],
  roles: ['admin'],
  claims: { 'a.b': 'x', list: ['1', '2,3', '4'] },
}
const all = testApp({
  headers: {
    sets: ['remote', 'x-auth-request', 'x-forwarded', 'x-webauth'],
    own: [
      { name: 'x-claim', from: 'claims.a.b' },
      { name: 'x-list', from: 'claims.list' },
      { name: 'x-none', from: 'claims.constructor' },
      { name: 'x-roles', from: 'roles' },
      { name: 'x-sub', from: 'sub' },
    ],
  },
})

function headersOf(
  identity: Identity,
  app = all,
  apps = [app],
  expiresAt?: number,
): Record<string, string> {
  const naming = { names: identityHeaderNamesOf({ apps, keys: [] }), firstProvider: 'staff' }
  const fields = identityHeaders(identity, app, naming, expiresAt)
  return Object.fromEntries(
    fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : [])),
  )
}

describe('a value that apps do not decode', () => {
  test.each([
    ['', ''],
    ['plain, with % and comma', 'plain, with % and comma'],
    ['Łukasz "Łuk" Żółć', '\xc5\x81ukasz "\xc5\x81uk" \xc5\xbb\xc3\xb3\xc5\x82\xc4\x87'],
    ['😀', '\xf0\x9f\x98\x80'],
    ['\ud83d', '\xef\xbf\xbd'],
  ])('H-07 %j is its UTF-8 bytes', (text, value) => expect(rawHeaderValue(text)).toBe(value))

  test.each(['a\r\nb', 'a\rb', 'a\0', 'a\tb', '\x7f', '\u0085', ' bob', 'bob ', '\u00a0bob'])(
    'H-06 %j is empty',
    (text) => expect(rawHeaderValue(text)).toBe(''),
  )

  test('H-08 an item with a comma is left out, as is one that would be empty', () => {
    expect(rawList(['a', 'b,c', '', 'd\n', 'e'])).toEqual({ value: 'a,e', cut: false })
  })

  test('H-14 a list ends within 8 KB, at the end of an item', () => {
    const list = rawList(Array.from({ length: 1_000 }, () => 'x'.repeat(99)))
    expect([list.cut, list.value.length <= 8_192, list.value.length % 100]).toEqual([
      true,
      true,
      99,
    ])
  })
})

describe('the sets', () => {
  test('hold what their apps know people by', () => {
    const groups = '/a,/\xc5\x82'
    expect(headersOf(bob)).toEqual({
      'remote-user': 'bob',
      'remote-email': 'bob@example.com',
      'remote-name': 'Bob',
      'remote-groups': groups,
      'x-auth-request-user': 'b0b',
      'x-auth-request-email': 'bob@example.com',
      'x-auth-request-preferred-username': 'bob',
      'x-auth-request-groups': groups,
      'x-forwarded-user': 'b0b',
      'x-forwarded-email': 'bob@example.com',
      'x-forwarded-preferred-username': 'bob',
      'x-forwarded-groups': groups,
      'x-webauth-user': 'bob',
      'x-webauth-email': 'bob@example.com',
      'x-webauth-name': 'Bob',
      'x-webauth-groups': groups,
      'x-claim': 'x',
      'x-list': '1,4',
      'x-none': '',
      'x-roles': 'admin',
      'x-sub': 'b0b',
    })
  })

  test('H-11 of another provider have its name before whoever they name', () => {
    const headers = headersOf({ ...bob, provider: 'partner' })
    expect([headers['remote-user'], headers['x-webauth-user']]).toEqual([
      'partner:bob',
      'partner:bob',
    ])
    expect([headers['x-forwarded-user'], headers['x-auth-request-user']]).toEqual([
      'partner:b0b',
      'partner:b0b',
    ])
  })

  test('H-03 are empty for nobody and for a service', () => {
    for (const identity of [anonymous, { ...bob, kind: 'service' } as const]) {
      expect(new Set(Object.values(headersOf(identity)))).toEqual(new Set(['']))
    }
  })

  test('H-01 of other apps are there, and empty', () => {
    const plain = testApp({ name: 'plain' })
    const headers = headersOf(bob, plain, [plain, all])
    expect(headers).toMatchObject({ 'x-user-id': 'b0b', 'remote-user': '', 'x-claim': '' })
    expect(headersOf(bob, all, [plain, all])).toMatchObject({
      'x-user-id': '',
      'remote-user': 'bob',
    })
  })
})

test('expires_at is the end in whole seconds, of a service too, and empty where it is not known', () => {
  const app = testApp({ headers: { sets: [], own: [{ name: 'x-end', from: 'expires_at' }] } })
  const end = Date.parse('2026-11-24T12:00:00.900Z')
  const service: Identity = { ...anonymous, kind: 'service' }
  for (const identity of [bob, service])
    expect(headersOf(identity, app, [app], end)).toEqual({ 'x-end': '1795521600' })
  expect(headersOf(anonymous, app, [app])).toEqual({ 'x-end': '' })
  expect(headersOf(bob, testApp(), [app], end)).toMatchObject({ 'x-end': '' })
})
