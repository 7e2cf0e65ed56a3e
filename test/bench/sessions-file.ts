import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../src/lib/clock.ts'
import { deriveKeys, Seal } from '../../src/lib/seal.ts'
import type { Session } from '../../src/model/session.ts'
import type { Site } from '../../src/model/site.ts'
import { SessionCookies } from '../../src/sessions/session-cookie.ts'
import { encodeSession } from '../../src/sessions/session-record.ts'
import { openSqliteSessionStore } from '../../src/sessions/sqlite-session-store.ts'

export const secret = 'p9wGk2vRzqXh4sYcT7mNfBdJ8uLeWa3V'
export const seal = new Seal(deriveKeys([secret], 'session-record'))

/**
 * Makes a store file with live sessions of as many people, and cookie values for the first of them.
 * The rows go in by one transaction: a hundred thousand sign-ins would each wait for the disk.
 */
export async function makeSessionsFile(
  path: string,
  site: Site,
  count: number,
  cookiesWanted: number,
): Promise<string[]> {
  await openSqliteSessionStore({ path, clock: systemClock, seal })[Symbol.asyncDispose]()
  const cookies = new SessionCookies([secret])
  const wanted: string[] = []
  using database = new DatabaseSync(path)
  const insert = database.prepare(
    `INSERT INTO sessions (key, subject, sid, created_at, last_used_at, expires_at, sealed)
     VALUES (?, ?, NULL, ?, ?, ?, ?)`,
  )
  const now = Date.now()
  database.exec('BEGIN')
  for (let i = 0; i < count; i += 1) {
    const { value, key } = cookies.mint(site)
    const session = sessionOf(key, i, site, now)
    insert.run(key, `subject-${i}`, now, now, session.expiresAt, encodeSession(session, seal))
    if (wanted.length < cookiesWanted) wanted.push(value)
  }
  database.exec('COMMIT')
  return wanted
}

/** A session of the i-th person. */
export function sessionOf(key: Session['key'], i: number, site: Site, now: number): Session {
  return {
    key,
    publicId: `public-${i}`,
    provider: 'default',
    site: site.origin,
    identity: {
      kind: 'user',
      source: 'session',
      provider: 'default',
      issuer: 'http://localhost:1',
      subject: `0f9d3c1e-2b4a-4c7d-9e6f-${String(i).padStart(12, '0')}`,
      username: `user-${i}`,
      email: `user-${i}@example.com`,
      emailVerified: true,
      name: `User Number ${i}`,
      roles: ['admin', 'user'],
      groups: ['/engineering', '/ops'],
      scopes: ['openid', 'profile', 'email'],
      sessionId: `public-${i}`,
      clientId: 'gatehouse',
      accountKind: 'local',
      accountLabel: 'Local',
    },
    tokens: { accessToken: 'a'.repeat(43), receivedAt: now, idToken: '' },
    createdAt: now,
    lastUsedAt: now,
    expiresAt: now + 25_200_000,
    userAgent: 'bench',
  }
}
