import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RuleSettings } from '../../src/config/settings.ts'
import { compileRules, type RulesFor } from '../../src/rules/compile-rules.ts'
import { readPath } from '../../src/rules/path-readings.ts'
import { unreachableRules } from '../../src/rules/unreachable-rules.ts'
import { testRule, testRuleFor } from '../support/rule.ts'

const app = { name: 'app', rules: [] }
const matcher = (rules: readonly RuleSettings[]): ((path: string) => ReturnType<RulesFor>) => {
  const rulesFor = compileRules({ rules, defaultRule: testRule(), publicPorts: new Set() })
  return (path) =>
    rulesFor({ host: 'app.example.com', method: 'GET', clientAddress: '192.0.2.1', path }, app)
}

const hex = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`
const escaped = (text: string) => Array.from(Buffer.from(text), hex).join('')
const escapedAgain = (text: string) => escaped(text).replaceAll('%', '%25')
const wide = (text: string) =>
  escaped(text.replaceAll(/[!-~]/g, (c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0)))

/** Ways to write a character that some server undoes. */
const ways: readonly ((character: string) => string)[] = [
  (character) => character.toUpperCase(),
  escaped,
  (character) => escaped(character).toUpperCase(),
  (character) => escaped(character.toUpperCase()),
  escapedAgain,
  (character) => escapedAgain(character).replaceAll('%25', '%2525'),
  wide,
]
const written = (character: string) =>
  fc
    .tuple(
      fc.constantFrom<(text: string) => string>((c) => c, ...ways),
      fc.integer({ max: 2 }),
    )
    .map(([way, plain]) => (plain > 0 ? character : way(character)))

const text = (of: string) =>
  fc.tuple(...[...of].map(written)).map((pieces: readonly string[]) => pieces.join(''))

const slashes = ['/', '/', '/', '/', '//', '/./', '/%2e/', '/%252e/', '/.%20/', '/;x=1/', '/;/']
const otherSlashes = ['%2f', '%2F', '%5c', '%252f', '%c0%af', '%c1%9c', '%e0%80%af', '\\']
const detours = [
  ...['', '', '', '', 'x/../', 'x/%2e%2e/', 'x/%2E./', 'x/..;y=1/', 'x%2f..%2f', 'x/..%5c'],
  ...['x/%252e%252e/', 'x/%c0%ae%c0%ae/', 'x/%E2%80%A5/', 'x//../../', 'x;y/..%20/'],
]
const firstDetours = [...detours, '../', '%2e%2e/', '..;/']
const ends = ['', '', '', ';', ';x=1', '%3bx', '%253bx', '.', '%2e', '%20', '.%20.', '%EF%BC%8E']

/** A path as no server but a loose one would know it. */
const spelling = (path: string) =>
  fc
    .tuple(
      ...path
        .slice(1)
        .split('/')
        .map((segment, index) =>
          fc
            .tuple(
              fc.constantFrom(...(index === 0 ? slashes : [...slashes, ...otherSlashes])),
              fc.constantFrom(...(index === 0 ? firstDetours : detours)),
              text(segment),
              fc.constantFrom(...ends),
            )
            .map((pieces) => pieces.join('')),
        ),
      fc.constantFrom('', '', '/', '//', '/.', '%3fx', '%23x', '/x/..', '%2f'),
    )
    .map((pieces: readonly string[]) => pieces.join(''))

describe('no spelling of a path that a restrictive rule covers', () => {
  const matches = matcher([
    testRuleFor({ paths: ['/public/**', '/docs'] }, { name: 'public', access: 'public' }),
    testRuleFor({ paths: ['/admin/**', '/a/b/*/secret', '/API/{id}/keys'] }, { name: 'closed' }),
    testRuleFor({ paths: ['/**'] }, { name: 'open', access: 'optional' }),
  ])
  const covered = fc.constantFrom('/admin', '/admin/users', '/a/b/c/secret', '/api/7/keys')

  test('P-07 P-08 P-09 P-10 P-11 P-12 P-13 P-14 P-16: escapes it', () => {
    fc.assert(
      fc.property(covered.chain(spelling), (path) => {
        const names = matches(path).map(({ rule }) => rule.name)
        expect(names.includes('closed') || names[0] === 'over-encoded path', path).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test('P-09 P-11 P-13: escapes it after a path that is public', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('/public', '/docs', '/PUBLIC/x/..'),
        fc.constantFrom('/..', '/%2e%2e', '/..;', '%2f..', '%5c..', '/%252e.', '//../..'),
        covered.chain(spelling),
        (start, up, path) => {
          const names = matches(start + up + path).map(({ rule }) => rule.name)
          expect(names.includes('closed') || names[0] === 'over-encoded path').toBe(true)
          expect(names).not.toContain('public')
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

const pieces = [
  ...['/', '/', '/', 'a', 'b', 'A', '.', '..', ';', '%2f', '%2F', '%5c', '%', '%25', '%61', '%2e'],
  ...['%00', '%ff', '%c0%af', '%C5%BC', '%20', '%3f', '\\', '*', '{', '%E2%84%80', '%7f', '~'],
]
const anyPath = fc.oneof(
  fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 }).map((end) => `/${end}`),
  fc.constantFrom('/admin', '/docs/a').chain(spelling),
  fc.webPath(),
  fc.string({ unit: 'binary' }),
)

/** Canonical by another way than the code's: written again from what it says, it is the same. */
function isNormal(path: string): boolean {
  const segments = path.replace(/\/$/, '').split('/').slice(1)
  return (
    path.startsWith('/') &&
    !/[^!-~]|[?#]/.test(path) &&
    (path === '/' || segments.every(isNormalSegment))
  )
}

function isNormalSegment(segment: string): boolean {
  if (['', '.', '..'].includes(segment) || /[;\\]/.test(segment)) return false
  return segment.split(/((?:%[0-9a-f]{2})+)/i).every((part, index) => {
    if (index % 2 === 0) return !part.includes('%')
    try {
      return /^[^\w.~/\\%;\p{Cc}-]+$/u.test(decodeURIComponent(part))
    } catch {
      return false
    }
  })
}

describe('what is open to everybody', () => {
  const open = matcher([
    testRuleFor({}, { name: 'public', access: 'public' }),
    testRuleFor({}, { name: 'optional', access: 'optional' }),
  ])
  test('P-09 P-10 P-11 P-12 P-13 P-14 P-16: is only what is in its normal form', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const names = open(path).map(({ rule }) => rule.name)
        if (isNormal(path)) expect(names).toEqual(['public'])
        else expect(names, path).not.toContain('public')
        expect(names).not.toContain('optional')
      }),
      { numRuns: 5_000 },
    )
  })

  test('P-16: and is open in every reading', () => {
    const matches = matcher([
      testRuleFor({ paths: ['/open/*'] }, { name: 'public', access: 'public' }),
    ])
    fc.assert(
      fc.property(anyPath, (path) => {
        const names = matches(`/open${path}`).map(({ rule }) => rule.name)
        if (names.length > 1 || names[0] !== 'public') return
        for (const { segments } of readPath(`/open${path}`).readings)
          expect(segments).toEqual(['open', expect.anything()])
      }),
      { numRuns: 5_000 },
    )
  })
})

const segment = fc.constantFrom('a', 'b', 'c', 'A')
const pattern = fc
  .array(fc.oneof(segment, fc.constantFrom('*', '**', '{x}', '**')), { maxLength: 5 })
  .map((segments) => `/${segments.join('/')}`)
const ruleMatch = fc.record<RuleSettings['match']>(
  {
    paths: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    methods: fc.subarray(['GET', 'POST'], { minLength: 1 }),
    hosts: fc
      .array(fc.constantFrom('example.com', 'org'), { minLength: 1, maxLength: 2 })
      .map((names) => names.map((name) => ({ name, wildcard: true }))),
  },
  { requiredKeys: [] },
)
const ruleList = fc
  .array(
    fc.tuple(ruleMatch, fc.constantFrom('public' as const, 'user' as const, 'deny' as const)),
    { maxLength: 12 },
  )
  .map((rules) =>
    rules.map(([match, access], index) => testRuleFor(match, { name: `rule ${index}`, access })),
  )
const request = fc.record({
  host: fc.constantFrom('a.example.com', 'b.example.com', 'a.org', 'localhost'),
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  clientAddress: fc.constant('192.0.2.1'),
  path: fc.oneof(
    fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`),
    fc.array(segment, { maxLength: 4 }).map((segments) => `//${segments.join('%2f')}`),
  ),
})

