import { describe, expect, test } from 'vitest'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { attributesOf } from '../../../src/rules/attributes.ts'

const person = (more: Partial<Identity> = {}): Identity => ({
  ...anonymous,
  kind: 'user',
  source: 'bearer',
  roles: ['admin'],
  groups: ['ops'],
  ...more,
})
const plain = (identity: Identity, mapping: Record<string, string>) =>
  Object.fromEntries(Object.entries(attributesOf(identity, mapping)))

describe('attributes', () => {
  test('are the roles and groups that apps receive where nothing is mapped', () =>
    expect(plain(person(), {})).toEqual({ roles: ['admin'], groups: ['ops'] }))

  test('named roles and groups are only what is mapped, where something is', () => {
    const identity = person({ claims: { teams: ['a'] } })
    expect(plain(identity, { teams: 'groups' })).toEqual({ roles: ['admin'], groups: ['a'] })
    expect(plain(identity, { teams: 'roles', missing: 'roles' }).roles).toEqual(['a'])
  })

  test('named roles and groups are those of the identity where it has no claim of the mapping', () => {
    const mapping = { missing: 'roles', also_missing: 'groups' }
    expect(plain(person({}), mapping)).toEqual({ roles: ['admin'], groups: ['ops'] })
  })

  test('that are paths of groups have their names without the slash, too', () => {
    const identity = person({ groups: ['/ops'], claims: { groups: ['/teams/core'] } })
    expect(plain(identity, {}).groups).toEqual(['/ops', 'ops'])
    expect(plain(identity, { groups: 'teams' }).teams).toEqual(['/teams/core', 'teams/core'])
  })

  test('take several claims together, each value once', () => {
    const identity = person({
      claims: { sub: 'b0b', preferred_username: 'bob', 'realm_access.roles': ['bob', 'editor'] },
    })
    const mapping = { sub: 'roles', preferred_username: 'roles', 'realm_access.roles': 'roles' }
    expect(plain(identity, mapping).roles).toEqual(['b0b', 'bob', 'editor'])
  })

  test('split texts on white space, keep lists as they are, and skip what is missing', () => {
    const identity = person({
      claims: { scope: '  read\twrite\nread ', teams: ['Site Reliability', ''], empty: '' },
    })
    const mapping = { scope: 'scopes', teams: 'teams', empty: 'empty', missing: 'missing' }
    expect(plain(identity, mapping)).toEqual({
      scopes: ['read', 'write'],
      teams: ['Site Reliability'],
      empty: [],
      missing: [],
      roles: ['admin'],
      groups: ['ops'],
    })
  })

  test('H-09 hold an address only where it is verified', () => {
    const identity = person({ email: 'bob@example.com', claims: { email: 'bob@example.com' } })
    const email = (more: Partial<Identity>) =>
      attributesOf({ ...identity, ...more }, { email: 'email' }).email
    expect(email({ emailVerified: true })).toEqual(['bob@example.com'])
    expect(email({ emailVerified: false })).toEqual([])
    expect(email({ emailVerified: true, email: 'eve@example.com' })).toEqual([])
  })

  test('C-14 are not what objects have by nature, and __proto__ is a name like others', () => {
    const mapping: Record<string, string> = JSON.parse(
      '{"__proto__":"a","constructor":"b","toString":"c","teams":"__proto__"}',
    )
    const none = attributesOf(person({ claims: { teams: ['x'] } }), mapping)
    expect(Object.entries(none)).toEqual([
      ['a', []],
      ['b', []],
      ['c', []],
      ['__proto__', ['x']],
      ['roles', ['admin']],
      ['groups', ['ops']],
    ])
    expect('hasOwnProperty' in none).toBe(false)
    const claims = JSON.parse('{"__proto__":["y"]}')
    expect(attributesOf(person({ claims }), mapping).a).toEqual(['y'])
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
  })

  test('are remembered for one identity and one mapping', () => {
    const identity = person({ claims: { teams: ['a'] } })
    const mapping = { teams: 'teams' }
    expect(attributesOf(identity, mapping)).toBe(attributesOf(identity, mapping))
    expect(attributesOf(identity, { teams: 'roles' }).roles).toEqual(['a'])
    expect(attributesOf({ ...identity, claims: { teams: ['b'] } }, mapping).teams).toEqual(['b'])
  })
})

test('attributes of a session from before the mapping are unknown, and so are roles that it maps', () => {
  const before = person({ source: 'session', claims: { dept: [] } })
  const mapping = { groups: 'teams', dept: 'departments', realm_access: 'roles' }
  expect(plain(before, mapping)).toEqual({
    teams: undefined,
    departments: [],
    roles: undefined,
    groups: ['ops'],
  })
  expect(attributesOf({ ...before, source: 'key' }, mapping)).toMatchObject({
    teams: [],
    roles: ['admin'],
  })
})
