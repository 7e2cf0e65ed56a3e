import { beforeEach, describe, expect, test } from 'vitest'
import { RegistrationLimits } from '../../../src/mcp/registration-limits.ts'
import { TestClock } from '../../support/test-clock.ts'

let clock: TestClock
let limits: RegistrationLimits
beforeEach(() => {
  clock = new TestClock()
  limits = new RegistrationLimits(clock)
})

/** Registers once, from begin to end; whether it was let through. */
function registers(address: string): boolean {
  const admitted = limits.begin(address)
  if (admitted.kind === 'admitted') admitted.end()
  return admitted.kind === 'admitted'
}
const count = (addresses: readonly string[]) => addresses.filter(registers).length

describe('registrations of clients', () => {
  test('are one at a time for an address', () => {
    const first = limits.begin('a')
    expect(limits.begin('a')).toEqual({ kind: 'refused', retryAfterSec: 1 })
    expect(registers('b')).toBe(true)
    if (first.kind === 'admitted') first.end()
    expect(registers('a')).toBe(true)
  })

  test('are ten a minute for an address, and say when to come again', () => {
    expect(count(Array(12).fill('a'))).toBe(10)
    clock.advance(45_000)
    expect(limits.begin('a')).toEqual({ kind: 'refused', retryAfterSec: 15 })
    clock.advance(15_000)
    expect(registers('a')).toBe(true)
  })

  test('are sixty a minute in all, and eight at a time', () => {
    const addresses = Array.from({ length: 100 }, (_, i) => `address ${i}`)
    expect(count(addresses)).toBe(60)
    clock.advance(60_000)
    const begun = addresses.map((address) => limits.begin(address))
    expect(begun.filter(({ kind }) => kind === 'admitted')).toHaveLength(8)
  })
})
