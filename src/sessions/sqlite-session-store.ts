import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../lib/clock.ts'
import type { Seal } from '../lib/seal.ts'
import type { Session, SessionKey } from '../model/session.ts'
import {
  type ChangeFeed,
  type RefreshLease,
  type SessionStore,
  StoreUnavailable,
} from '../model/session-store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { confirmEveryMs, LocalChangeFeed } from './local-change-feed.ts'
import {
  decodeSession,
  encodeSession,
  isSessionKey,
  liveSession,
  markIndex,
  type RowTimes,
  sidIndex,
  subjectIndex,
  wholeMs,
} from './session-record.ts'
import {
  prepareStatements,
  type SessionStatements,
  sessionMigrations,
} from './sqlite-session-statements.ts'

const listedAtMost = 100
const purgeEveryMs = 60_000
const purgedAtOnce = 100

export interface SqliteSessionStoreOptions {
  /** A file on a local disk, or `:memory:`. */
  readonly path: string
  readonly clock: Clock
  readonly seal: Seal
  /** Hears of failures that no caller sees: the watch for other processes' changes, listeners. */
  readonly onError?: (error: Error) => void
}

/**
 * Sessions in an SQLite file of this machine, which a few processes may share. Restoring the file from
 * a backup brings back the sessions that have ended since: restore it with all processes stopped, and
 * with a new `SESSION_SECRET` where that matters.
 *
 * @throws Error naming the path and what to do, where the file cannot be used
 */
export function openSqliteSessionStore(options: SqliteSessionStoreOptions): SessionStore {
  return new SqliteSessionStore(options)
}

type Row = RowTimes & { readonly key: SessionKey; readonly sealed: string }
type EndedRow = { readonly key: SessionKey; readonly endsAt: number; readonly sealed: string }

class SqliteSessionStore implements SessionStore {
  readonly #path: string
  readonly #clock: Clock
  readonly #seal: Seal
  readonly #database: DatabaseSync
  readonly #statements: SessionStatements
  readonly #feed: LocalChangeFeed
  readonly #onError: (error: Error) => void
  readonly #watch: NodeJS.Timeout
  #version: unknown
  #watchFails = false
  #purgeDueAt = Number.NEGATIVE_INFINITY

  constructor({ path, clock, seal, onError = () => {} }: SqliteSessionStoreOptions) {
    this.#path = path
    this.#clock = clock
    this.#seal = seal
    this.#onError = onError
    this.#database = openSqlite(path, sessionMigrations, 'everybody signs in again')
    this.#statements = prepareStatements(this.#database)
    this.#feed = new LocalChangeFeed(clock, onError)
    this.#version = this.#statements.version.get()?.data_version
    this.#feed.confirm(clock.monotonic())
    this.#watch = setInterval(() => this.#watchOthers(), confirmEveryMs).unref()
  }

  get changes(): ChangeFeed {
    return this.#feed
  }

