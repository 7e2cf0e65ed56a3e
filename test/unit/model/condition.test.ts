import { describe, expect, test } from 'vitest'
import { readCondition } from '../../../src/model/condition.ts'

const attribute = (attribute: string, value: string, negated = false) => ({
  kind: 'attribute',
  attribute,
  value,
  negated,
})

describe('a condition', () => {
  test.each([
    ['user in teams llama-developers', attribute('teams', 'llama-developers')],
    ['user not in roles admin', attribute('roles', 'admin', true)],
    ['user with admin in roles', attribute('roles', 'admin')],
    ['user with admin not in roles', attribute('roles', 'admin', true)],
    ['user is owner', { kind: 'owner', negated: false }],
    ['user is not owner', { kind: 'owner', negated: true }],
  ])('%s is read', (text, condition) => expect(readCondition(text)).toEqual(condition))

  test.each([
    ['  user\tin   teams\n llama  ', attribute('teams', 'llama')],
    ['user  is\u00a0not owner', { kind: 'owner', negated: true }],
    ['user in teams Site Reliability', attribute('teams', 'Site Reliability')],
    ['user with Site  Reliability in teams', attribute('teams', 'Site Reliability')],
    ['user in my.org-teams /a/b', attribute('my.org-teams', '/a/b')],
    ['user in teams in teams', attribute('teams', 'in teams')],
    ['user with x in y in teams', attribute('teams', 'x in y')],
    ['user in not x', attribute('not', 'x')],
    ['user with not not in teams', attribute('teams', 'not', true)],
    ['user in roles *', attribute('roles', '*')],
  ])('%j is read with odd words and white space', (text, condition) =>
    expect(readCondition(text)).toEqual(condition),
  )

  test('C-14 __proto__ is an attribute like others', () =>
    expect(readCondition('user in __proto__ x')).toEqual(attribute('__proto__', 'x')))

  test.each([
    ...['', ' ', 'user', 'user in', 'user in teams', 'user not in teams', 'user with in teams'],
    ...['user with x in', 'user with x teams', 'user is', 'user is not', 'user is admin'],
    ...['user is owner too', 'the user is owner', 'User is owner', 'user IN teams x'],
    ...['users in teams x', 'userin teams x', 'user in 1teams x', 'user in te:ams x', 'true'],
    ...['user not not in teams x', 'not user in teams x', 'user isnot owner', 'user\0in teams x'],
  ])('%j is none', (text) => expect(readCondition(text)).toBeUndefined())
})
