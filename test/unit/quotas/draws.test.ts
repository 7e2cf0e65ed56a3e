import { describe, expect, test } from 'vitest'
import { anonymous } from '../../../src/model/identity.ts'
import type { Limit, Limits } from '../../../src/model/quota.ts'
import { drawsOf } from '../../../src/quotas/draws.ts'

const perMinute: Limit = { requests: 10, windowMs: 60_000 }
const perDay: Limit = { requests: 100, windowMs: 86_400_000 }
const everybody: Limits = { user: perMinute, service: perMinute, anonymous: perMinute }

const bob = {
  ...anonymous,
  kind: 'user',
  issuer: 'https://id.example.com',
  subject: 'bob',
} as const

type Request = Parameters<typeof drawsOf>[0]

function draws(changes: Partial<Request> = {}) {
  return drawsOf({
    identity: bob,
    clientAddress: '192.0.2.1',
    rules: [],
    overall: everybody,
    ...changes,
  })
}

function keyOf(changes: Partial<Request> = {}): string {
  const [draw] = draws(changes)
  if (!draw) throw new Error('there is no limit')
  return draw.key
}

function anonymousKey(clientAddress: string): string {
  return keyOf({ identity: anonymous, clientAddress })
}

describe('the limits of a request', () => {
  const search = { name: 'search', quota: { user: perMinute, anonymous: perDay } }
  const models = { name: 'models', quota: { user: perDay } }

  test('are those of its rules, then that of everything', () => {
    const found = draws({ rules: [search, models] })
    expect(found.map(({ name, limit }) => ({ name, limit }))).toEqual([
      { name: 'rule search', limit: perMinute },
      { name: 'rule models', limit: perDay },
      { name: 'quota', limit: perMinute },
    ])
    expect(new Set(found.map(({ key }) => key)).size).toBe(3)
  })

  test('are those for the kind of who asks', () => {
    const rules = [search, models]
    expect(draws({ rules, identity: anonymous, overall: {} })).toMatchObject([
      { name: 'rule search', limit: perDay },
    ])
    expect(draws({ rules, identity: { ...bob, kind: 'service' }, overall: {} })).toEqual([])
  })

  test('are counted once for a rule that holds for several readings of the path', () => {
    const found = draws({ rules: [search, models, search], overall: {} })
    expect(found.map(({ name }) => name)).toEqual(['rule search', 'rule models'])
  })

  test('differ by rule, and a rule by any name is not everything', () => {
    const names = ['quota', 'rule quota', 'a', 'b', '']
    const rules = names.map((name) => ({ name, quota: everybody }))
    expect(new Set(draws({ rules }).map(({ key }) => key)).size).toBe(names.length + 1)
  })

  test('begin anew when the length of the window is changed', () => {
    expect(keyOf({ overall: { user: perDay } })).not.toBe(keyOf())
    const raised = { ...perMinute, requests: 20 }
    expect(keyOf({ overall: { user: raised } })).toBe(keyOf())
  })
})

describe('the count of an identity', () => {
  test('S-09 does not depend on the address', () => {
    for (const clientAddress of ['192.0.2.2', '2001:db8::1', 'junk', '']) {
      expect(keyOf({ clientAddress })).toBe(keyOf())
    }
  })

  test('S-10 does not depend on how it is proved', () => {
    const byToken = {
      ...bob,
      source: 'bearer',
      provider: 'other name',
      sessionId: 'session',
      clientId: 'client',
      scopes: ['read'],
      username: 'bob',
    } as const
    expect(keyOf({ identity: byToken })).toBe(keyOf())
  })

  test('S-03 is its own: by kind, issuer and subject, however these are shifted', () => {
    const parts = [
      ['user', 'https://a', 'b:c'],
      ['user', 'https://a:b', 'c'],
      ['user', 'https://a', '1:b'],
      ['user', 'https://a1:', 'b'],
      ['user', 'https://a,1:b', ''],
      ['user', 'https://a', ',1:b'],
      ['user', '', 'https://ab'],
      ['user', 'https://ab', ''],
      ['service', 'https://ab', ''],
      ['service', '', 'https://ab'],
      ['user', 'https://a', '\ud800'],
      ['user', 'https://a', '\ud801'],
    ] as const
    const keys = parts.map(([kind, issuer, subject]) =>
      keyOf({ identity: { ...bob, kind, issuer, subject } }),
    )
    expect(new Set(keys).size).toBe(parts.length)
  })

  test('S-09 is never that of an anonymous caller', () => {
    const named = { ...bob, issuer: '', subject: '192.0.2.1' }
    expect(keyOf({ identity: named })).not.toBe(anonymousKey('192.0.2.1'))
  })
})

describe('the count of an anonymous caller', () => {
  test('S-09 is that of its IPv4 address', () => {
    expect(anonymousKey('192.0.2.1')).toContain('192.0.2.1')
    expect(anonymousKey('192.0.2.2')).not.toBe(anonymousKey('192.0.2.1'))
  })

  test.each([
    ['::ffff:192.0.2.1'],
    ['::FFFF:192.0.2.1'],
    ['::ffff:c000:201'],
    ['0:0:0:0:0:ffff:192.0.2.1'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201'],
  ])('S-09 is that of the IPv4 address mapped in %s', (address) => {
    expect(anonymousKey(address)).toBe(anonymousKey('192.0.2.1'))
  })

  test.each([
    ['2001:db8:0:1::2'],
    ['2001:0DB8:0000:0001:0000:0000:0000:0001'],
    ['2001:db8::1:ffff:ffff:ffff:ffff'],
    ['2001:db8:0:1:ffff:ffff:192.0.2.1'],
    ['2001:db8:0:1::%eth0'],
    ['2001:db8:0:1::%a::b.c'],
  ])('S-09 is that of the /64 of %s', (address) => {
    expect(anonymousKey(address)).toBe(anonymousKey('2001:db8:0:1::1'))
  })

  test('S-09 differs by /64', () => {
    const addresses = [
      '2001:db8:0:1::1',
      '2001:db8:0:2::1',
      '2001:db8::1',
      '2001:db8:1::1',
      '::2001:db8:0:1',
      '1::',
      'fe80::1',
      '::1:ffff:192.0.2.1',
      '0:0:0:1:0:ffff:192.0.2.1',
    ]
    // The sixth group is what makes the mapped form; "::2001:..." and "::1:ffff:..." share ::/64.
    expect(new Set(addresses.map(anonymousKey)).size).toBe(addresses.length - 1)
  })

  test.each([
    [''],
    ['unknown'],
    ['_hidden'],
    ['192.0.2.1:4711'],
    ['[2001:db8::1]'],
    ['192.0.2.1, 192.0.2.2'],
    ['192.0.2.01'],
    ['0xc0000201'],
    ['3221225985'],
    [' 192.0.2.1'],
    ['192.0.2.1\0'],
    ['2001:db8::1::2'],
    ['2001:db8::/64'],
    ['::ffff:192.0.2.256'],
    ['%eth0'],
    ['x'.repeat(100_000)],
  ])('S-09 is one for all that is no address: %j', (address) => {
    expect(anonymousKey(address)).toBe(anonymousKey('something else'))
    expect(anonymousKey(address)).not.toBe(anonymousKey('192.0.2.1'))
  })
})
