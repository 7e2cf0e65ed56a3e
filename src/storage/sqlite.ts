import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A lock is waited for while nothing else in the process runs: long enough for another's commit. */
const busyTimeoutMs = 500

/**
 * Opens an SQLite database, making it and its directory (readable by this user only) where there is
 * none, and brings its tables up to date. Commits are durable when they return: WAL with
 * `synchronous=FULL`.
 *
 * @param path - a file on a local disk, or `:memory:`
 * @param migrations - SQL of each version; those already applied must never change
 * @param loss - what moving the file away means, for the message
 * @throws Error naming the path and what to do, where it cannot be opened, written or understood
 */
export function openSqlite(
  path: string,
  migrations: readonly string[],
  loss: string,
): DatabaseSync {
  if (path !== ':memory:') makeFile(path)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs })
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode
    if (mode !== 'wal' && mode !== 'memory') {
      throw new Error('its file system cannot share memory, as network file systems cannot')
    }
    database.exec('PRAGMA synchronous = FULL')
    migrate(database, migrations)
    return database
  } catch (error) {
    database?.close()
    throw new Error(
      `STORE_URL: cannot use the database ${path}: ${messageOf(error)}. ` +
        `Restore it from a backup or move it away (${loss}), ` +
        'or set STORE_URL to another file on a local disk.',
      { cause: error },
    )
  }
}

function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw new Error(
      `STORE_URL: cannot write ${path}: ${messageOf(error)}. ` +
        `Let the user of this process (uid ${process.getuid?.()}) write in ${dirname(path)}; ` +
        'in the container: mount a volume at /data owned by uid 1000. ' +
        'Or set STORE_URL, for example to redis://valkey:6379.',
      { cause: error },
    )
  }
}

function migrate(database: DatabaseSync, migrations: readonly string[]): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
    if (version > migrations.length) {
      throw new Error(`a newer version of Gatehouse made it (its tables have version ${version})`)
    }
    for (const sql of migrations.slice(version)) database.exec(sql)
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`)
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
