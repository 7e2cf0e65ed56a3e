import { join, parse } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../lib/clock.ts'
import type { Draw, Drawn, QuotaStore } from '../model/quota.ts'
import { StoreUnavailable } from '../model/session-store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { drawnFrom, endOfWindow, keptAfterMs, storedKey } from './windows.ts'

const purgeEveryMs = 60_000
const purgedAtOnce = 100

export interface SqliteQuotaStoreOptions {
  /** A file on a local disk, or `:memory:`. Not the sessions' file: see {@link quotaPathOf}. */
  readonly path: string
  readonly clock: Clock
}

/**
 * Counts of quotas in an SQLite file of this machine, exact over all processes that share it. `draw`
 * answers at once. Commits do not wait for the disk: a crash of the machine may take back the counts
 * of the last seconds, one of the process takes back none.
 *
 * A clock that is set back finds the counts of the window that it is in again, and those of later
 * windows stay, for a minute after their windows' ends by the clock.
 *
 * @throws Error naming the path and what to do, where the file cannot be used
 */
export function openSqliteQuotaStore(options: SqliteQuotaStoreOptions): QuotaStore {
  return new SqliteQuotaStore(options)
}

/**
 * Where the counts are that belong to a file of sessions: beside it. Every commit to the sessions'
 * own file tells its other processes that sessions may have changed.
 */
export function quotaPathOf(sessionPath: string): string {
  if (sessionPath === ':memory:') return sessionPath
  const { dir, name, ext } = parse(sessionPath)
  return join(dir, `${name}-quotas${ext}`)
}

// By time first: rows to purge are next to each other, and no other index is to be kept.
const migrations = [
  `CREATE TABLE counts (
     ends_at  INTEGER NOT NULL,
     key      TEXT NOT NULL,
     requests INTEGER NOT NULL,
     PRIMARY KEY (ends_at, key)
   ) STRICT, WITHOUT ROWID;`,
]

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(database: DatabaseSync) {
  return {
    // Immediate: a transaction that would read first could fail when another process has written.
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    count: database.prepare(
      `INSERT INTO counts (ends_at, key, requests) SELECT ?1, ?2, 1 WHERE ?3 > 0
       ON CONFLICT DO UPDATE SET requests = requests + 1 WHERE requests < ?3`,
    ),
    purge: database.prepare(
      `DELETE FROM counts
       WHERE (ends_at, key) IN (SELECT ends_at, key FROM counts WHERE ends_at <= ? LIMIT ?)`,
    ),
  }
}

class SqliteQuotaStore implements QuotaStore {
  readonly #path: string
  readonly #clock: Clock
  readonly #database: DatabaseSync
  readonly #statements: Statements
  #purgeDueAt = Number.NEGATIVE_INFINITY

  constructor({ path, clock }: SqliteQuotaStoreOptions) {
    this.#path = path
    this.#clock = clock
    this.#database = openSqlite(path, migrations, 'every count begins anew')
    // Not OFF, with which a crash of the machine could leave a file that stops the next start.
    this.#database.exec('PRAGMA synchronous = NORMAL')
    this.#statements = prepareStatements(this.#database)
  }

  draw(draws: readonly Draw[]): Drawn | Promise<Drawn> {
    const now = this.#clock.now()
    try {
      this.#purge(now)
      return drawnFrom(this.#countAll(draws, now), now)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `the quota store ${this.#path} failed: ${reason}`
      return Promise.reject(new StoreUnavailable(message, { cause: error }))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }

  /** Those that are used up; where there are any, none was counted. */
  #countAll(draws: readonly Draw[], now: number): Draw[] {
    const usedUp = () => draws.filter((draw) => !this.#count(draw, now))
    // One statement is a transaction already.
    if (draws.length <= 1) return usedUp()
    const { begin, commit, rollback } = this.#statements
    begin.run()
    try {
      const exceeded = usedUp()
      if (exceeded.length === 0) commit.run()
      return exceeded
    } finally {
      if (this.#database.isTransaction) rollback.run()
    }
  }

  #count({ key, limit }: Draw, now: number): boolean {
    const endsAt = endOfWindow(now, limit.windowMs)
    return this.#statements.count.run(endsAt, storedKey(key), limit.requests).changes === 1
  }

  /** Once a minute, and with every draw while there is a backlog: the table shrinks again. */
  #purge(now: number): void {
    const early = this.#purgeDueAt - now
    if (early > 0 && early <= purgeEveryMs) return
    const { changes } = this.#statements.purge.run(now - keptAfterMs, purgedAtOnce)
    this.#purgeDueAt = changes === purgedAtOnce ? now : now + purgeEveryMs
  }
}
