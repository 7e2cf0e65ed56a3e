import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveKeys, Seal } from '../../../src/lib/seal.ts'
import type { Session, SessionKey } from '../../../src/model/session.ts'
import {
  decodeSession,
  encodeSession,
  endOfTime,
  isSessionKey,
  liveSession,
  markIndex,
  sidIndex,
  subjectIndex,
  wholeMs,
} from '../../../src/sessions/session-record.ts'

const sealOf = (...secrets: string[]) => new Seal(deriveKeys(secrets, 'session'))
const seal = sealOf('a secret')
const key = 'k'.repeat(43) as SessionKey
const session: Session = {
  key,
  publicId: 'public-id',
  provider: 'default',
  site: 'https://auth.example.com',
  sid: 'sid-1',
  identity: {
    kind: 'user',
    source: 'session',
    provider: 'default',
    issuer: 'https://id.example.com',
    subject: 'subject',
    username: 'bob',
    email: 'bob@example.com',
    emailVerified: true,
    name: 'Bob 👩‍🚀 \ud800',
    roles: ['admin'],
    groups: [],
    scopes: ['openid'],
    sessionId: 'public-id',
    clientId: 'gatehouse',
    accountKind: 'local',
    accountLabel: 'Local',
  },
  tokens: {
    accessToken: 'access-token',
    accessExpiresAt: 2_000,
    receivedAt: 1_000,
    refreshToken: 'refresh-token',
    refreshExpiresAt: 9_000,
    idToken: 'id-token',
  },
  createdAt: 1_000,
  lastUsedAt: 1_000,
  expiresAt: 9_000,
  userAgent: 'Firefox on Linux',
}

/** What is decoded of any JSON that was sealed for the key. */
function decodeJson(value: unknown): Session | undefined {
  return decodeSession(key, seal.seal(JSON.stringify(value), key), seal)
}

describe('a session record', () => {
  it('holds the whole session, sealed anew each time', () => {
    const sealed = encodeSession(session, seal)
    expect(decodeSession(key, sealed, seal)).toEqual(session)
    expect(encodeSession(session, seal)).not.toBe(sealed)
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/)
  })

  it('C-16 opens for its own key only', () => {
    const other = 'o'.repeat(43) as SessionKey
    const sealed = encodeSession(session, seal)
    expect(decodeSession(other, sealed, seal)).toBeUndefined()
    const moved = seal.seal(JSON.stringify(session), other)
    expect(decodeSession(other, moved, seal)).toBeUndefined()
  })

  it('C-17 opens with every known secret, and with no other', () => {
    const sealed = encodeSession(session, sealOf('old'))
    expect(decodeSession(key, sealed, sealOf('new', 'old'))).toEqual(session)
    expect(decodeSession(key, sealed, sealOf('new'))).toBeUndefined()
  })

  it('F-11 without a field, or with one of another type, is none', () => {
    const optional = [
      'sid',
      'tokens.accessExpiresAt',
      'tokens.refreshToken',
      'tokens.refreshExpiresAt',
    ]
    const parts = { '': session, 'identity.': session.identity, 'tokens.': session.tokens }
    let fields = 0
    for (const [path, part] of Object.entries(parts)) {
      for (const field of Object.keys(part)) {
        fields += 1
        const where = path.slice(0, -1)
        const put = (value: unknown) => {
          const changed = { ...part, [field]: value }
          return decodeJson(where ? { ...session, [where]: changed } : changed)
        }
        const without = expect(put(undefined), `${path}${field}`)
        if (optional.includes(path + field)) without.toBeDefined()
        else without.toBeUndefined()
        for (const wrong of [null, [1], { length: 0 }]) {
          expect(put(wrong), `${path}${field}`).toBeUndefined()
        }
      }
    }
    expect(fields).toBe(33)
  })

  it('F-11 is never an error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeSession(key, text, seal)).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeJson(value)).toBeUndefined()
      }),
    )
    expect(decodeSession(key, seal.seal('{', key), seal)).toBeUndefined()
  })

  it('C-14 takes nothing from a prototype', () => {
    const { userAgent, ...rest } = session
    const json = JSON.stringify(rest).replace(/}$/, ',"__proto__":{"userAgent":"x","admin":true}}')
    expect(decodeSession(key, seal.seal(json, key), seal)).toBeUndefined()
    const whole = json.replace(/}$/, `,"userAgent":"${userAgent}"}`)
    const decoded = decodeSession(key, seal.seal(whole, key), seal)
    expect(decoded).toMatchObject({ userAgent })
    expect(Reflect.get(decoded ?? {}, 'admin')).toBeUndefined()
    expect(Reflect.get({}, 'admin')).toBeUndefined()
  })

  it('keeps fields of a newer version', () => {
    expect(decodeJson({ ...session, later: 1 })).toEqual({ ...session, later: 1 })
  })
})

describe('a stored row', () => {
  const sealed = encodeSession(session, seal)
  const row = { sealed, lastUsedAt: 5_000, expiresAt: 9_000, retireAt: endOfTime }
  const at = (changes: Partial<typeof row>, now: number) =>
    liveSession(key, { ...row, ...changes }, seal, now)

  it('gives the session with its last use', () => {
    expect(at({}, 8_999)).toEqual({ ...session, lastUsedAt: 5_000 })
  })

  it('ends at the earliest time that anything says', () => {
    expect(at({}, 9_000)).toBeUndefined()
    expect(at({ retireAt: 6_000 }, 5_999)).toMatchObject({ expiresAt: 6_000 })
    expect(at({ retireAt: 6_000 }, 6_000)).toBeUndefined()
    expect(at({ expiresAt: 7_000 }, 7_000)).toBeUndefined()
    expect(at({ expiresAt: 99_000 }, 8_999)).toMatchObject({ expiresAt: 9_000 })
    expect(at({ expiresAt: 99_000 }, 9_000)).toBeUndefined()
    expect(at({ expiresAt: Number.NaN }, 1)).toBeUndefined()
  })
})

describe('what a store finds rows by', () => {
  it('C-20 is a session key of its form only', () => {
    expect(isSessionKey(key)).toBe(true)
    for (const text of ['', 'k'.repeat(42), 'k'.repeat(44), `${key}\n`, `${key.slice(1)}*`]) {
      expect(isSessionKey(text)).toBe(false)
    }
  })

  it('O-08 differs for each pair, and says nothing of it', () => {
    const pairs = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['a,', 'bc'],
      ['a', ',bc'],
      ['a1:', 'b'],
      ['a', '1:b'],
      ['', ''],
      ['\ud800', ''],
      ['\ud801', ''],
    ] as const
    const names = pairs.flatMap(([a, b]) => [subjectIndex(a, b), sidIndex(a, b)])
    names.push(markIndex(''), markIndex('*\r\n'))
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  it('F-13 is a time that every store can hold', () => {
    expect(wholeMs(1.9)).toBe(1)
    expect(wholeMs(-1)).toBe(0)
    expect(wholeMs(Number.POSITIVE_INFINITY)).toBe(endOfTime)
    expect(new Date(endOfTime).getTime()).toBe(endOfTime)
  })
})
