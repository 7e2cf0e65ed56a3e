import { expect, test } from 'vitest'
import { quoted, renderProblem, withoutPassword } from '../../../src/config/problem.ts'

test('a problem is one line, with its example where there is one', () => {
  expect(renderProblem({ variable: 'PORT', message: 'is missing', example: '8080' })).toBe(
    'PORT: is missing; for example PORT=8080',
  )
  expect(renderProblem({ variable: 'PORT', message: 'is missing' })).toBe('PORT: is missing')
})

test.each([
  ['https://user:hunter2@host/path', 'https://***@host/path'],
  ['redis://:hunter2@host:6379/0', 'redis://***@host:6379/0'],
  ['redis://:hunter2/with/slashes?and#more@host', 'redis://***@host'],
  ['user:hunter2@host', '***@host'],
  ['https://host/path', 'https://host/path'],
  ['plain', 'plain'],
])('G-10 %s is shown as %s', (value, shown) => {
  expect(withoutPassword(value)).toBe(shown)
  expect(quoted(value)).toBe(`"${shown}"`)
})

test('G-03 a quoted value is short, well formed and on one line', () => {
  expect(quoted('a\nb"c')).toBe('"a\\nb\\"c"')
  expect(quoted('x'.repeat(1_000))).toBe(`"${'x'.repeat(120)}…"`)
  expect(quoted('\uD800').isWellFormed()).toBe(true)
})
