import { describe, expect, test } from 'vitest'
import { identityHeaderNames } from '../../../src/model/header-names.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { encodeHeaderItem, encodeHeaderValue } from '../../../src/validate/header-values.ts'
import { identityHeaderNamesOf, identityHeaders } from '../../../src/validate/identity-headers.ts'
import { testApp } from '../../support/app.ts'

const bob: Identity = {
  ...anonymous,
  kind: 'user',
  source: 'session',
  provider: 'default',
  issuer: 'https://idp.example.com',
  subject: 'sub-1',
  username: 'bob',
  email: 'bob@example.com',
  name: 'Bob, the builder',
  roles: ['admin', 'user'],
  groups: ['/a', '/b,c'],
  scopes: ['openid', 'profile'],
  sessionId: 'session-1',
  clientId: 'gatehouse',
}

/** The headers of an identity by name, where the first provider is `default`. */
function headersOf(identity: Identity, app = testApp()): Record<string, string> {
  const naming = {
    names: identityHeaderNamesOf({ apps: [app], keys: [] }),
    firstProvider: 'default',
  }
  const block = identityHeaders(identity, app, naming)
  return Object.fromEntries(
    block.flatMap((name, i) => (i % 2 === 0 ? [[name, block[i + 1] ?? '']] : [])),
  )
}

describe('the encoding', () => {
  test.each([
    ['', '', ''],
    ['plain ~ text!', 'plain ~ text!', 'plain ~ text!'],
    ['a,b', 'a,b', 'a%2Cb'],
    ['100%', '100%25', '100%25'],
    [' a b ', '%20a b%20', '%20a b%20'],
    [' ', '%20', '%20'],
    ['Łódź', '%C5%81%C3%B3d%C5%BA', '%C5%81%C3%B3d%C5%BA'],
    ['a\r\nb\0\x7f', 'a%0D%0Ab%00%7F', 'a%0D%0Ab%00%7F'],
    ['😀', '%F0%9F%98%80', '%F0%9F%98%80'],
    ['\ud83d', '%EF%BF%BD', '%EF%BF%BD'],
    ['a\udc00b', 'a%EF%BF%BDb', 'a%EF%BF%BDb'],
  ])('H-06 H-07 H-08 of %j is %j, in a list %j', (text, value, item) => {
    expect(encodeHeaderValue(text)).toBe(value)
    expect(encodeHeaderItem(text)).toBe(item)
  })
})

describe('the set', () => {
  test('H-01 is the same for everybody, in its order', () => {
    const names = identityHeaderNames.filter((name) => name !== 'x-request-id')
    const service: Identity = { ...bob, kind: 'service' }
    for (const identity of [bob, anonymous, service]) {
      expect(Object.keys(headersOf(identity))).toEqual(names)
    }
  })

  test('of a person', () => {
    expect(headersOf(bob)).toEqual({
      'x-user-id': 'sub-1',
      'x-username': 'bob',
      'x-user-email': 'bob@example.com',
      'x-user-name': 'Bob, the builder',
      'x-user-roles': 'admin,user',
      'x-user-groups': '/a,/b%2Cc',
      'x-user-scopes': 'openid profile',
      'x-session-id': 'session-1',
      'x-client-id': 'gatehouse',
      'x-auth-source': 'session',
      'x-auth-kind': 'user',
      'x-auth-provider': 'default',
      'x-service-name': '',
      'x-service-id': '',
      'x-service-roles': '',
      'x-auth-truncated': '',
    })
  })

  test('of a service has no x-user-* but scopes and groups', () => {
    const service: Identity = { ...bob, kind: 'service', source: 'bearer', clientId: 'backup' }
    expect(headersOf(service)).toMatchObject({
      'x-user-id': '',
      'x-username': '',
      'x-user-email': '',
      'x-user-name': '',
      'x-user-roles': '',
      'x-service-name': 'backup',
      'x-service-id': 'sub-1',
      'x-service-roles': 'admin,user',
    })
  })

  test('H-03 of nobody is empty', () => {
    const { 'x-auth-kind': kind, 'x-auth-source': source, ...rest } = headersOf(anonymous)
    expect([kind, source]).toEqual(['anonymous', 'anonymous'])
    expect(Object.values(rest).join('')).toBe('')
  })

  test('H-11 the same sub of another issuer is another user id', () => {
    const other = headersOf({ ...bob, provider: 'partner' })
    expect(other['x-user-id']).toBe('partner:sub-1')
    expect(headersOf({ ...bob, provider: 'partner', subject: '' })['x-user-id']).toBe('')
  })

  test('H-08 an empty item is left out', () => {
    expect(headersOf({ ...bob, groups: ['', '/a', '', '/b', ''] })['x-user-groups']).toBe('/a,/b')
  })

  test('H-14 a list over 8 KB ends with a whole item, and is named', () => {
    const groups = Array.from({ length: 3_000 }, (_, i) => `Ż${i}`)
    const headers = headersOf({ ...bob, groups, roles: groups })
    for (const name of ['x-user-groups', 'x-user-roles']) {
      const value = headers[name] ?? ''
      expect(value.length).toBeLessThanOrEqual(8_192)
      const items = value.split(',').map(decodeURIComponent)
      expect(items).toEqual(groups.slice(0, items.length))
    }
    expect(headers['x-auth-truncated']).toBe('x-user-roles,x-user-groups')
  })

  test('H-14 a list of exactly 8 KB is whole, and one item of more is none', () => {
    expect(headersOf({ ...bob, groups: ['x'.repeat(8_192)] })['x-auth-truncated']).toBe('')
    const headers = headersOf({ ...bob, groups: ['x'.repeat(8_193)] })
    expect([headers['x-user-groups'], headers['x-auth-truncated']]).toEqual(['', 'x-user-groups'])
  })
})
