import { describe, expect, test } from 'vitest'
import type { Action, Statement } from '../../../src/model/access-policy.ts'
import { readCondition } from '../../../src/model/condition.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { attributesOf } from '../../../src/rules/attributes.ts'
import { judgeResource, resourceOf } from '../../../src/rules/judge-resource.ts'

const person = (claims: NonNullable<Identity['claims']> = {}): Identity => ({
  ...anonymous,
  kind: 'user',
  source: 'bearer',
  provider: 'default',
  subject: 'b0b',
  username: 'bob',
  claims,
})
/** The mapping of source 003; of `realm_access`, identities keep the list. */
const mapping = {
  sub: 'roles',
  preferred_username: 'roles',
  groups: 'teams',
  realm_access: 'roles',
}

const statement = (
  effect: Statement['effect'],
  actions: readonly Action[],
  pattern: string,
  { when = [], unless = [] }: { when?: readonly string[]; unless?: readonly string[] } = {},
): Statement => {
  const conditions = (texts: readonly string[]) =>
    texts.flatMap((text) => readCondition(text) ?? [])
  const prefix = pattern.endsWith('*')
  const resource = { text: prefix ? pattern.slice(0, -1) : pattern, prefix }
  return { effect, actions, resource, when: conditions(when), unless: conditions(unless) }
}
const judge = (
  policy: readonly Statement[],
  method: string,
  resource: string | undefined,
  identity = person(),
  parameters: Record<string, string> = {},
) => {
  const attributes = attributesOf(identity, mapping)
  const subject = { identity, attributes, parameters, firstProvider: 'default' }
  const judgement = judgeResource(policy, { method, resource, subject })
  return judgement.kind === 'permitted' ? 'permitted' : judgement.reason
}
const all: readonly Action[] = ['read', 'write']
const everything = statement('permit', all, '*')

describe('the policy of source 003', () => {
  const policy = [
    statement('permit', ['read'], 'models::*', { when: ['user in teams llama-developers'] }),
    statement('forbid', ['write'], 'agents::admin:*', { when: ['user not in roles admin'] }),
  ]
  const developer = person({ sub: 'b0b', groups: ['llama-developers'] })
  const admin = person({ realm_access: ['admin'], groups: ['llama-developers'] })

  test('permits developers to read models, and no one else', () => {
    expect(judge(policy, 'GET', 'models::llama', developer)).toBe('permitted')
    expect(judge(policy, 'HEAD', 'models::llama', developer)).toBe('permitted')
    for (const nobody of [person(), person({ groups: ['llama'] }), anonymous])
      expect(judge(policy, 'GET', 'models::llama', nobody)).toBe(
        'no statement of access_policy permits read on models::llama',
      )
  })

  test('permits nobody to write, as it says nothing of that', () => {
    for (const who of [developer, admin])
      expect(judge(policy, 'POST', 'models::llama', who)).toBe(
        'no statement of access_policy permits create on models::llama',
      )
    expect(judge(policy, 'POST', 'agents::admin:x', admin)).toContain('no statement')
  })

  test('keeps all but admins from the agents of admins, whatever permits it', () => {
    const wide = [...policy, everything]
    expect(judge(wide, 'DELETE', 'agents::admin:x', admin)).toBe('permitted')
    expect(judge(wide, 'POST', 'agents::other', developer)).toBe('permitted')
    expect(judge(wide, 'GET', 'agents::admin:x', developer)).toBe('permitted')
    for (const who of [developer, person(), anonymous])
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
        expect(judge(wide, method, 'agents::admin:x', who)).toBe(
          'access_policy[1] forbids write on agents::admin:x',
        )
  })

  test('takes a user named like a role for one who has it, as the mapping says', () =>
    expect(
      judge(
        [...policy, everything],
        'POST',
        'agents::admin:x',
        person({ preferred_username: 'admin' }),
      ),
    ).toBe('permitted'))
})

describe('actions', () => {
  test.each<[string, Action[], string[]]>([
    ['GET', ['read'], ['write', 'create', 'update', 'delete']],
    ['HEAD', ['read'], ['write', 'create', 'update', 'delete']],
    ['POST', ['create', 'write'], ['read', 'update', 'delete']],
    ['PUT', ['update', 'write'], ['read', 'create', 'delete']],
    ['PATCH', ['update', 'write'], ['read', 'create', 'delete']],
    ['DELETE', ['delete', 'write'], ['read', 'create', 'update']],
  ])('%s is %j', (method, are, areNot) => {
    for (const action of are) {
      expect(judge([statement('permit', [action], '*')], method, 'a::b')).toBe('permitted')
      expect(judge([everything, statement('forbid', [action], '*')], method, 'a::b')).toBe(
        `access_policy[1] forbids ${action} on a::b`,
      )
    }
    for (const action of areNot as Action[]) {
      expect(judge([statement('permit', [action], '*')], method, 'a::b')).toContain('no statement')
      expect(judge([everything, statement('forbid', [action], '*')], method, 'a::b')).toBe(
        'permitted',
      )
    }
  })

  test.each(['OPTIONS', 'TRACE', 'CONNECT', 'QUERY', 'PROPFIND', 'get', '', 'constructor'])(
    '%j is none, and refused',
    (method) =>
      expect(judge([everything], method, 'a::b')).toBe(
        `access_policy permits no ${method}, whatever it is on`,
      ),
  )
})

