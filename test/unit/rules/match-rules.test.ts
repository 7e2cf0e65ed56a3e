import { describe, expect, test } from 'vitest'
import type { RuleSettings } from '../../../src/config/settings.ts'
import { compileRules, type RulesFor } from '../../../src/rules/compile-rules.ts'
import { testRule, testRuleFor } from '../../support/rule.ts'

type Request = Parameters<RulesFor>[0]

const defaultRule = testRule()

function matcher(rules: readonly RuleSettings[], appRules: readonly RuleSettings[] = []) {
  const rulesFor = compileRules({ rules, defaultRule, publicPorts: new Set(['8443']) })
  const app = { name: 'app', rules: appRules }
  const matches = (path: string, changes: Partial<Request> = {}) =>
    rulesFor(
      { host: 'app.example.com', method: 'GET', clientAddress: '198.51.100.7', path, ...changes },
      app,
    )
  const names = (path: string, changes?: Partial<Request>) =>
    matches(path, changes).map(({ rule }) => rule.name)
  return { matches, names }
}

const named = (name: string, match: RuleSettings['match'], changes = {}) =>
  testRuleFor(match, { name, ...changes })

describe('the order', () => {
  const { names } = matcher(
    [named('users', { paths: ['/users/**'] }), named('all', { paths: ['/**'] })],
    [named('own', { paths: ['/users/me'] })],
  )
  test.each([
    ['/users/me', 'own'],
    ['/users/me/x', 'users'],
    ['/users', 'users'],
    ['/', 'all'],
  ])('the first rule that matches %s is %s: the app’s, then the global ones', (path, name) =>
    expect(names(path)).toEqual([name]),
  )

  test('P-18: what no rule matches has the default rule', () => {
    expect(matcher([]).matches('/x')).toEqual([{ rule: defaultRule, parameters: {} }])
    expect(matcher([named('a', { paths: ['/a'] })]).names('/b')).toEqual(['default'])
    expect(matcher([], [named('a', { paths: ['/a'] })]).names('/b')).toEqual(['default'])
  })

  test('the rules of one app are not another’s', () => {
    const rulesFor = compileRules({ rules: [], defaultRule, publicPorts: new Set() })
    const request = { host: 'x', method: 'GET', path: '/', clientAddress: '' }
    const nameFor = (...rules: RuleSettings[]) =>
      rulesFor(request, { name: 'same', rules })[0].rule.name
    expect(nameFor(named('a', {}))).toBe('a')
    expect(nameFor(named('b', {}))).toBe('b')
    expect(nameFor()).toBe('default')
  })

  test('the rule is the one of the settings', () => {
    const rule = named('all', {})
    expect(matcher([rule]).matches('/x')[0].rule).toBe(rule)
  })
})

describe('paths', () => {
  test.each([
    ['/', ['/'], ['/a']],
    ['/a', ['/a', '/a/'], ['/', '/a/b', '/ab']],
    ['/a/', ['/a', '/a/'], ['/a/b']],
    ['/a/*', ['/a/b', '/a/b/'], ['/a', '/a/b/c']],
    ['/a/**', ['/a', '/a/', '/a/b', '/a/b/c'], ['/', '/b', '/ab']],
    ['/**', ['/', '/a', '/a/b'], []],
    ['/a/**/z', ['/a/z', '/a/b/z', '/a/z/z'], ['/a', '/z', '/a/z/b']],
    ['/**/m/**/z', ['/m/z', '/a/m/b/z', '/m/m/z'], ['/z/m', '/m/z/a']],
    ['/a/**/**/b', ['/a/b', '/a/x/y/b'], ['/a']],
    ['/a/*/c/**', ['/a/b/c', '/a/b/c/d'], ['/a/c', '/a/b/d']],
    ['/a/{id}/c', ['/a/b/c'], ['/a/c', '/a/b/d/c']],
    ['/a b/ż', ['/a%20b/%C5%BC'], ['/a+b/z']],
    ['/a.b', ['/a.b'], ['/axb']],
  ])('P-15 %s', (pattern, some, others) => {
    const { names } = matcher([named('it', { paths: [pattern] })])
    for (const path of some) expect(names(path), path).toEqual(['it'])
    for (const path of others) expect(names(path), path).toEqual(['default'])
  })

  test('any of several', () => {
    const { names } = matcher([named('it', { paths: ['/a', '/b/**'] })])
    expect([...names('/a'), ...names('/b/c'), ...names('/c')]).toEqual(['it', 'it', 'default'])
  })

  test('many "**" cost what fits the path, not all ways to split it', () => {
    const pattern = '/**/a'.repeat(30)
    const { names } = matcher([named('it', { paths: [`${pattern}/z`] })])
    expect(names('/a'.repeat(2_000))).toEqual(['default'])
    expect(names(`${'/a'.repeat(2_000)}/z`)).toEqual(['it'])
  })
})

