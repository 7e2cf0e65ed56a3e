import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cut, Html, html } from '../../../../src/http/pages/html.ts'
import { pagesWith } from './all-pages.ts'
import { skeleton, texts, tokenize, values } from './markup.ts'

const attacks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)',
  "' onmouseover='alert(1)",
  ' onfocus=alert(1) autofocus ',
  '</title></style><svg onload=alert(1)>',
  '<!-- ',
  '--><b>',
  '</bdi></dd></dl></main><form action=//evil.example>',
  '&lt;b&gt;',
]

/** Text as an attacker would write it, never empty. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: 'binary' }), fc.string()), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => `x${parts.join('')}`)

/** First and last of the characters that break lines, control or reorder text. */
const unwanted = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
] as const

function isUnwanted(character: string): boolean {
  const point = character.codePointAt(0) ?? 0
  return unwanted.some(([first, last]) => point >= first && point <= last)
}

/** What a page shows for a text. */
function neutral(text: string): string {
  return [...text.toWellFormed()].map((c) => (isUnwanted(c) ? '\uFFFD' : c)).join('')
}

describe('html', () => {
  test('a value arrives as it is, in text and in an attribute', () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
        const page = html`<p title="${text}">${text}</p>`.text
        expect(skeleton(page)).toEqual(['p title', '/p'])
        expect(values(page, 'title')).toEqual([neutral(text)])
        expect(texts(page).join('')).toBe(neutral(text))
      }),
    )
  })

  test('markup is kept, lists are joined, undefined leaves nothing', () => {
    const item = (text: string) => html`<li>${text}</li>`
    expect(html`<ul>${['a', '<'].map(item)}</ul>${undefined}${0}`.text).toBe(
      '<ul><li>a</li><li>&lt;</li></ul>0',
    )
  })

  test('only line breaks of the template go', () => {
    expect(
      html`
      <b>a b</b>
      ${new Html('\n  c')}
    `.text,
    ).toBe('<b>a b</b>\n  c')
  })

  test('an object that looks like markup is not taken for it', () => {
    const forged = JSON.parse('{"text":"<script>"}')
    expect(() => html`${forged}`.text).toThrow(TypeError)
  })
})

describe('every page', () => {
  test('the check sees each attack where nothing is escaped', () => {
    const page = (text: Html) => html`<p title="${text}">${text}</p>`.text
    const sees = attacks.filter(
      (attack) =>
        String(skeleton(page(new Html(attack)))) !== String(skeleton(page(new Html('plain')))),
    )
    // Single quotes, blanks and entities do no harm inside double quotes.
    expect(attacks.filter((attack) => !sees.includes(attack))).toEqual([
      "' onmouseover='alert(1)",
      ' onfocus=alert(1) autofocus ',
      '&lt;b&gt;',
    ])
    const unquoted = (text: Html) => html`<p title=${text}>`.text
    expect(skeleton(unquoted(new Html(' onfocus=alert(1) autofocus ')))).not.toEqual(['p title'])
  })

  test.each(Object.entries(pagesWith))(
    'L-11 %s: no tag or attribute comes from a text',
    (_, page) => {
      const plain = skeleton(page('plain'))
      fc.assert(
        fc.property(hostile, (text) => {
          expect(skeleton(page(text))).toEqual(plain)
        }),
        { numRuns: 50 },
      )
    },
  )

  test.each(Object.entries(pagesWith))(
    '%s: a text cannot reorder what stands around it',
    (_, page) => {
      const output = page('zqx\u202E\u2066\u061C\u0000\n')
      expect([...output].filter(isUnwanted)).toEqual([])
      const tokens = tokenize(output)
      const around = tokens.flatMap((token, i) =>
        token.kind === 'text' && token.text.includes('zqx') ? [tokens[i - 1], tokens[i + 1]] : [],
      )
      expect(around).toEqual(
        around.map((_, i) => ({ kind: 'tag', name: i % 2 ? '/bdi' : 'bdi', attributes: [] })),
      )
    },
  )

  test.each(Object.entries(pagesWith))('%s: plain, whole and self-contained', (_, page) => {
    const output = page('/plain')
    const tags = skeleton(output)
    expect(output).toMatch(/^<!doctype html><html lang="en"><meta charset="utf-8">/)
    expect(tags.filter((tag) => tag === 'main')).toHaveLength(1)
    expect(tags.filter((tag) => tag === 'h1')).toHaveLength(1)
    expect(tags.filter((tag) => tag === 'title')).toHaveLength(1)
    expect(tags).toContain('meta name content')
    expect(
      tags.filter((tag) => /^(script|link|img|iframe|object|base)\b|\bon\w|\bstyle$/.test(tag)),
    ).toEqual(['style', '/style'])
    expect(output).not.toMatch(/@import|url\(|javascript:/)
  })
})

describe('cut', () => {
  test('keeps what fits and whole characters of the rest', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, max) => {
        const characters = [...text]
        const expected =
          characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`
        expect(cut(text, max)).toBe(expected)
      }),
    )
  })
})
