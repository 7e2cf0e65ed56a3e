import { randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { ChangeFeed, EndedSession } from '../model/session-store.ts'

/** An end that has come, with its place in the order in which this process heard of them. */
export interface HeardEnd extends EndedSession {
  /** What a reader names to go on from here. */
  readonly id: string
}

/** `interrupted`: ends may have been missed, so every session is in doubt. */
export type EndNews = HeardEnd | 'interrupted'

type Listener = (news: EndNews) => void

const keptAtMost = 1_000
/** Timers do not take more. */
const longestWaitMs = 2_147_483_647

/**
 * Sessions that have ended, wherever that happened, in an order of this process. The last thousand are
 * kept, so that who was away for a moment misses none. A session that was retired is told of at its time.
 */
export class SessionEnds {
  readonly #changes: ChangeFeed
  readonly #clock: Clock
  readonly #wait: (ms: number, then: () => void) => void
  readonly #listeners = new Set<Listener>()
  /** Of this process: places of others mean nothing here. */
  readonly #order = randomBytes(9).toString('base64url')
  /** By public id, in their order: a session ends once, however often that is told. */
  readonly #kept = new Map<string, HeardEnd & { readonly place: number }>()
  #last = 0
  /** Whoever has heard everything up to here can be told the rest. */
  #first = 0

  /** @param options.wait - calls back later, and keeps no process alive for it */
  constructor(options: {
    readonly changes: ChangeFeed
    readonly clock: Clock
    readonly wait?: (ms: number, then: () => void) => void
  }) {
    this.#changes = options.changes
    this.#clock = options.clock
    this.#wait = options.wait ?? ((ms, then) => void setTimeout(then, ms).unref())
    this.#changes.subscribe({
      changed: () => {},
      flushed: () => this.#interrupted(),
      ended: (session) => this.#endsAt(session),
    })
  }

  /** Whether every end of a moment ago has been heard. */
  get complete(): boolean {
    return this.#changes.trusted()
  }

  /** What a reader names that has heard everything until now. */
  get id(): string {
    return this.#idOf(this.#last)
  }

  /** What came after an id; `interrupted` where that is not known any more, or never was an id here. */
  since(id: string): readonly HeardEnd[] | 'interrupted' {
    const [, order, digits] = /^([\w-]{12})-(\d{1,15})$/.exec(id) ?? []
    const place = Number(digits)
    if (order !== this.#order || place < this.#first || place > this.#last) return 'interrupted'
    return [...this.#kept.values()].filter((end) => end.place > place)
  }

  /** @returns what ends the subscription */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #endsAt(session: EndedSession): void {
    const early = session.at - this.#clock.now()
    if (early > 0) this.#wait(Math.min(early, longestWaitMs), () => this.#endsAt(session))
    else this.#ended(session)
  }

  #ended(session: EndedSession): void {
    if (this.#kept.has(session.publicId)) return
    this.#last += 1
    const end = { ...session, place: this.#last, id: this.id }
    this.#kept.set(session.publicId, end)
    const [oldest] = this.#kept.values()
    if (oldest && this.#kept.size > keptAtMost) {
      this.#kept.delete(oldest.publicId)
      this.#first = oldest.place
    }
    this.#tell(end)
  }

  #interrupted(): void {
    this.#last += 1
    this.#first = this.#last
    this.#kept.clear()
    this.#tell('interrupted')
  }

  #idOf(place: number): string {
    return `${this.#order}-${place}`
  }

  #tell(news: EndNews): void {
    for (const listener of this.#listeners) listener(news)
  }
}
