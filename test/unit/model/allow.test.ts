import { describe, expect, test } from 'vitest'
import { type AllowList, admits, readAllowEntry } from '../../../src/model/allow.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'

const bob: Identity = {
  ...anonymous,
  kind: 'user',
  source: 'session',
  provider: 'staff',
  subject: 'b0b',
  username: 'bob',
  email: 'Bob@Example.com',
  emailVerified: true,
  groups: ['/ops', '/teams/core'],
  roles: ['admin'],
}
const service: Identity = {
  ...anonymous,
  kind: 'service',
  provider: 'staff',
  clientId: 'backup',
  username: 'bob',
  roles: ['admin'],
}

const list = (...texts: string[]): AllowList => {
  const entries = texts.map(readAllowEntry)
  if (entries.includes('anyone')) return 'anyone'
  return entries.filter((entry) => entry !== undefined && entry !== 'anyone')
}
const lets = (identity: Identity, ...texts: string[]) => admits(list(...texts), identity, 'staff')

describe('an entry', () => {
  test.each([
    ['group:ops', { kind: 'group', value: 'ops' }],
    ['group:a:b', { kind: 'group', value: 'a:b' }],
    ['email:Bob@Example.COM', { kind: 'email', value: 'bob@example.com' }],
    ['domain:Example.COM', { kind: 'domain', value: 'example.com' }],
    ['service:backup', { kind: 'service', value: 'backup' }],
    ['*', 'anyone'],
  ])('%s is read', (text, entry) => expect(readAllowEntry(text)).toEqual(entry))

  test.each([
    ...['ops', 'groups:ops', 'group:', 'group: ops', 'GROUP:ops', '', ':', '**', 'user:bob '],
    ...['email:bob', 'email:a@b@c', 'email:a@b,c@d', 'domain:@example.com', 'domain:com'],
    ...['domain:*.example.com', 'domain:a b.com', 'domain:example.', '__proto__:x'],
  ])('%j is none', (text) => expect(readAllowEntry(text)).toBeUndefined())
})

describe('somebody is let in', () => {
  test.each([
    ...['group:ops', 'group:/ops', 'group:teams/core', 'role:admin', 'user:bob', '*'],
    ...['email:bob@example.com', 'domain:example.com'],
  ])('by %s', (text) => expect(lets(bob, text)).toBe(true))

  test.each([
    ...['group:op', 'group:OPS', 'group:core', 'role:Admin', 'role:adm', 'user:Bob', 'user:b0b'],
    ...['email:bob@example.org', 'domain:ample.com', 'domain:mail.example.com', 'service:bob'],
  ])('not by %s', (text) => expect(lets(bob, text)).toBe(false))

  test('H-09 by user: with an address only where it is verified', () => {
    const named = { ...bob, username: 'bob@example.com', email: 'bob@example.com' }
    expect(lets(named, 'user:bob@example.com')).toBe(true)
    expect(lets({ ...named, emailVerified: false }, 'user:bob@example.com')).toBe(false)
    expect(lets({ ...bob, emailVerified: false }, 'user:bob')).toBe(true)
  })

  test('by any one of several, and by no empty list', () => {
    expect(lets(bob, 'user:eve', 'role:admin')).toBe(true)
    expect(admits([], bob, 'staff')).toBe(false)
  })

  test.each([
    ['not verified', { emailVerified: false }],
    ['two at signs', { email: 'bob@evil.org@example.com' }],
    ['a list', { email: 'bob@evil.org,bob@example.com' }],
    ['a longer domain', { email: 'bob@notexample.com' }],
    ['a subdomain', { email: 'bob@mail.example.com' }],
    ['a suffix', { email: 'bob@example.com.evil.org' }],
    ['spaces', { email: 'bob @example.com' }],
    ['nothing before it', { email: '@example.com' }],
    ['empty', { email: '' }],
  ])('H-09 by domain and e-mail only with an exact, verified address: %s', (_what, changes) => {
    const other = { ...bob, ...changes }
    expect(lets(other, 'domain:example.com')).toBe(false)
    expect(lets(other, 'email:bob@example.com')).toBe(false)
  })

  test('H-11 by a user name of another provider only with its name', () => {
    const other = { ...bob, provider: 'partner' }
    expect(lets(other, 'user:bob')).toBe(false)
    expect(lets(other, 'user:partner:bob')).toBe(true)
    expect(lets(bob, 'user:staff:bob')).toBe(false)
  })

  test('H-11 a service of another issuer under the name of the issuer', () => {
    const partners = { ...service, provider: 'partner' }
    expect(lets(partners, 'service:partner:backup')).toBe(true)
    expect(lets(partners, 'service:backup')).toBe(false)
    expect(lets(service, 'service:partner:backup')).toBe(false)
  })

  test('a service only as one', () => {
    expect(lets(service, 'service:backup')).toBe(true)
    expect(lets({ ...service, provider: 'key', source: 'key' }, 'service:backup')).toBe(true)
    for (const text of ['role:admin', 'user:bob', 'service:bob', 'group:ops'])
      expect(lets(service, text)).toBe(false)
    for (const text of ['user:', 'role:admin']) expect(lets(anonymous, text)).toBe(false)
  })
})
