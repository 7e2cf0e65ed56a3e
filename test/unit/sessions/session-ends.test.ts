import { expect, test } from 'vitest'
import { anonymous } from '../../../src/model/identity.ts'
import type { ChangeFeed } from '../../../src/model/session-store.ts'
import { type EndNews, SessionEnds } from '../../../src/sessions/session-ends.ts'

/** Ends that a change feed tells of, with a clock and timers that stand still. */
function setUp() {
  const clock = { time: 100_000, now: () => clock.time, monotonic: () => clock.time }
  const waits: { ms: number; then: () => void }[] = []
  const feed = { trusted: true, listener: undefined as Listener | undefined }
  const changes: ChangeFeed = {
    trusted: () => feed.trusted,
    subscribe: (listener) => {
      feed.listener = listener
    },
  }
  const ends = new SessionEnds({ changes, clock, wait: (ms, then) => waits.push({ ms, then }) })
  const heard: EndNews[] = []
  const unsubscribe = ends.subscribe((news) => heard.push(news))
  return {
    ...{ clock, waits, feed, ends, heard, unsubscribe },
    end: (publicId: string, at = clock.time) =>
      feed.listener?.ended?.({ publicId, identity: anonymous, at }),
    interrupt: () => feed.listener?.flushed(),
    names: () => heard.map((news) => (news === 'interrupted' ? news : news.publicId)),
    since: (id: string) => {
      const missed = ends.since(id)
      return missed === 'interrupted' ? missed : missed.map(({ publicId }) => publicId)
    },
  }
}
type Listener = Parameters<ChangeFeed['subscribe']>[0]

test('C-09 an end is told at once, and once', () => {
  const { end, names, unsubscribe } = setUp()
  end('a')
  end('b')
  end('a')
  expect(names()).toEqual(['a', 'b'])
  unsubscribe()
  end('c')
  expect(names()).toEqual(['a', 'b'])
})

test('who was away is told the rest, from where they were', () => {
  const { ends, end, since } = setUp()
  const before = ends.id
  end('a')
  const between = ends.id
  end('b')
  expect(since(before)).toEqual(['a', 'b'])
  expect(since(between)).toEqual(['b'])
  expect(since(ends.id)).toEqual([])
})

test('O-11 who names what is not known here has to doubt everything', () => {
  const { ends, since } = setUp()
  const other = setUp().ends.id
  const [order] = ends.id.split(/-(?=\d+$)/)
  for (const id of ['', '0', 'x', other, `${order}-1`, `${order}-`, `${order}-1e9`, `${ends.id} `])
    expect(since(id), id).toBe('interrupted')
})

test('O-11 a thousand are kept; who was away for longer has to doubt everything', () => {
  const { ends, end, since } = setUp()
  const before = ends.id
  for (let i = 0; i < 1_000; i += 1) end(`session-${i}`)
  expect(since(before)).toHaveLength(1_000)
  end('one more')
  expect(since(before)).toBe('interrupted')
})

test('O-11 an interruption is told, and nothing from before it is believed complete', () => {
  const { ends, end, interrupt, names, since } = setUp()
  end('a')
  const before = ends.id
  interrupt()
  end('b')
  expect(names()).toEqual(['a', 'interrupted', 'b'])
  expect(since(before)).toBe('interrupted')
})

test('O-11 it is complete while the feed is trusted', () => {
  const { ends, feed } = setUp()
  expect(ends.complete).toBe(true)
  feed.trusted = false
  expect(ends.complete).toBe(false)
})

test('a retired session is told of when its time has come, by the clock', () => {
  const { clock, waits, end, names } = setUp()
  end('a', clock.time + 30_000)
  expect(names()).toEqual([])
  expect(waits.map(({ ms }) => ms)).toEqual([30_000])
  clock.time += 10_000
  waits[0]?.then()
  expect(names()).toEqual([])
  expect(waits[1]?.ms).toBe(20_000)
  clock.time += 20_000
  waits[1]?.then()
  expect(names()).toEqual(['a'])
})

test('a retired session that ends before is told of then, and not again', () => {
  const { clock, waits, end, names } = setUp()
  end('a', clock.time + 30_000)
  end('a')
  expect(names()).toEqual(['a'])
  clock.time += 30_000
  waits[0]?.then()
  expect(names()).toEqual(['a'])
})

test('F-13 a time far away overflows no timer', () => {
  const { waits, end, names } = setUp()
  end('a', 8_640_000_000_000_000)
  expect(waits[0]?.ms).toBe(2_147_483_647)
  waits[0]?.then()
  expect(names()).toEqual([])
})
