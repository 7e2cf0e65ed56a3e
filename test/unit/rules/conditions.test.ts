import { describe, expect, test } from 'vitest'
import { type Condition, readCondition } from '../../../src/model/condition.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { attributesOf } from '../../../src/rules/attributes.ts'
import { allHold, holds, noneHolds, type Subject } from '../../../src/rules/conditions.ts'

const bob: Identity = {
  ...anonymous,
  kind: 'user',
  source: 'session',
  provider: 'staff',
  subject: 'b0b',
  username: 'bob',
  email: 'bob@example.com',
  roles: ['admin'],
  groups: ['ops'],
}
const backup: Identity = {
  ...bob,
  kind: 'service',
  source: 'bearer',
  clientId: 'backup',
  username: 'service-account-backup',
}

const asked = (identity: Identity, owner?: string): Subject => ({
  identity,
  attributes: attributesOf(identity, {}),
  parameters: owner === undefined ? {} : { owner },
  firstProvider: 'staff',
})
const read = (text: string): Condition => {
  const condition = readCondition(text)
  if (!condition) throw new Error(`${text} is no condition`)
  return condition
}
const owns = (identity: Identity, owner?: string) =>
  holds(read('user is owner'), asked(identity, owner))

describe('a condition on an attribute', () => {
  test.each([
    ['user in roles admin', true],
    ['user with admin in roles', true],
    ['user in roles editor', false],
    ['user in groups admin', false],
    ['user not in roles admin', false],
    ['user not in roles editor', true],
    ['user in teams admin', false],
    ['user not in teams admin', true],
  ])('%s: %s', (text, expected) => expect(holds(read(text), asked(bob))).toBe(expected))

  test.each(['adm', 'admins', 'Admin', 'ADMIN', 'admin ops', 'a'])(
    'B-22 is about whole values: %s is not admin',
    (value) =>
      expect(
        holds({ kind: 'attribute', attribute: 'roles', value, negated: false }, asked(bob)),
      ).toBe(false),
  )

  test.each(['__proto__', 'constructor', 'toString', 'length'])(
    'C-14 is about attributes only: nobody has %s',
    (attribute) =>
      expect(
        holds(
          { kind: 'attribute', attribute, value: 'x', negated: false },
          { ...asked(bob), attributes: { roles: ['x'] } },
        ),
      ).toBe(false),
  )
})

describe('of an anonymous caller', () => {
  test.each([
    ...['user in roles admin', 'user not in roles admin', 'user is owner', 'user is not owner'],
  ])('%s is unknown', (text) => {
    expect(holds(read(text), asked(anonymous, ''))).toBeUndefined()
    expect(holds(read(text), asked(anonymous, 'bob'))).toBeUndefined()
  })
})

describe('the owner', () => {
  test.each(['b0b', 'bob'])('is known as %s', (owner) => {
    expect(owns(bob, owner)).toBe(true)
    expect(holds(read('user is not owner'), asked(bob, owner))).toBe(false)
  })

  test.each(['Bob', 'bo', 'bobby', 'staff:bob', 'bob@example.com', 'b0b '])(
    'is not known as %j',
    (owner) => {
      expect(owns(bob, owner)).toBe(false)
      expect(holds(read('user is not owner'), asked(bob, owner))).toBe(true)
    },
  )

  test('H-11 of another provider has its name before the own', () => {
    const other = { ...bob, provider: 'partner' }
    expect(owns(other, 'bob')).toBe(false)
    expect(owns(other, 'b0b')).toBe(false)
    expect(owns(other, 'partner:bob')).toBe(true)
    expect(owns(other, 'partner:b0b')).toBe(true)
  })

  test('H-09 is not known by an address that is not verified', () => {
    const named = { ...bob, username: bob.email }
    expect(owns(named, bob.email)).toBe(false)
    expect(owns({ ...named, emailVerified: true }, bob.email)).toBe(true)
  })

  test('that is a service is known by its client id alone', () => {
    expect(owns(backup, 'backup')).toBe(true)
    expect(owns(backup, 'b0b')).toBe(false)
    expect(owns(backup, 'service-account-backup')).toBe(false)
    expect(owns({ ...backup, provider: 'key' }, 'backup')).toBe(false)
    expect(owns({ ...backup, provider: 'key' }, 'key:backup')).toBe(true)
  })

  test('is unknown where the path names none', () => {
    expect(owns(bob)).toBeUndefined()
    expect(holds(read('user is not owner'), asked(bob))).toBeUndefined()
    expect(owns({ ...backup, clientId: '' }, '')).toBeUndefined()
    const inherited = { ...asked(bob), parameters: Object.create({ owner: 'bob' }) }
    expect(holds(read('user is owner'), inherited)).toBeUndefined()
  })
})

describe('several conditions', () => {
  const yes = read('user in roles admin')
  const no = read('user in roles editor')
  const unknown = read('user is owner')

  test.each([
    [[], true, true],
    [[yes], true, false],
    [[yes, yes], true, false],
    [[no, no], false, true],
    [[yes, no], false, false],
    [[unknown], undefined, undefined],
    [[yes, unknown], undefined, false],
    [[unknown, no], false, undefined],
    [[unknown, yes, no], false, false],
  ])('%j: all %s, none %s', (conditions, all, none) => {
    expect(allHold(conditions, asked(bob))).toBe(all)
    expect(noneHolds(conditions, asked(bob))).toBe(none)
  })
})
