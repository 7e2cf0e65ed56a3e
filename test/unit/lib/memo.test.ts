import { expect, test } from 'vitest'
import { memo } from '../../../src/lib/memo.ts'

function counted(max: number) {
  const computed: string[] = []
  const lengthOf = memo((text) => {
    computed.push(text)
    return text.length
  }, max)
  return { lengthOf, computed }
}

test('an answer is computed once, whatever it is', () => {
  const { lengthOf, computed } = counted(10)
  expect([lengthOf(''), lengthOf('abc'), lengthOf(''), lengthOf('abc')]).toEqual([0, 3, 0, 3])
  expect(computed).toEqual(['', 'abc'])
})

test('D-12 no more than so many are remembered, and no long texts', () => {
  const { lengthOf, computed } = counted(2)
  for (const text of ['a', 'b', 'c', 'a']) lengthOf(text)
  expect(computed).toEqual(['a', 'b', 'c', 'a'])
  const long = 'x'.repeat(257)
  expect([lengthOf(long), lengthOf(long)]).toEqual([257, 257])
  expect(computed.slice(4)).toEqual([long, long])
})

test('clear forgets all', () => {
  const { lengthOf, computed } = counted(10)
  lengthOf('a')
  lengthOf.clear()
  lengthOf('a')
  expect(computed).toEqual(['a', 'a'])
})

test('C-14 texts named like the prototype are texts like others', () => {
  const { lengthOf } = counted(10)
  for (const name of ['__proto__', 'constructor']) expect(lengthOf(name)).toBe(name.length)
})