describe('parameters', () => {
  const of = (pattern: string, path: string) =>
    matcher([named('it', { paths: [pattern] })])
      .matches(path)
      .map(({ parameters }) => parameters)

  test.each([
    ['/v1/{kind}/{id}', '/v1/models/GPT-4', [{ kind: 'models', id: 'GPT-4' }]],
    ['/v1/{id}', '/v1/a%20b', [{ id: 'a b' }]],
    ['/V1/{id}', '/v1/Xy', [{}, { id: 'Xy' }]],
    ['/**/x/{id}', '/a/x/b/x/c', [{ id: 'c' }]],
    ['/a/**/{id}/**', '/a/b/c', [{ id: 'b' }]],
    ['/**/x/{id}/**', '/x/x/x', [{ id: 'x' }]],
    ['/{a}/**/m/{b}/**/{c}', '/1/m/2/m/3/4', [{ a: '1', b: '2', c: '4' }]],
    ['/{__proto__}', '/x', [Object.fromEntries([['__proto__', 'x']])]],
  ])('of %s in %s', (pattern, path, parameters) => expect(of(pattern, path)).toEqual(parameters))

  test('P-11 each reading has its own, that of the path as it is first', () => {
    const { matches } = matcher([
      named('one', { paths: ['/v1/{id}'] }),
      named('two', { paths: ['/v1/{a}/{b}'] }),
    ])
    expect(matches('/v1/x%2Fy').map(({ rule, parameters }) => [rule.name, parameters])).toEqual([
      ['one', { id: 'x%2Fy' }],
      ['two', { a: 'x', b: 'y' }],
    ])
  })

  test('P-12 a value that is read in two ways is asked for in both', () => {
    expect(of('/v1/{id}', '/v1/%2561')).toEqual([{ id: '%2561' }, { id: '%61' }, { id: 'a' }])
  })
})

describe('readings', () => {
  const { names, matches } = matcher([
    named('public', { paths: ['/public/**'] }, { access: 'public' }),
    named('admin', { paths: ['/Admin/**'] }),
    named('rest', { paths: ['/**'] }, { access: 'any' }),
  ])

  test.each([
    ['P-07', '/public%3f/../admin'],
    ['P-09', '/public/../Admin'],
    ['P-10', '/public/%2e%2e/Admin'],
    ['P-11', '/public%2f..%2fAdmin'],
    ['P-12', '/public/%252e%252e/Admin'],
    ['P-13', '/public/..;/Admin'],
    ['P-14', '//Admin//'],
    ['P-16', '/%41dmin'],
    ['P-16', '/admin'],
    ['P-16', '/ADMIN/x'],
  ])('%s: the admin rule holds for %s, and the public one does not', (_id, path) => {
    expect(names(path)).toContain('admin')
    expect(names(path)).not.toContain('public')
  })

  test('P-16: /PUBLIC is not public alone', () => {
    expect(names('/PUBLIC')).toEqual(['rest', 'public'])
    expect(names('/public/X')).toEqual(['public'])
  })

  test('P-12: what is escaped too often is denied', () => {
    expect(matches('/%25252561')).toMatchObject([
      { rule: { name: 'over-encoded path', access: 'deny' }, parameters: {} },
    ])
  })

  test('where no rule is about a host, no path matters', () => {
    const { names } = matcher([named('it', { hosts: [{ name: 'other.org', wildcard: false }] })])
    expect(names('/%25252561')).toEqual(['default'])
  })
})

