import { createHash } from 'node:crypto'
import type { Seal } from '../lib/seal.ts'
import type { Identity } from '../model/identity.ts'
import type { Session, SessionKey, Tokens } from '../model/session.ts'

type Check = (value: unknown) => boolean
type Shape<T> = { readonly [Field in keyof T]-?: Check }

const text: Check = (value) => typeof value === 'string'
const flag: Check = (value) => typeof value === 'boolean'
const time: Check = (value) => Number.isFinite(value)
const texts: Check = (value) => Array.isArray(value) && value.every(text)
const oneOf =
  <T extends string>(...words: readonly T[]): Check =>
  (value) =>
    words.includes(value as T)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const object =
  <T>(shape: Shape<T>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries<Check>(shape).every(([field, check]) =>
      check(Object.hasOwn(value, field) ? value[field as keyof typeof value] : undefined),
    )

const isIdentity = object<Identity>({
  kind: oneOf<Identity['kind']>('user', 'service', 'anonymous'),
  source: oneOf<Identity['source']>(
    'session',
    'bearer',
    'introspection',
    'key',
    'anonymous',
    'bypass',
  ),
  provider: text,
  issuer: text,
  subject: text,
  username: text,
  email: text,
  emailVerified: flag,
  name: text,
  roles: texts,
  groups: texts,
  scopes: texts,
  sessionId: text,
  clientId: text,
  accountKind: text,
  accountLabel: text,
  claims: optional(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).every((item) => text(item) || texts(item)),
  ),
})

const isTokens = object<Tokens>({
  accessToken: text,
  accessExpiresAt: optional(time),
  receivedAt: time,
  refreshToken: optional(text),
  refreshExpiresAt: optional(time),
  idToken: text,
})

const isSession = object<Session>({
  key: text,
  publicId: text,
  provider: text,
  site: text,
  sid: optional(text),
  identity: isIdentity,
  acr: optional(text),
  authenticatedAt: optional(time),
  tokens: isTokens,
  createdAt: time,
  lastUsedAt: time,
  expiresAt: time,
  userAgent: text,
})

const keyForm = /^[A-Za-z0-9_-]{43}$/

/** Whether a text has the form of a session key: nothing else may become part of a name in a store. */
export function isSessionKey(value: string): value is SessionKey {
  return keyForm.test(value)
}

/** The whole session, sealed and bound to its key: a record copied to another key does not open. */
export function encodeSession(session: Session, seal: Seal): string {
  return seal.seal(JSON.stringify(session), session.key)
}

/**
 * The session of a sealed record; undefined for anything that was not sealed for this key with a
 * known secret, or is not a session. Fields of a newer version are kept, so that replicas of two
 * versions can share a store.
 */
export function decodeSession(key: SessionKey, sealed: string, seal: Seal): Session | undefined {
  const json = seal.open(sealed, key)
  if (json === undefined) return
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return
  }
  return isSession(value) && (value as Session).key === key ? (value as Session) : undefined
}

/** The times that a store keeps beside the sealed record, since they change without it. */
export interface RowTimes {
  readonly lastUsedAt: number
  readonly expiresAt: number
  readonly retireAt: number
}

/**
 * The session of a stored row, or undefined where it has ended or cannot be decoded. Its end is the
 * earliest that anything says, so that a time altered in the store cannot lengthen a session.
 */
export function liveSession(
  key: SessionKey,
  row: { readonly sealed: string } & RowTimes,
  seal: Seal,
  now: number,
): Session | undefined {
  const end = Math.min(row.expiresAt, row.retireAt)
  if (!(end > now)) return
  const session = decodeSession(key, row.sealed, seal)
  if (!session || session.expiresAt <= now) return
  const expiresAt = Math.min(end, session.expiresAt)
  return { ...session, expiresAt, lastUsedAt: row.lastUsedAt }
}

/** What a store finds sessions of a subject by. */
export function subjectIndex(issuer: string, subject: string): string {
  return digest('subject', issuer, subject)
}

/** What a store finds the sessions of a provider's session by. */
export function sidIndex(issuer: string, sid: string): string {
  return digest('sid', issuer, sid)
}

/** What a store knows a mark by: of one length, and free of whatever the name holds. */
export function markIndex(name: string): string {
  return digest('mark', name)
}

/** UTF-16 and not UTF-8, which writes all lone surrogates alike. */
function digest(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:${part},`, 'utf16le')
  return hash.digest('base64url')
}

/** The last instant that a `Date` can hold (ECMA-262 section 21.4.1.1). */
export const endOfTime = 8_640_000_000_000_000

/** A time as stores keep it: whole milliseconds, not before the epoch, not after the end of time. */
export function wholeMs(time: number): number {
  return Math.floor(Math.min(Math.max(time, 0), endOfTime))
}
