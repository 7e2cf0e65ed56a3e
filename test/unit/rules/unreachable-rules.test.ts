import { expect, test } from 'vitest'
import type { RuleSettings } from '../../../src/config/settings.ts'
import type { Rule } from '../../../src/model/rule.ts'
import { unreachableRules } from '../../../src/rules/unreachable-rules.ts'
import { testRuleFor } from '../../support/rule.ts'

type Match = RuleSettings['match'] & Partial<Pick<Rule, 'access' | 'preflight'>>

const isHidden = (earlier: Match, later: Match) => {
  const rule = (name: string, { access = 'user', preflight = false, ...match }: Match) =>
    testRuleFor(match, { name, access, preflight })
  const found = unreachableRules([
    rule('other', { methods: ['PATCH'], paths: ['/other'] }),
    rule('earlier', earlier),
    rule('later', later),
  ])
  if (found.length > 0) expect(found).toEqual([{ name: 'later', by: 'earlier' }])
  return found.length > 0
}

const host = (name: string, wildcard = false, port?: string) => ({
  name,
  wildcard,
  ...(port !== undefined && { port }),
})

const hidden: readonly (readonly [Match, Match])[] = [
  [{}, {}],
  [{}, { paths: ['/a'], methods: ['GET'], networks: ['::1'], hosts: [host('a.org')] }],
  [{ paths: ['/**'] }, {}],
  [{ paths: ['/**'] }, { paths: ['/'] }],
  [{ paths: ['/a/**'] }, { paths: ['/a', '/a/b', '/a/*', '/a/**/b', '/a/{x}/**'] }],
  [{ paths: ['/a', '/b'] }, { paths: ['/b', '/a/'] }],
  [{ paths: ['/a/*'] }, { paths: ['/a/{id}', '/a/b'] }],
  [{ paths: ['/**/b'] }, { paths: ['/b', '/a/**/b', '/**/x/b'] }],
  [{ paths: ['/**/**'] }, { paths: ['/**'] }],
  [{ methods: ['GET', 'HEAD'] }, { methods: ['GET'] }],
  [{ networks: ['::1', '10.0.0.0/8'] }, { networks: ['10.0.0.0/8', '::1'] }],
  [{ hosts: [host('a.org', true)] }, { hosts: [host('b.a.org'), host('b.a.org', true)] }],
  [{ hosts: [host('a.org', true)] }, { hosts: [host('a.org', true)] }],
  [{ hosts: [host('a.org', true, '9000')] }, { hosts: [host('b.a.org', false, '9000')] }],
  [
    { methods: ['GET'], preflight: true },
    { methods: ['GET'], preflight: true },
  ],
  [{ methods: ['GET', 'OPTIONS'] }, { methods: ['GET'], preflight: true }],
  [{ paths: ['/docs/**'], access: 'public' }, { paths: ['/docs/admin'] }],
]
test.each(hidden)('%j leaves nothing to %j', (earlier, later) => {
  expect(isHidden(earlier, later)).toBe(true)
})

const seen: readonly (readonly [Match, Match])[] = [
  [{ paths: ['/a'] }, {}],
  [{ paths: ['/a'] }, { paths: ['/a', '/b'] }],
  [{ paths: ['/a/*'] }, { paths: ['/a'] }],
  [{ paths: ['/a/*'] }, { paths: ['/a/**'] }],
  [{ paths: ['/a/**'] }, { paths: ['/**'] }],
  [{ paths: ['/a/b'] }, { paths: ['/a/*'] }],
  [{ paths: ['/*'] }, { paths: ['/**'] }],
  [{ paths: ['/A'] }, { paths: ['/a'] }],
  [{ methods: ['GET'] }, {}],
  [{ methods: ['GET'] }, { methods: ['GET', 'HEAD'] }],
  [{ methods: ['GET'] }, { methods: ['GET'], preflight: true }],
  [{ networks: ['10.0.0.0/8'] }, {}],
  [{ networks: ['10.0.0.0/8'] }, { networks: ['10.0.0.1'] }],
  [{ networks: ['10.0.0.0/8', '::1'] }, { networks: ['::1'] }],
  [{ hosts: [host('a.org')] }, {}],
  [{ hosts: [host('a.org', true)] }, { hosts: [host('a.org')] }],
  [{ hosts: [host('a.org')] }, { hosts: [host('a.org', true)] }],
  [{ hosts: [host('a.org', true)] }, { hosts: [host('b.a.org'), host('b.org')] }],
  [{ hosts: [host('a.org', true)] }, { hosts: [host('ba.org')] }],
  [{ hosts: [host('a.org')] }, { hosts: [host('a.org', false, '9000')] }],
]
test.each(seen)('%j leaves something to %j', (earlier, later) => {
  expect(isHidden(earlier, later)).toBe(false)
})

test('P-15 no pattern is said to cover more than it does', () => {
  const segments = ['a', 'b', '*', '**']
  const patterns = ['', ...segments, ...segments.flatMap((a) => segments.map((b) => `${a}/${b}`))]
  const rules = patterns.map((path) => testRuleFor({ paths: [`/${path}`] }, { name: path }))
  expect(unreachableRules(rules).length).toBeGreaterThan(5)
  expect(unreachableRules(rules.filter(({ name }) => !name.includes('*')))).toEqual([])
})
