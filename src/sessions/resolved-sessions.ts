import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import type { Identity } from '../model/identity.ts'
import { type LiveSession, toLiveSession } from '../model/live-session.ts'
import type { SessionKey } from '../model/session.ts'
import type { ChangeFeed, SessionStore } from '../model/session-store.ts'

/** A session in memory. */
export interface ResolvedSession {
  readonly session: LiveSession
  /** By the monotonic clock, in milliseconds. */
  readonly readAt: number
  /** When the last use was last written to the store. */
  useWrittenAt: number
  /** False from the moment anything was heard of a change. */
  current: boolean
}

interface Read {
  /** Set when a change was heard since the read began: its result is not kept. */
  overtaken: boolean
  readonly result: Promise<ResolvedSession | undefined>
}

const rereadAfterMs = 45_000
const keptForMs = 60_000

/**
 * Sessions this process has read, so that a request with a known cookie asks nobody. An entry is used
 * only while the store's change feed is trusted, and for at most a minute before it is read again.
 */
export class ResolvedSessions {
  readonly #store: SessionStore
  readonly #changes: ChangeFeed
  readonly #clock: Clock
  readonly #passesTokens: () => boolean
  readonly #seen: (identity: Identity) => Identity
  readonly #byCookie: LRUCache<string, ResolvedSession>
  readonly #byKey: LRUCache<SessionKey, ResolvedSession>
  readonly #reads = new Map<SessionKey, Read>()

  constructor(options: {
    readonly store: SessionStore
    readonly clock: Clock
    /** Whether some app is passed a token. */
    readonly passesTokens: () => boolean
    /** What an identity is by the settings of now, whenever it was stored. */
    readonly seen: (identity: Identity) => Identity
    /** How many sessions are kept. */
    readonly max: number
  }) {
    this.#store = options.store
    this.#changes = options.store.changes
    this.#clock = options.clock
    this.#passesTokens = options.passesTokens
    this.#seen = options.seen
    this.#byCookie = new LRUCache({ max: options.max })
    this.#byKey = new LRUCache({
      max: options.max,
      // What is not found by its key cannot be told that its session has ended.
      dispose: (entry) => {
        entry.current = false
      },
    })
    this.#changes.subscribe({
      changed: (key) => this.#forget(key),
      flushed: () => this.#forgetAll(),
    })
  }

  /** The session of a cookie that was verified and read before, if that may still be believed. */
  get(cookie: string): ResolvedSession | undefined {
    const entry = this.#byCookie.get(cookie)
    if (!entry?.current || !this.#changes.trusted()) return
    const age = this.#clock.monotonic() - entry.readAt
    if (age > keptForMs) return
    if (age > rereadAfterMs) this.read(cookie, entry.session.key).catch(() => {})
    return entry
  }

  /**
   * Reads a session from the store, once for all who ask at the same time.
   * Rejects where the store does not answer.
   *
   * @param cookie - the cookie value, already verified
   */
  async read(cookie: string, key: SessionKey): Promise<ResolvedSession | undefined> {
    const entry = await this.#readOnce(key)
    // A part of a string keeps the whole alive: here that would be every cookie of the browser.
    if (entry?.current) this.#byCookie.set(Buffer.from(cookie).toString(), entry)
    return entry
  }

  #readOnce(key: SessionKey): Promise<ResolvedSession | undefined> {
    const running = this.#reads.get(key)
    if (running) return running.result
    const read: Read = { overtaken: false, result: this.#readNow(key, () => read.overtaken) }
    this.#reads.set(key, read)
    const done = () => {
      if (this.#reads.get(key) === read) this.#reads.delete(key)
    }
    read.result.then(done, done)
    return read.result
  }

  async #readNow(key: SessionKey, overtaken: () => boolean): Promise<ResolvedSession | undefined> {
    const readAt = this.#clock.monotonic()
    const stored = await this.#store.read(key)
    if (!stored) {
      this.#byKey.delete(key)
      return
    }
    const identity = this.#seen(stored.identity)
    const session = toLiveSession({ ...stored, identity }, this.#passesTokens())
    const before = this.#byKey.get(key)
    session.lastUsedAt = Math.max(session.lastUsedAt, before?.session.lastUsedAt ?? 0)
    const entry: ResolvedSession = {
      session,
      readAt,
      useWrittenAt: Math.max(stored.lastUsedAt, before?.useWrittenAt ?? 0),
      current: !overtaken(),
    }
    if (entry.current) this.#byKey.set(key, entry)
    return entry
  }

  /** Forgets every session, since what they are worth may have changed. */
  clear(): void {
    this.#forgetAll()
  }

  #forget(key: SessionKey): void {
    const read = this.#reads.get(key)
    if (read) {
      read.overtaken = true
      this.#reads.delete(key)
    }
    const entry = this.#byKey.peek(key)
    if (entry) entry.current = false
  }

  #forgetAll(): void {
    for (const read of this.#reads.values()) read.overtaken = true
    this.#reads.clear()
    for (const entry of this.#byKey.values()) entry.current = false
    this.#byCookie.clear()
  }
}
