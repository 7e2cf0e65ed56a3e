import type { Clock } from '../../src/lib/clock.ts'

/** Real time, plus whatever a test adds to it: providers in the same process keep their own. */
export class TestClock implements Clock {
  #added = 0

  now(): number {
    return Date.now() + this.#added
  }

  monotonic(): number {
    return performance.now() + this.#added
  }

  advance(ms: number): void {
    this.#added += ms
  }
}