describe('names', () => {
  const permit = (pattern: string) => [statement('permit', all, pattern)]
  const forbid = (pattern: string) => [everything, statement('forbid', all, pattern)]

  test.each([
    ['models::a', 'models::a'],
    ['models::*', 'models::'],
    ['models::*', 'models::a:b/c'],
    ['models::a*', 'models::ab'],
    ['*', 'x'],
  ])('%s is about %s', (pattern, resource) => {
    expect(judge(permit(pattern), 'GET', resource)).toBe('permitted')
    expect(judge(forbid(pattern), 'GET', resource)).not.toBe('permitted')
  })

  test.each([
    ['models::a', 'models::ab'],
    ['models::a', 'xmodels::a'],
    ['models::a', 'models::'],
    ['models::*', 'model::a'],
    ['models::*', 'x::models::a'],
    ['models::.', 'models::a'],
  ])('B-22 %s is not about %s', (pattern, resource) => {
    expect(judge(permit(pattern), 'GET', resource)).not.toBe('permitted')
    expect(judge(forbid(pattern), 'GET', resource)).toBe('permitted')
  })

  test.each([
    ['agents::admin:*', 'agents::ADMIN:x'],
    ['agents::Admin:*', 'agents::admin:x'],
    ['agents::admin:*', 'agents::\uff21dmin:x'],
    ['agents::kim', 'agents::\u212aim'],
    ['agents::straße', 'agents::STRASSE'],
    ['agents::é', 'agents::e\u0301'],
    ['agents::ΑΣ*', 'agents::ασβ'],
  ])('are alike for a forbid and not for a permit: %s, %s', (pattern, resource) => {
    expect(judge(permit(pattern), 'GET', resource)).not.toBe('permitted')
    expect(judge(forbid(pattern), 'GET', resource)).toContain('access_policy[1] forbids')
  })

  test('are forbidden as they are too, where folding would part them', () =>
    expect(judge(forbid('agents::e*'), 'GET', 'agents::e\u0301')).toContain('forbids'))
})

describe('conditions', () => {
  const bob = person({ groups: ['ops'] })
  const owner = { owner: 'bob' }

  test('of a permit must all be known to hold', () => {
    const policy = [statement('permit', all, '*', { when: ['user in teams ops', 'user is owner'] })]
    expect(judge(policy, 'GET', 'a::b', bob, owner)).toBe('permitted')
    expect(judge(policy, 'GET', 'a::b', bob)).toContain('no statement')
    expect(judge(policy, 'GET', 'a::b', person(), owner)).toContain('no statement')
  })

  test('that except from a permit must be known not to hold', () => {
    const policy = [statement('permit', all, '*', { unless: ['user is owner', 'user in teams x'] })]
    expect(judge(policy, 'GET', 'a::b', bob, { owner: 'eve' })).toBe('permitted')
    expect(judge(policy, 'GET', 'a::b', bob, owner)).toContain('no statement')
    expect(judge(policy, 'GET', 'a::b', bob)).toContain('no statement')
    expect(judge(policy, 'GET', 'a::b', anonymous, owner)).toContain('no statement')
  })

  test('of a forbid count as true where they are unknown', () => {
    const policy = [everything, statement('forbid', all, '*', { unless: ['user is owner'] })]
    expect(judge(policy, 'GET', 'a::b', bob, owner)).toBe('permitted')
    expect(judge(policy, 'GET', 'a::b', bob, { owner: 'eve' })).toContain('forbids')
    expect(judge(policy, 'GET', 'a::b', bob)).toContain('forbids')
    expect(judge(policy, 'GET', 'a::b', anonymous, owner)).toContain('forbids')
    const listed = [everything, statement('forbid', all, '*', { when: ['user in teams ops'] })]
    expect(judge(listed, 'GET', 'a::b', bob)).toContain('forbids')
    expect(judge(listed, 'GET', 'a::b', person())).toBe('permitted')
    expect(judge(listed, 'GET', 'a::b', anonymous)).toContain('forbids')
  })

  test('are not needed: without them anonymous callers are permitted too', () =>
    expect(judge([everything], 'GET', 'a::b', anonymous)).toBe('permitted'))
})

describe('the name of a resource', () => {
  const named = (resource: string | undefined, parameters: Record<string, string>) =>
    resourceOf({
      rule: {
        name: 'models',
        access: 'any',
        preflight: false,
        require: { roles: [], groups: [], scopes: [], when: [] },
        quota: {},
        ...(resource !== undefined && { resource }),
      },
      parameters,
    })

  test.each([
    ['models::all', {}, 'models::all'],
    ['models::{id}', { id: 'llama' }, 'models::llama'],
    ['{kind}::{owner}:{id}', { kind: 'agents', owner: 'bob', id: '1' }, 'agents::bob:1'],
    ['models::{id}', { id: '{owner}', owner: 'x' }, 'models::{owner}'],
    ['models::{id}', { id: "$& $1 $' *" }, "models::$& $1 $' *"],
  ])('%s with %j', (resource, parameters, expected) =>
    expect(named(resource, parameters as Record<string, string>)).toBe(expected),
  )

  test.each([
    [undefined, { id: 'x' }],
    ['models::{id}', {}],
    ['models::{id}', { id: '' }],
    ['models::{id}:{more}', { id: 'x' }],
  ])('is unknown for %s with %j', (resource, parameters) =>
    expect(named(resource, parameters as Record<string, string>)).toBeUndefined(),
  )

  test.each(['__proto__', 'constructor', 'toString'])('C-14 is unknown without {%s}', (name) =>
    expect(named(`models::{${name}}`, {})).toBeUndefined(),
  )

  test('that is unknown is permitted nobody', () =>
    expect(judge([everything], 'GET', undefined)).toContain('lacks a parameter'))
})

test('an empty policy permits nothing', () =>
  expect(judge([], 'GET', 'a::b')).toBe('no statement of access_policy permits read on a::b'))