/** Any number of segments for `**`, tried one after another. */
function fits([wanted, ...rest]: readonly string[], segments: readonly string[]): boolean {
  if (wanted === undefined) return segments.length === 0
  if (wanted === '**')
    return segments.concat('').some((_, from) => fits(rest, segments.slice(from)))
  const [first, ...others] = segments
  if (first === undefined) return false
  return (wanted === first || ['*', '{x}'].includes(wanted)) && fits(rest, others)
}

test('P-18: the rules that hold are those that a look at one after another finds', () => {
  fc.assert(
    fc.property(ruleList, request, (rules, asked) => {
      const rulesFor = compileRules({ rules, defaultRule: testRule(), publicPorts: new Set() })
      const { canonical, readings } = readPath(asked.path)
      const naive = readings.flatMap((reading) =>
        (['exact', 'folded'] as const)
          .filter((form) => reading[form])
          .map((form) => {
            const spelt = (path: string) => (form === 'folded' ? path.toLowerCase() : path)
            const found = rules.find(
              ({ access, match: { paths, methods, hosts } }) =>
                (canonical || access !== 'public') &&
                (methods?.includes(asked.method) ?? true) &&
                (hosts?.some(({ name }) => asked.host.endsWith(`.${name}`)) ?? true) &&
                (paths?.some((path) =>
                  fits(spelt(path).split('/').filter(Boolean), reading.segments),
                ) ??
                  true),
            )
            return found?.name ?? 'default'
          }),
      )
      const names = rulesFor(asked, app).map(({ rule }) => rule.name)
      expect(new Set(names)).toEqual(new Set(naive))
      expect(names[0]).toBe(naive[0])
    }),
    { numRuns: 5_000 },
  )
})

test('a rule that is said to be unreachable never holds for a canonical path', () => {
  fc.assert(
    fc.property(ruleList, fc.array(request, { maxLength: 20 }), (rules, requests) => {
      const rulesFor = compileRules({ rules, defaultRule: testRule(), publicPorts: new Set() })
      const hidden = unreachableRules(rules).map(({ name }) => name)
      for (const asked of requests.filter(({ path }) => readPath(path).canonical)) {
        for (const { rule } of rulesFor(asked, app)) expect(hidden).not.toContain(rule.name)
      }
    }),
    { numRuns: 2_000 },
  )
})
