import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actions, type Statement } from '../../src/model/access-policy.ts'
import type { Condition } from '../../src/model/condition.ts'
import { anonymous, type Identity } from '../../src/model/identity.ts'
import { attributesOf } from '../../src/rules/attributes.ts'
import { judgeResource, type ResourceRequest } from '../../src/rules/judge-resource.ts'

/** Few words, so that statements and requests are often about the same. */
const word = fc.constantFrom('admin', 'Admin', 'ops', 'bob', '__proto__', 'é', 'e\u0301')
const attribute = fc.constantFrom('roles', 'groups', 'teams', '__proto__')
const name = fc
  .tuple(fc.constantFrom('models', 'agents'), fc.array(word, { maxLength: 2 }))
  .map(([type, words]) => `${type}::${words.join(':')}`)

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ kind: fc.constant('owner'), negated: fc.boolean() }),
  fc.record({ kind: fc.constant('attribute'), attribute, value: word, negated: fc.boolean() }),
)
const conditions = fc.oneof(fc.constant([]), fc.array(condition, { maxLength: 2 }))
const statementOf = (effect: fc.Arbitrary<Statement['effect']>): fc.Arbitrary<Statement> =>
  fc.record({
    effect,
    actions: fc.uniqueArray(fc.constantFrom(...actions), { minLength: 2 }),
    resource: fc.record({
      text: fc.oneof(name, fc.constantFrom('models::', 'agents::', '')),
      prefix: fc.constantFrom(true, true, false),
    }),
    when: conditions,
    unless: conditions,
  })
const statement = statementOf(fc.constantFrom('permit', 'permit', 'permit', 'forbid'))
const policy = fc.array(statement, { maxLength: 6 })

const identity: fc.Arbitrary<Identity> = fc.oneof(
  fc.constant(anonymous),
  fc
    .record({
      kind: fc.constantFrom('user', 'service'),
      username: word,
      subject: word,
      clientId: word,
      roles: fc.array(word, { maxLength: 2 }),
      groups: fc.array(word, { maxLength: 2 }),
      claims: fc.dictionary(fc.constantFrom('team', 'proto'), word),
    })
    .map((some): Identity => ({ ...anonymous, source: 'session', provider: 'default', ...some })),
)
const requestOf = (who: fc.Arbitrary<Identity>): fc.Arbitrary<ResourceRequest> =>
  fc
    .record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      resource: fc.option(name, { nil: undefined, freq: 20 }),
      identity: who,
      parameters: fc.oneof(fc.constant({}), fc.record({ owner: word })),
    })
    .map(({ method, resource, identity, parameters }) => {
      const attributes = attributesOf(identity, { team: 'teams', proto: '__proto__' })
      const subject = { identity, attributes, parameters, firstProvider: 'default' }
      return { method, resource, subject }
    })
const request = requestOf(identity)

const isPermitted = (statements: readonly Statement[], asked: ResourceRequest) =>
  judgeResource(statements, asked).kind === 'permitted'
const runs = { numRuns: 2_000 }

test('one more forbid never permits more', () =>
  fc.assert(
    fc.property(
      policy,
      statementOf(fc.constant('forbid')),
      fc.nat(6),
      request,
      (some, one, at, asked) => {
        if (isPermitted(some.toSpliced(at, 0, one), asked))
          expect(isPermitted(some, asked)).toBe(true)
      },
    ),
    runs,
  ))

test('one permit less never permits more', () =>
  fc.assert(
    fc.property(
      policy,
      statementOf(fc.constant('permit')),
      fc.nat(6),
      request,
      (some, one, at, asked) => {
        if (isPermitted(some, asked))
          expect(isPermitted(some.toSpliced(at, 0, one), asked)).toBe(true)
      },
    ),
    runs,
  ))

test('the order of statements does not matter', () =>
  fc.assert(
    fc.property(
      policy.chain((some) =>
        fc.tuple(
          fc.constant(some),
          fc.shuffledSubarray(some, { minLength: some.length, maxLength: some.length }),
        ),
      ),
      request,
      ([some, shuffled], asked) => {
        expect(isPermitted(shuffled, asked)).toBe(isPermitted(some, asked))
      },
    ),
    runs,
  ))

test('an anonymous caller passes no permit with conditions', () =>
  fc.assert(
    fc.property(policy, requestOf(fc.constant(anonymous)), (some, asked) => {
      const conditional = some.filter(({ when, unless }) => when.length + unless.length > 0)
      expect(isPermitted(conditional, asked)).toBe(false)
    }),
    runs,
  ))

test('what a statement permits, the same statement as a forbid forbids', () =>
  fc.assert(
    fc.property(statementOf(fc.constant('permit')), request, (permit, asked) => {
      if (isPermitted([permit], asked))
        expect(isPermitted([permit, { ...permit, effect: 'forbid' }], asked)).toBe(false)
    }),
    runs,
  ))
