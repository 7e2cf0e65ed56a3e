import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeName, encodeName, readMessage } from '../../src/mcp/mcp-headers.ts'

const isName = (text: string) =>
  text !== '' && text.isWellFormed() && !/[\p{Cc}\u2028\u2029\ufeff]/u.test(text)

describe('names of MCP messages', () => {
  test('come out of headers as clients put them in, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const header = encodeName(text)
        expect(header).toMatch(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/)
        expect(decodeName(header)).toBe(isName(text) ? text : undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  test('have one spelling with the marks: no other header decodes to the same name', () => {
    const base64 = fc
      .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), fc.nat(12))
      .chain(([text, at]) =>
        fc.constantFrom('', '', '=', 'A', '-', ' ', '\n').map((odd) => {
          const encoded = Buffer.from(text).toString('base64')
          return encoded.slice(0, at) + odd + encoded.slice(at)
        }),
      )
    const marks = [
      fc.constantFrom('=?base64?', '=?base64?', '=?BASE64?', '=?base64', '?base64?'),
      fc.constantFrom('?=', '?=', '?', '=', '?=?='),
    ] as const
    let decoded = 0
    fc.assert(
      fc.property(marks[0], base64, marks[1], (before, middle, after) => {
        const header = before + middle + after
        const name = decodeName(header)
        if (name === undefined || !header.startsWith('=?')) return
        decoded += 1
        expect(header).toBe(`=?base64?${Buffer.from(name).toString('base64')}?=`)
      }),
      { numRuns: 5_000 },
    )
    expect(decoded).toBeGreaterThan(100)
  })

  test('are on one line and bounded, and reading them never throws', () => {
    const value = fc.option(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.base64String().map((text) => `=?base64?${text}?=`),
      ),
      { nil: undefined },
    )
    fc.assert(
      fc.property(fc.constantFrom('tools/call', 'resources/read'), value, (method, name) => {
        const read = readMessage({ version: '2026-07-28', method, name, doubled: undefined })
        if (read.kind === 'unreadable') return
        expect(read.name).toMatch(/^\P{Cc}{1,2048}$/u)
      }),
      { numRuns: 5_000 },
    )
  })
})
