import { expect, test } from 'vitest'
import { problemsWith, settingsWith } from './environments.ts'

test.each([
  ['5/s', 5, 1_000],
  ['5/second', 5, 1_000],
  ['60/min', 60, 60_000],
  ['60/minute', 60, 60_000],
  ['7/h', 7, 3_600_000],
  ['7/hour', 7, 3_600_000],
  ['1000/d', 1_000, 86_400_000],
  ['1000/day', 1_000, 86_400_000],
])('%s is so many requests in such a window', (text, requests, windowMs) => {
  const { quota } = settingsWith(`quota: { user: ${text}, anonymous: 1/day }`)
  expect(quota).toEqual({
    user: { requests, windowMs },
    anonymous: { requests: 1, windowMs: 86_400_000 },
  })
})

test('the words of llama-stack count each user and each service', () => {
  const day = 86_400_000
  const file = 'authenticated_max_requests: 1000, anonymous_max_requests: 100'
  expect(settingsWith(`quota: { ${file}, period: day }`).quota).toEqual({
    user: { requests: 1_000, windowMs: day },
    service: { requests: 1_000, windowMs: day },
    anonymous: { requests: 100, windowMs: day },
  })
  expect(settingsWith(`quota: { ${file} }`).quota.user?.windowMs).toBe(day)
  expect(settingsWith(`quota: { ${file}, period: hour }`).quota.user?.windowMs).toBe(3_600_000)
})

test.each([
  ['{ user: many }', 'quota.user: is no limit such as 1000/day, 100/hour, 60/minute or 10/second'],
  ['{ user: 1000/year }', 'quota.user: is no limit'],
  ['{ everyone: 5/day }', 'quota.everyone: is not known; known: user, service, anonymous, auth'],
  ['{ authenticated_max_requests: 0 }', 'quota.authenticated_max_requests: must be >= 1'],
  ['{ authenticated_max_requests: 5, period: week }', 'quota.period: is none of second, minute'],
  [
    '{ user: 5/day, period: day }',
    'quota.period: is for authenticated_max_requests and anonymous_',
  ],
  [
    '{ service: 5/day, authenticated_max_requests: 5 }',
    'quota.service: and authenticated_max_requests are there both; keep one of them',
  ],
  [
    '{ anonymous: 5/day, anonymous_max_requests: 5 }',
    'quota.anonymous: and anonymous_max_requests are there both; keep one of them',
  ],
])('%s is refused', (written, message) => {
  const [line, ...more] = problemsWith(`quota: ${written}`)
  expect(line?.slice(0, message.length)).toBe(message)
  expect(more).toEqual([])
})
