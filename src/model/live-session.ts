import type { Identity } from './identity.ts'
import type { Session, SessionKey } from './session.ts'

/** A session as the decision needs it: without its tokens. Times are milliseconds since the epoch. */
export interface LiveSession {
  readonly key: SessionKey
  readonly publicId: string
  readonly site: string
  readonly identity: Identity
  readonly createdAt: number
  /** End as known now, not counting the idle limit. */
  readonly expiresAt: number
  /** End of the access token; absent where the provider did not say, or where it does not matter. */
  readonly accessExpiresAt: number | undefined
  /** When the tokens were received. */
  readonly receivedAt: number
  /** When a refresh is due; absent where the session cannot be refreshed. */
  readonly refreshDueAt: number | undefined
  /** Later of what this process and the store know. */
  lastUsedAt: number
}

/** Refresh is due when this share of the access token's life is over. */
const refreshDueShare = 0.8

/** The part of a stored session that decides requests. */
export function toLiveSession(session: Session): LiveSession {
  const { accessExpiresAt, receivedAt, refreshToken } = session.tokens
  const refreshable = refreshToken !== undefined && accessExpiresAt !== undefined
  return {
    key: session.key,
    publicId: session.publicId,
    site: session.site,
    identity: session.identity,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
    accessExpiresAt: refreshable ? accessExpiresAt : undefined,
    receivedAt,
    refreshDueAt: refreshable
      ? receivedAt + refreshDueShare * (accessExpiresAt - receivedAt)
      : undefined,
    lastUsedAt: session.lastUsedAt,
  }
}

/** The end as known now, the idle limit counted. */
export function endOf(session: LiveSession, idleMs: number | undefined): number {
  return idleMs === undefined
    ? session.expiresAt
    : Math.min(session.expiresAt, session.lastUsedAt + idleMs)
}
