import type { DatabaseSync } from 'node:sqlite'
import { endOfTime } from './session-record.ts'

// The sealed record comes last: SQLite reads a row only up to the last column asked for.
export const sessionMigrations = [
  `CREATE TABLE sessions (
     key          TEXT PRIMARY KEY,
     subject      TEXT NOT NULL,
     sid          TEXT,
     created_at   INTEGER NOT NULL,
     last_used_at INTEGER NOT NULL,
     expires_at   INTEGER NOT NULL,
     retire_at    INTEGER NOT NULL DEFAULT ${endOfTime},
     ends_at      INTEGER NOT NULL AS (min(expires_at, retire_at)),
     fence        INTEGER NOT NULL DEFAULT 0,
     leased_until INTEGER NOT NULL DEFAULT 0,
     sealed       TEXT NOT NULL
   ) STRICT;
   CREATE INDEX sessions_of_subject ON sessions (subject, created_at);
   CREATE INDEX sessions_of_sid ON sessions (sid) WHERE sid IS NOT NULL;
   CREATE INDEX sessions_by_end ON sessions (ends_at);
   CREATE TABLE marks (name TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX marks_by_end ON marks (until);
   CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;`,
]

export type SessionStatements = ReturnType<typeof prepareStatements>

/**
 * Each does all its checking and writing in one step. One that writes and returns rows is for `all()`,
 * which goes on to the end, where SQLite commits, and reports it if that fails.
 */
export function prepareStatements(database: DatabaseSync) {
  const row = `key, last_used_at AS lastUsedAt, expires_at AS expiresAt, retire_at AS retireAt, sealed`
  const ended = 'RETURNING key, ends_at AS endsAt, sealed'
  return {
    create: database.prepare(
      `INSERT INTO sessions (key, subject, sid, created_at, last_used_at, expires_at, sealed)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    read: database.prepare(`SELECT ${row} FROM sessions WHERE key = ?`),
    lives: database.prepare('SELECT 1 FROM sessions WHERE key = ? AND ends_at > ?'),
    touch: database.prepare(
      'UPDATE sessions SET last_used_at = ? WHERE key = ? AND last_used_at < ?',
    ),
    lease: database.prepare(
      `UPDATE sessions SET fence = fence + 1, leased_until = ?
       WHERE key = ? AND ends_at > ? AND leased_until <= ? RETURNING fence`,
    ),
    renew: database.prepare(
      `UPDATE sessions SET leased_until = ?
       WHERE key = ? AND fence = ? AND leased_until > 0 AND ends_at > ?`,
    ),
    release: database.prepare('UPDATE sessions SET leased_until = 0 WHERE key = ? AND fence = ?'),
    write: database.prepare(
      'UPDATE sessions SET expires_at = ?, sealed = ? WHERE key = ? AND fence = ? AND ends_at > ?',
    ),
    retire: database.prepare(
      `UPDATE sessions SET retire_at = ? WHERE key = ? AND ends_at > ? ${ended}`,
    ),
    end: database.prepare(`DELETE FROM sessions WHERE key = ? ${ended}`),
    endBySid: database.prepare(`DELETE FROM sessions WHERE sid = ? ${ended}`),
    endBySubject: database.prepare(`DELETE FROM sessions WHERE subject = ? ${ended}`),
    list: database.prepare(
      `SELECT ${row} FROM sessions WHERE subject = ? AND ends_at > ?
       ORDER BY created_at DESC, rowid DESC LIMIT ?`,
    ),
    mark: database.prepare(
      `INSERT INTO marks (name, until) VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET until = excluded.until WHERE until <= ?`,
    ),
    unmark: database.prepare('DELETE FROM marks WHERE name = ?'),
    purgeSessions: database.prepare(
      `DELETE FROM sessions
       WHERE rowid IN (SELECT rowid FROM sessions WHERE ends_at <= ? LIMIT ?) ${ended}`,
    ),
    purgeMarks: database.prepare(
      'DELETE FROM marks WHERE name IN (SELECT name FROM marks WHERE until <= ? LIMIT ?)',
    ),
    probe: database.prepare(
      'INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at',
    ),
    version: database.prepare('PRAGMA data_version'),
  }
}
