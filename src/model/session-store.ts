import type { Identity } from './identity.ts'
import type { Session, SessionKey } from './session.ts'

/** The right to refresh one session; later leases have higher fences. */
export interface RefreshLease {
  readonly key: SessionKey
  readonly fence: number
}

/** A session that is over for good. */
export interface EndedSession {
  readonly publicId: string
  readonly identity: Identity
  /** Milliseconds since the epoch; to come where the session was retired. */
  readonly at: number
}

/**
 * What a replica hears of changes made anywhere. A cached session may only be used while `trusted()`
 * is true; otherwise every request reads the store.
 */
export interface ChangeFeed {
  trusted(): boolean
  /**
   * `changed`: this session was ended, written or shortened. `flushed`: anything may have changed.
   * `ended`: whose session is over; told once or more, or a `flushed` in its place. A session whose
   * time runs out is told of when its row is found to be over, if ever.
   */
  subscribe(listener: {
    changed(key: SessionKey): void
    flushed(): void
    ended?(session: EndedSession): void
  }): void
}

/** The store did not answer, or could not do what it was asked. Nothing is said about the session. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/**
 * Where sessions live. Every method rejects with {@link StoreUnavailable} when the store cannot be
 * reached, within two seconds. A session that has ended stays ended: nothing but `create` makes a row.
 */
export interface SessionStore extends AsyncDisposable {
  /** Inserts a session; durable when it resolves. */
  create(session: Session): Promise<void>
  /** A live session; undefined for one that has ended, expired or cannot be decoded. */
  read(key: SessionKey): Promise<Session | undefined>
  /** Records the last use, in milliseconds since the epoch; never moves it back. */
  touch(key: SessionKey, lastUsedAt: number): Promise<void>

  /** `held`: another replica refreshes it now. `ended`: there is no such session. */
  lease(key: SessionKey, durationMs: number): Promise<RefreshLease | 'held' | 'ended'>
  /** Whether the lease is still ours. */
  renewLease(lease: RefreshLease, durationMs: number): Promise<boolean>
  releaseLease(lease: RefreshLease): Promise<void>
  /**
   * Replaces tokens, identity and end of a session under a lease.
   * False, and nothing is written, where the session has ended or a later lease was given.
   */
  write(session: Session, lease: RefreshLease): Promise<boolean>

  /** Ends a session at a time to come, if it does not end before. */
  retire(key: SessionKey, at: number): Promise<void>
  /** Ends a session; durable when it resolves. False where there was none. */
  end(key: SessionKey): Promise<boolean>
  /** Ends the sessions of one provider session; the count of those ended. */
  endBySid(issuer: string, sid: string): Promise<number>
  /** Ends every session of a subject; the count of those ended. */
  endBySubject(issuer: string, subject: string): Promise<number>
  /** Live sessions of a subject, newest first, at most 100. */
  list(issuer: string, subject: string): Promise<Session[]>

  /** Sets a mark that lasts until a time; false where it is set already. */
  mark(name: string, until: number): Promise<boolean>
  unmark(name: string): Promise<void>

  readonly changes: ChangeFeed
  /** Resolves when the store answers. */
  ping(): Promise<void>
}
