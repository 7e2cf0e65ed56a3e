import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { variables } from '../../src/config/variables.ts'
import { codes, errorWord } from '../../src/model/codes.ts'
import { callbackCodes } from '../../src/oidc/callback.ts'

const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8')

interface Entry {
  readonly code: string
  readonly status: number
  readonly text: string
}

/** The entries below a heading, in their order. */
function entriesOf(heading: string): Entry[] {
  const part = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  return part
    .split(/^### /m)
    .slice(1)
    .map((text) => {
      const [, code = '', status] = /^`(\w+)` · (\d{3})\n/.exec(text) ?? []
      return { code, status: Number(status), text }
    })
}

const statusesOf = (entries: readonly Entry[]) =>
  entries.map(({ code, status }) => [code, status] as const)

describe('docs/reference/errors.md', () => {
  test('lists the codes of refusals with their statuses, in their order', () => {
    const known = Object.entries(codes).map(([code, { status }]) => [code, status])
    expect(statusesOf(entriesOf('Refusals'))).toEqual(known)
  })

  test('lists the codes of failed sign-ins likewise', () => {
    expect(statusesOf(entriesOf('Sign-in failures'))).toEqual(Object.entries(callbackCodes))
  })

  test('says of each what it means, what the log says and what to do', () => {
    for (const { code, text } of [...entriesOf('Refusals'), ...entriesOf('Sign-in failures')]) {
      const labels = [...text.matchAll(/^- \*\*(\w+):\*\* \S/gm)].map(([, label]) => label)
      expect(labels, code).toEqual(['Means', 'Log', 'Do'])
    }
  })

  test('names settings that exist', () => {
    const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=\w+)?`/g)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(20)
    expect(Object.keys(variables.properties)).toEqual(expect.arrayContaining(named))
  })
})

describe('the words of the codes', () => {
  test('are whole sentences that say something', () => {
    for (const [code, { title, message }] of Object.entries(codes)) {
      expect(title, code).toMatch(/^[A-Z].*[^.]$/)
      expect(message, code).toMatch(/^[A-Z].*\.$/)
    }
  })

  test('error is the word of RFC 6750 or RFC 9470, `unauthorized` for other 401s, else the code', () => {
    for (const code of Object.keys(codes) as (keyof typeof codes)[]) {
      const word = [
        'invalid_token',
        'insufficient_scope',
        'insufficient_user_authentication',
      ].includes(code)
      const other = codes[code].status === 401 ? 'unauthorized' : code
      expect(errorWord(code)).toBe(word ? code : other)
    }
  })
})
