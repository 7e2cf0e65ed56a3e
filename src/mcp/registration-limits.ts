import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'

const windowMs = 60_000
const ofEach = { started: 10, running: 1 }
const ofAll = { started: 60, running: 8 }
const rememberedAddresses = 5_000

interface Count {
  /** When its window began, by the monotonic clock. */
  since: number
  started: number
  running: number
}

export type Admitted =
  | { readonly kind: 'admitted'; readonly end: () => void }
  | { readonly kind: 'refused'; readonly retryAfterSec: number }

/**
 * How many registrations of clients are let through: a few a minute for each address, and for all of
 * them together, since whoever registers need not be anybody. Every replica counts for itself.
 */
export class RegistrationLimits {
  readonly #clock: Clock
  readonly #all: Count = { since: 0, started: 0, running: 0 }
  readonly #each = new LRUCache<string, Count>({ max: rememberedAddresses })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns what has to be called at the end, where it may begin */
  begin(address: string): Admitted {
    const now = this.#clock.monotonic()
    const own = this.#each.get(address) ?? { since: now, started: 0, running: 0 }
    this.#each.set(address, own)
    for (const [count, limit] of [
      [own, ofEach],
      [this.#all, ofAll],
    ] as const) {
      if (now - count.since >= windowMs) Object.assign(count, { since: now, started: 0 })
      if (count.running >= limit.running) return { kind: 'refused', retryAfterSec: 1 }
      if (count.started >= limit.started) {
        const retryAfterSec = Math.ceil((count.since + windowMs - now) / 1_000)
        return { kind: 'refused', retryAfterSec: Math.max(1, retryAfterSec) }
      }
    }
    for (const count of [own, this.#all]) {
      count.started += 1
      count.running += 1
    }
    return {
      kind: 'admitted',
      end: () => {
        for (const count of [own, this.#all]) count.running -= 1
      },
    }
  }
}
