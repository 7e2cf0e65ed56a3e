import { describe, expect, test } from 'vitest'
import { operatorCheck } from '../../../src/http/operator-check.ts'

const [token, other] = ['4nT-the.one~of_now+/==', 'the-one-of-before']
const faultOf = operatorCheck([token, other])

describe('G-07 a request of an operator', () => {
  test.each([`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`, `Bearer ${other}`])(
    'G-07 with %j may pass',
    (authorization) => expect(faultOf(authorization)).toBeUndefined(),
  )

  test.each([
    ...['', 'Bearer', 'Bearer ', token, `Basic ${token}`, `Bearer${token}`, `Bearer,${token}`],
    ...[`Bearer ${token}x`, `Bearer x${token}`, `Bearer ${token.slice(0, -1)}`],
    ...[`Bearer ${token} ${token}`, `Bearer ${token},${other}`, `Bearer ${token.toUpperCase()}`],
    ...[`Bearer "${token}"`, 'Bearer undefined', ` Bearer ${token}`, `Bearer ${token} `],
  ])('G-07 with %j may not', (authorization) => {
    expect(faultOf(authorization)).toBe('invalid_token')
  })

  test('G-07 without a token may not', () => {
    expect(faultOf(undefined)).toBe('unauthenticated')
  })

  test('G-07 may not where there is no token at all', () => {
    for (const authorization of ['Bearer ', 'Bearer', 'Bearer x'])
      expect(operatorCheck([])(authorization)).toBe('invalid_token')
  })
})