test('hosts', () => {
  const { names } = matcher([
    named('one', { hosts: [{ name: 'one.example.com', wildcard: false }] }),
    named('port', { hosts: [{ name: 'example.com', wildcard: true, port: '9000' }] }),
    named('sub', { hosts: [{ name: 'example.com', wildcard: true }], paths: ['/x'] }),
  ])
  const at = (host: string) => names('/x', { host })
  expect(at('one.example.com')).toEqual(['one'])
  expect(at('one.example.com:8443')).toEqual(['one'])
  expect(at('one.example.com:9000')).toEqual(['port'])
  expect(at('two.example.com')).toEqual(['sub'])
  expect(at('a.two.example.com')).toEqual(['sub'])
  expect(at('two.example.com:9001')).toEqual(['default'])
  expect(at('example.com')).toEqual(['default'])
  expect(names('/y', { host: 'two.example.com' })).toEqual(['default'])
  for (let i = 0; i < 2_000; i += 1) expect(at(`x${i}.example.com`)).toEqual(['sub'])
})

test('methods are those listed', () => {
  const { names } = matcher([
    named('get', { methods: ['GET'] }),
    named('write', { methods: ['POST', 'PUT'] }),
  ])
  const by = (method: string) => names('/x', { method })[0]
  expect(['GET', 'POST', 'PUT', 'HEAD'].map(by)).toEqual(['get', 'write', 'write', 'default'])
})

describe('preflights', () => {
  const { names, matches } = matcher([
    named('api', { methods: ['GET', 'POST'], paths: ['/api/**'] }, { preflight: true }),
    named('closed', { methods: ['GET'], paths: ['/closed'] }),
    named('any', { paths: ['/any'] }, { preflight: true }),
  ])
  const options = { method: 'OPTIONS' }
  const preflight = { ...options, preflightMethod: 'POST' }

  test('P-20: a real one matches the rule of the request to come, where it opts in', () => {
    expect(names('/api/x', preflight)).toEqual(['api'])
    expect(names('/any', preflight)).toEqual(['any'])
  })

  test('P-20: a bare OPTIONS, another method or a rule that does not opt in is no match', () => {
    expect(names('/api/x', options)).toEqual(['default'])
    expect(names('/api/x', { ...options, preflightMethod: 'DELETE' })).toEqual(['default'])
    expect(names('/closed', { ...options, preflightMethod: 'GET' })).toEqual(['default'])
    expect(names('/closed', { method: 'PUT', preflightMethod: 'GET' })).toEqual(['default'])
  })

  test('P-20: of a path that is not canonical none passes', () => {
    expect(names('//api/x', preflight)).toEqual(['default'])
    expect(matches('//any', preflight)).toMatchObject([{ rule: { name: 'any', preflight: false } }])
    expect(matches('//any')).toMatchObject([{ rule: { name: 'any', preflight: true } }])
  })
})

test('networks', () => {
  const { names } = matcher([
    named('office', { networks: ['10.0.0.0/8', '2001:db8::/32'] }),
    named('host', { networks: ['192.0.2.1', '::1'] }),
  ])
  const from = (clientAddress: string) => names('/x', { clientAddress })[0]
  expect(['10.1.2.3', '2001:db8::1', '192.0.2.1', '::1'].map(from)).toEqual([
    ...['office', 'office', 'host', 'host'],
  ])
  expect(['11.1.2.3', '2001:db9::1', '192.0.2.2', 'unknown', ''].map(from)).toEqual(
    Array(5).fill('default'),
  )
})

test('P-09 public and optional rules are about canonical paths only', () => {
  const { names } = matcher([
    named('public', { paths: ['/a'] }, { access: 'public' }),
    named('optional', { paths: ['/b'] }, { access: 'optional' }),
    named('then', { paths: ['/**'] }),
  ])
  expect([names('/a'), names('/b')]).toEqual([['public'], ['optional']])
  expect([names('//a'), names('/b;x')]).toEqual([['then'], ['then']])
})
