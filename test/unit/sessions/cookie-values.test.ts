import { expect, test } from 'vitest'
import { cookieValues } from '../../../src/sessions/cookie-values.ts'

test.each([
  ['', []],
  ['s=1', ['1']],
  ['s=', ['']],
  ['s', []],
  ['a=0; s=1; b=2', ['1']],
  ['s=1;s=2;  s=3', ['1', '2', '3']],
  ['s=1; s=1', ['1']],
  ['s=a=b', ['a=b']],
  ['s="1"', ['"1"']],
  ['s=1 ; a=2', ['1 ']],
  [';;=;s=1;', ['1']],
  ['S=1; ss=2; s =3; a s=4; a=s=5; \ts=6; "s"=7', []],
  ['__proto__=1; s=2', ['2']],
])('C-06 the values of s in %j are %j', (header, values) => {
  expect(cookieValues(header, 's')).toEqual(values)
})

test('C-13 a long header of nothing is read in one go', () => {
  for (const filler of [';', ' ', '=', 's', 's;', '; s ']) {
    expect(cookieValues(`${filler.repeat(200_000)}; s=1`, 's')).toEqual(['1'])
  }
})
