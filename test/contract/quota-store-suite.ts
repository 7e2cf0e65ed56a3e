import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import type { Draw, QuotaStore } from '../../src/model/quota.ts'

export const minute = 60_000
export const hour = 60 * minute

/** A time that moves only when told to: no window ends while a test counts. */
export class HeldClock implements Clock {
  // A whole day, hour and minute begins here.
  #now = Date.UTC(2027, 0, 15)

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  advance(ms: number): void {
    this.#now += ms
  }
}

/** A database for one test. */
export interface TestedQuotaStore extends AsyncDisposable {
  /** A store on the database, closed with it. Each call makes another one, as another replica would. */
  open(): QuotaStore
  /** Everything that the database holds, as Latin-1. */
  dump(): Promise<string>
}

export function drawOf(key: string, requests: number, windowMs = minute): Draw {
  return { name: `rule ${key}`, key, limit: { requests, windowMs } }
}

/** How often draws are granted, of so many asked for at once, in turn of each of the stores. */
export async function grantedOf(
  attempts: number,
  stores: readonly QuotaStore[],
  draws: readonly Draw[],
): Promise<number> {
  const drawn = await Promise.all(
    Array.from({ length: attempts }, (_, i) => stores[i % stores.length]?.draw(draws)),
  )
  return drawn.filter((each) => each?.kind === 'granted').length
}

/** What every quota store must do. */
export function quotaStoreSuite(
  name: string,
  makeStore: (options: { clock: Clock }) => Promise<TestedQuotaStore>,
): void {
  describe(name, () => {
    let clock: HeldClock
    let tested: TestedQuotaStore
    let store: QuotaStore

    beforeEach(async () => {
      clock = new HeldClock()
      tested = await makeStore({ clock })
      store = tested.open()
    })

    afterEach(async () => {
      await tested[Symbol.asyncDispose]()
    })

    it('grants what the limit allows, then says when its window ends', async () => {
      clock.advance(1_234)
      const draw = drawOf('bob', 2)
      const endsAt = clock.now() - 1_234 + minute
      expect(await store.draw([draw])).toEqual({ kind: 'granted' })
      expect(await store.draw([draw])).toEqual({ kind: 'granted' })
      expect(await store.draw([draw])).toEqual({ kind: 'exceeded', draw, endsAt })
      expect(await store.draw([drawOf('alice', 2)])).toEqual({ kind: 'granted' })
    })

    it('begins anew with the next window of the clock, not before', async () => {
      const draw = drawOf('bob', 1)
      clock.advance(minute - 1)
      expect(await grantedOf(2, [store], [draw])).toBe(1)
      clock.advance(1)
      expect(await grantedOf(2, [store], [draw])).toBe(1)
      clock.advance(minute - 1)
      expect(await grantedOf(1, [store], [draw])).toBe(0)
    })

    it('grants what counts against nothing', async () => {
      expect(await store.draw([])).toEqual({ kind: 'granted' })
    })

    it('grants nothing of a limit of none', async () => {
      expect(await store.draw([drawOf('bob', 0)])).toMatchObject({ kind: 'exceeded' })
      expect(await store.draw([drawOf('bob', 0)])).toMatchObject({ kind: 'exceeded' })
    })

    it('counts against all of the limits, or none', async () => {
      const [narrow, wide] = [drawOf('narrow', 2), drawOf('wide', 5, hour)]
      expect(await grantedOf(4, [store], [wide, narrow])).toBe(2)
      expect(await grantedOf(4, [store], [narrow, wide])).toBe(0)
      expect(await grantedOf(10, [store], [wide])).toBe(3)
      clock.advance(minute)
      expect(await grantedOf(4, [store], [narrow, wide])).toBe(0)
      expect(await grantedOf(4, [store], [narrow])).toBe(2)
    })

    it('of several that are used up names the one whose window ends last', async () => {
      const draws = [drawOf('a', 1), drawOf('b', 1, hour), drawOf('c', 1), drawOf('d', 5, 9 * hour)]
      await store.draw(draws)
      const endsAt = clock.now() + hour
      expect(await store.draw(draws)).toEqual({ kind: 'exceeded', draw: draws[1], endsAt })
    })

    it('S-11 a burst over two replicas is granted exactly the limit', async () => {
      const stores = [store, tested.open()]
      expect(await grantedOf(300, stores, [drawOf('bob', 100)])).toBe(100)
    })

    it('S-11 a burst over two replicas counts against several limits exactly, or not at all', async () => {
      const stores = [store, tested.open()]
      const [wide, narrow] = [drawOf('wide', 150, hour), drawOf('narrow', 100)]
      expect(await grantedOf(300, stores, [wide, narrow])).toBe(100)
      expect(await grantedOf(300, stores, [wide])).toBe(50)
    })

    it('S-11 a limit that is lowered holds at once', async () => {
      expect(await grantedOf(5, [store], [drawOf('bob', 10)])).toBe(5)
      expect(await grantedOf(5, [store], [drawOf('bob', 3)])).toBe(0)
      expect(await grantedOf(9, [store], [drawOf('bob', 10)])).toBe(5)
    })

    it('S-11 keys of any text are counted apart', async () => {
      const keys = ['', ' ', 'a', 'A', 'a\0', 'a\0b', '\ud800', '\ud801', 'é', 'e\u0301', '*', '::']
      for (const key of [...keys, 'x'.repeat(100_000)]) {
        expect(await grantedOf(2, [store], [drawOf(key, 1)])).toBe(1)
      }
    })

    it('F-12 a clock set back frees nothing, and locks nobody out', async () => {
      const draw = drawOf('bob', 2)
      expect(await grantedOf(1, [store], [draw])).toBe(1)
      clock.advance(minute)
      expect(await grantedOf(3, [store], [draw])).toBe(2)
      clock.advance(-minute)
      expect(await grantedOf(3, [store], [draw])).toBe(1)
      clock.advance(minute)
      expect(await grantedOf(3, [store], [draw])).toBe(0)
    })

    it('F-12 a clock a day before or after counts on', async () => {
      for (const ms of [-24 * hour, 48 * hour]) {
        clock.advance(ms)
        expect(await grantedOf(5, [store], [drawOf('bob', 2)])).toBe(2)
      }
    })

    it('S-12 keeps nothing that names anybody', async () => {
      await store.draw([drawOf('bob@example.com', 5), drawOf('192.0.2.77', 5)])
      const kept = await tested.dump()
      expect(kept).not.toBe('')
      for (const name of ['bob', 'example', '192.0', 'rule']) expect(kept).not.toContain(name)
    })
  })
}
