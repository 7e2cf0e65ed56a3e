import { expect, test } from 'vitest'
import { endToEnd, headerPairs, replaceHeaders } from '../../../demo/header-pairs.ts'

test('pairs keep order, duplicates and values, and lower the names', () => {
  expect(headerPairs(['Cookie', 'a=1', 'X-A', ' One ', 'cookie', 'b=2'])).toEqual([
    ['cookie', 'a=1'],
    ['x-a', ' One '],
    ['cookie', 'b=2'],
  ])
})

test('hop-by-hop headers and those that Connection names do not go on', () => {
  const pairs = headerPairs(
    [
      'Connection',
      'X-User-Id, close',
      'X-User-Id',
      'evil',
      'Keep-Alive',
      '5',
      'X-A',
      'stays',
    ].concat([
      'TE',
      'trailers',
      'Transfer-Encoding',
      'chunked',
      'Upgrade',
      'websocket',
      'Expect',
      '100-continue',
    ]),
  )
  expect(endToEnd(pairs)).toEqual([['x-a', 'stays']])
})

test('every value of a replaced header goes, also where nothing takes its place', () => {
  const pairs = headerPairs(['x-user-id', 'a', 'x-user-id', 'b', 'x-user-email', 'c', 'x-a', 'd'])
  expect(replaceHeaders(pairs, ['x-user-id', 'x-user-email'], [['x-user-id', 'true']])).toEqual([
    ['x-a', 'd'],
    ['x-user-id', 'true'],
  ])
})
