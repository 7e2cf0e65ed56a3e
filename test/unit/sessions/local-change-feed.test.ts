import { expect, it } from 'vitest'
import { LocalChangeFeed } from '../../../src/sessions/local-change-feed.ts'

function makeFeed() {
  const clock = { time: 10_000, now: () => 0, monotonic: () => clock.time }
  const errors: Error[] = []
  const feed = new LocalChangeFeed(clock, (error) => errors.push(error))
  const flushes: { trusted: boolean }[] = []
  feed.subscribe({
    changed: () => {
      throw new Error('a listener failed')
    },
    flushed: () => flushes.push({ trusted: feed.trusted() }),
  })
  return { clock, errors, feed, flushes }
}

it('O-11 a feed is trusted for less than 900 ms from the time it is confirmed for', () => {
  const { clock, feed } = makeFeed()
  expect(feed.trusted()).toBe(false)
  feed.confirm(clock.time - 100)
  clock.time += 799
  expect(feed.trusted()).toBe(true)
  clock.time += 1
  expect(feed.trusted()).toBe(false)
})

it('O-11 a feed flushes before it is trusted, and only then', () => {
  const { clock, feed, flushes } = makeFeed()
  feed.confirm(clock.time)
  expect(flushes).toEqual([{ trusted: false }])
  clock.time += 300
  feed.confirm(clock.time)
  expect(flushes).toHaveLength(1)
  clock.time += 900
  feed.confirm(clock.time - 900)
  expect(flushes).toHaveLength(1)
  feed.confirm(clock.time)
  feed.distrust()
  expect(feed.trusted()).toBe(false)
  feed.confirm(clock.time)
  expect(flushes).toEqual([{ trusted: false }, { trusted: false }, { trusted: false }])
})

it('O-11 an older confirmation takes no trust away', () => {
  const { clock, feed } = makeFeed()
  feed.confirm(clock.time)
  feed.confirm(clock.time - 800)
  clock.time += 899
  expect(feed.trusted()).toBe(true)
})

it('a listener that fails is reported, and the others are told', () => {
  const { errors, feed } = makeFeed()
  const keys: string[] = []
  feed.subscribe({ changed: (key) => keys.push(key), flushed: () => {} })
  feed.changed('k' as never)
  expect(keys).toEqual(['k'])
  expect(errors).toMatchObject([{ cause: { message: 'a listener failed' } }])
})
