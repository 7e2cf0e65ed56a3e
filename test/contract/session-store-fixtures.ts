import { randomBytes } from 'node:crypto'
import type { Clock } from '../../src/lib/clock.ts'
import { deriveKeys, Seal } from '../../src/lib/seal.ts'
import type { Session, SessionKey } from '../../src/model/session.ts'

/** Real time that can be moved on. */
export class MovableClock implements Clock {
  #ahead = 0

  now(): number {
    return Date.now() + this.#ahead
  }

  monotonic(): number {
    return performance.now() + this.#ahead
  }

  advance(ms: number): void {
    this.#ahead += ms
  }
}

const hour = 3_600_000
export const issuer = 'https://id.example.com/realms/staff'

export const testSeal = new Seal(deriveKeys(['a secret of the session store suite!'], 'session'))

export function newKey(): SessionKey {
  return randomBytes(32).toString('base64url') as SessionKey
}

export function newSession(changes: Partial<Session> & { subject?: string } = {}): Session {
  const { subject = `subject-${newKey()}`, ...fields } = changes
  const now = Date.now()
  return {
    key: newKey(),
    publicId: 'public-id',
    provider: 'default',
    site: 'https://auth.example.com',
    identity: {
      kind: 'user',
      source: 'session',
      provider: 'default',
      issuer,
      subject,
      username: 'bob',
      email: 'bob@example.com',
      emailVerified: true,
      name: 'Bob',
      roles: ['admin'],
      groups: ['/ops'],
      scopes: ['openid'],
      sessionId: 'public-id',
      clientId: 'gatehouse',
      accountKind: 'local',
      accountLabel: 'Local',
    },
    tokens: {
      accessToken: 'access-token',
      accessExpiresAt: now + 300_000,
      receivedAt: now,
      refreshToken: 'refresh-token',
      idToken: 'id-token',
    },
    createdAt: now,
    lastUsedAt: now,
    expiresAt: now + hour,
    userAgent: 'Firefox on Linux',
    ...fields,
  }
}
