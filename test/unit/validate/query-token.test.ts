import { describe, expect, test } from 'vitest'
import { tokenInQuery, withoutParameters } from '../../../src/validate/query-token.ts'

describe('B-19 the token of a query', () => {
  test.each<[string, string | undefined]>([
    ['', undefined],
    ['?', undefined],
    ['?a=b', undefined],
    ['?access_token=x', 'x'],
    ['?a=b&access_token=x&c', 'x'],
    ['?access%5Ftoken=a%2Eb', 'a.b'],
    ['?access_token=', ''],
    ['?access_token', ''],
    ['?access_token=a+b', 'a b'],
    ['?access_token=%', '%'],
    ['?access_token=ghk_key', ''],
    ['?ACCESS_TOKEN=x', undefined],
    ['?access_token[]=x', undefined],
    ['?a=1;access_token=x', undefined],
    ['?x_access_token=x', undefined],
  ])('B-19 %j has %j', (query, token) => {
    expect(tokenInQuery(query, 'access_token')).toEqual(
      token === undefined ? undefined : { kind: 'bearer', token },
    )
  })

  test.each([
    '?access_token=x&access_token=x',
    '?access_token=x&access%5ftoken',
    '?access_token&a&access_token=',
  ])('B-19 %j has two, and so none', (query) => {
    expect(tokenInQuery(query, 'access_token')).toEqual({
      kind: 'conflict',
      reason: 'the query has two of access_token',
    })
  })
})

describe('G-01 a query without its token', () => {
  test.each([
    ['', ''],
    ['?', ''],
    ['?a=b', '?a=b'],
    ['?access_token=x', ''],
    ['?a=%zz&access_token=x&b=c+d', '?a=%zz&b=c+d'],
    ['?access_token=x&access_token=y&a', '?a'],
    ['?access%5Ftoken=x&a=1', '?a=1'],
    ['?access%255Ftoken=x&a=1', '?a=1'],
    ['?%61ccess_token=%zz&a=1', '?a=1'],
    ['?Access_Token=x&a=1', '?a=1'],
    ['?access_token%5B%5D=x&access_token[0]=y&a=1', '?a=1'],
    ['?b=2;access_token=x&a=1', '?a=1'],
    ['?next=%2Fx%3Faccess_token%3Dx&a=1', '?a=1'],
    [
      '?my_access_token=x&access_tokens=y&q=access_token',
      '?my_access_token=x&access_tokens=y&q=access_token',
    ],
  ])('G-01 %j becomes %j', (query, rest) => {
    expect(withoutParameters(query, ['access_token'])).toBe(rest)
  })

  test('G-01 each of several names counts, to the letter', () => {
    expect(withoutParameters('?t.k=x&tok=y&txk=1&a=2', ['t.k', 'tok'])).toBe('?txk=1&a=2')
  })
})
