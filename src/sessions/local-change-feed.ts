import type { Clock } from '../lib/clock.ts'
import type { Session, SessionKey } from '../model/session.ts'
import type { ChangeFeed } from '../model/session-store.ts'

type Listener = Parameters<ChangeFeed['subscribe']>[0]

/** What is known of changes is this fresh, in milliseconds, or it is not used. */
const trustedForMs = 900

/** How often a store should confirm its feed, in milliseconds. */
export const confirmEveryMs = 300

/** Tells the parts of this process what its store heard of changes, and knows how fresh that is. */
export class LocalChangeFeed implements ChangeFeed {
  readonly #clock: Clock
  readonly #onError: (error: Error) => void
  readonly #listeners: Listener[] = []
  #confirmedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, onError: (error: Error) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  trusted(): boolean {
    return this.#clock.monotonic() - this.#confirmedAt < trustedForMs
  }

  subscribe(listener: Listener): void {
    this.#listeners.push(listener)
  }

  changed(key: SessionKey): void {
    this.#tell((listener) => listener.changed(key))
  }

  /**
   * A session is over.
   *
   * @param open - opens its record; called only where somebody asks for ends
   */
  ended(open: () => Session | undefined, at: number): void {
    if (this.#listeners.every((listener) => !listener.ended)) return
    const session = open()
    if (!session) return
    const { publicId, identity } = session
    this.#tell((listener) => listener.ended?.({ publicId, identity, at }))
  }

  flushed(): void {
    this.#tell((listener) => listener.flushed())
  }

  /**
   * Every change made before `at` (monotonic) has been told. Listeners are flushed first if the feed
   * was not trusted until now: what they learnt meanwhile may be stale.
   */
  confirm(at: number): void {
    if (this.#clock.monotonic() - at >= trustedForMs) return
    if (!this.trusted()) this.flushed()
    this.#confirmedAt = Math.max(this.#confirmedAt, at)
  }

  /** Changes may be missed from now on. */
  distrust(): void {
    this.#confirmedAt = Number.NEGATIVE_INFINITY
  }

  #tell(news: (listener: Listener) => void): void {
    for (const listener of this.#listeners) {
      try {
        news(listener)
      } catch (error) {
        this.#onError(new Error('a listener for changes of sessions failed', { cause: error }))
      }
    }
  }
}