  create(session: Session): Promise<void> {
    return this.#attempt(() => {
      if (!isSessionKey(session.key)) throw new TypeError('a session needs a key of its form')
      this.#purge()
      const { issuer, subject } = session.identity
      this.#statements.create.run(
        session.key,
        subjectIndex(issuer, subject),
        session.sid === undefined ? null : sidIndex(issuer, session.sid),
        wholeMs(session.createdAt),
        wholeMs(session.lastUsedAt),
        wholeMs(session.expiresAt),
        encodeSession(session, this.#seal),
      )
    })
  }

  read(key: SessionKey): Promise<Session | undefined> {
    return this.#attempt(() => {
      if (!isSessionKey(key)) return
      const row = this.#statements.read.get(key) as Row | undefined
      return row && liveSession(key, row, this.#seal, this.#clock.now())
    })
  }

  touch(key: SessionKey, lastUsedAt: number): Promise<void> {
    return this.#attempt(() => {
      const at = wholeMs(lastUsedAt)
      this.#unhurried(() => this.#statements.touch.run(at, key, at))
    })
  }

  lease(key: SessionKey, durationMs: number): Promise<RefreshLease | 'held' | 'ended'> {
    return this.#attempt(() => {
      const now = this.#clock.now()
      const until = wholeMs(now + durationMs)
      const leased = this.#unhurried(() => this.#statements.lease.all(until, key, now, now))
      const fence = leased[0]?.fence
      if (typeof fence === 'number') return { key, fence }
      return this.#statements.lives.get(key, now) ? 'held' : 'ended'
    })
  }

  renewLease({ key, fence }: RefreshLease, durationMs: number): Promise<boolean> {
    return this.#attempt(() => {
      const now = this.#clock.now()
      const until = wholeMs(now + durationMs)
      return this.#unhurried(() => this.#statements.renew.run(until, key, fence, now)).changes === 1
    })
  }

  releaseLease({ key, fence }: RefreshLease): Promise<void> {
    return this.#attempt(() => {
      this.#unhurried(() => this.#statements.release.run(key, fence))
    })
  }

  write(session: Session, { key, fence }: RefreshLease): Promise<boolean> {
    return this.#attempt(() => {
      if (session.key !== key) throw new TypeError('the lease is for another session')
      const sealed = encodeSession(session, this.#seal)
      const end = wholeMs(session.expiresAt)
      const { changes } = this.#statements.write.run(end, sealed, key, fence, this.#clock.now())
      if (changes === 0) return false
      this.#feed.changed(key)
      return true
    })
  }

  retire(key: SessionKey, at: number): Promise<void> {
    return this.#attempt(() => {
      const end = wholeMs(at)
      const least = Math.max(end, this.#clock.now())
      for (const row of this.#statements.retire.all(end, key, least) as EndedRow[]) {
        this.#feed.changed(key)
        this.#tellEnd(row, end)
      }
    })
  }

  end(key: SessionKey): Promise<boolean> {
    return this.#attempt(() => {
      const ended = this.#ended(this.#statements.end.all(key)) > 0
      // Told in any case: another process may have ended it a moment ago.
      this.#feed.changed(key)
      return ended
    })
  }

  endBySid(issuer: string, sid: string): Promise<number> {
    return this.#attempt(() => this.#ended(this.#statements.endBySid.all(sidIndex(issuer, sid))))
  }

  endBySubject(issuer: string, subject: string): Promise<number> {
    return this.#attempt(() =>
      this.#ended(this.#statements.endBySubject.all(subjectIndex(issuer, subject))),
    )
  }

  list(issuer: string, subject: string): Promise<Session[]> {
    return this.#attempt(() => {
      const now = this.#clock.now()
      const rows = this.#statements.list.all(subjectIndex(issuer, subject), now, listedAtMost)
      return (rows as unknown as Row[]).flatMap(
        (row) => liveSession(row.key, row, this.#seal, now) ?? [],
      )
    })
  }

  mark(name: string, until: number): Promise<boolean> {
    return this.#attempt(() => {
      this.#purge()
      const { changes } = this.#statements.mark.run(
        markIndex(name),
        wholeMs(until),
        this.#clock.now(),
      )
      return changes === 1
    })
  }

  unmark(name: string): Promise<void> {
    return this.#attempt(() => {
      this.#unhurried(() => this.#statements.unmark.run(markIndex(name)))
    })
  }

  ping(): Promise<void> {
    return this.#attempt(() => {
      this.#unhurried(() => this.#statements.probe.run(this.#clock.now()))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch)
    this.#feed.distrust()
    if (this.#database.isOpen) this.#database.close()
  }

  async #attempt<T>(work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      if (error instanceof TypeError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new StoreUnavailable(`the session store ${this.#path} failed: ${reason}`, {
        cause: error,
      })
    }
  }

  /** For what a crash of the machine may undo: such commits do not wait for the disk. */
  #unhurried<T>(work: () => T): T {
    this.#database.exec('PRAGMA synchronous = NORMAL')
    try {
      return work()
    } finally {
      this.#database.exec('PRAGMA synchronous = FULL')
    }
  }

  #ended(rows: unknown[]): number {
    const now = this.#clock.now()
    for (const row of rows as EndedRow[]) {
      this.#feed.changed(row.key)
      this.#tellEnd(row, Math.min(row.endsAt, now))
    }
    return (rows as EndedRow[]).filter(({ endsAt }) => endsAt > now).length
  }

  #tellEnd({ key, sealed }: EndedRow, at: number): void {
    this.#feed.ended(() => decodeSession(key, sealed, this.#seal), at)
  }

  /** Once a minute, and with every new row while there is a backlog: the table shrinks again. */
  #purge(): void {
    const now = this.#clock.now()
    const early = this.#purgeDueAt - now
    if (early > 0 && early <= purgeEveryMs) return
    const { purgeSessions, purgeMarks } = this.#statements
    const [sessions, marks] = this.#unhurried(() => [
      purgeSessions.all(now, purgedAtOnce) as EndedRow[],
      purgeMarks.run(now, purgedAtOnce).changes,
    ])
    for (const row of sessions) this.#tellEnd(row, row.endsAt)
    const full = sessions.length === purgedAtOnce || marks === purgedAtOnce
    this.#purgeDueAt = full ? now : now + purgeEveryMs
  }

  /** `data_version` changes when another connection has committed, in this process or another. */
  #watchOthers(): void {
    try {
      const at = this.#clock.monotonic()
      const version = this.#statements.version.get()?.data_version
      if (version !== this.#version && this.#feed.trusted()) this.#feed.flushed()
      this.#version = version
      this.#feed.confirm(at)
      this.#watchFails = false
    } catch (error) {
      this.#feed.distrust()
      if (!this.#watchFails) {
        this.#onError(
          new Error(`cannot watch ${this.#path} for changes: every request reads it now`, {
            cause: error,
          }),
        )
      }
      this.#watchFails = true
    }
  }
}
