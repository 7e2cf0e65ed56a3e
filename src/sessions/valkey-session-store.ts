import type { Clock } from '../lib/clock.ts'
import type { Seal } from '../lib/seal.ts'
import type { Session, SessionKey } from '../model/session.ts'
import type { ChangeFeed, RefreshLease, SessionStore } from '../model/session-store.ts'
import { ValkeyConnection } from '../storage/valkey.ts'
import { LocalChangeFeed } from './local-change-feed.ts'
import {
  encodeSession,
  endOfTime,
  isSessionKey,
  liveSession,
  markIndex,
  sidIndex,
  subjectIndex,
  wholeMs,
} from './session-record.ts'
import { ValkeyChangeFeed } from './valkey-change-feed.ts'
import {
  rowPrefix,
  type SessionCommands,
  sessionScripts,
  sidPrefix,
  subjectPrefix,
} from './valkey-session-scripts.ts'

const listedAtMost = 100

export interface ValkeySessionStoreOptions {
  /** `redis:`, `rediss:`, `valkey:` or `valkeys:`. */
  readonly url: string
  readonly clock: Clock
  readonly seal: Seal
  /** Hears of failures that no caller sees: lost connections, listeners. No message holds a secret. */
  readonly onError?: (error: Error) => void
}

/**
 * Sessions on a Valkey server (or Redis 7 and later), for several replicas. The connection is made in
 * the background, so this succeeds while the server is down.
 *
 * How durable an end is, is the server's affair: `appendonly yes` with `appendfsync always` keeps it
 * over a crash of the server; a failover to a replica that lags, or a restored backup, brings sessions
 * back that had just ended. `maxmemory-policy noeviction` keeps the server from dropping sessions that
 * live. An ACL needs the keys `~gatehouse:*` and the channels `&gatehouse:*`. One server, with or
 * without replicas: not a cluster.
 *
 * @throws Error where the URL is not understood
 */
export function openValkeySessionStore(options: ValkeySessionStoreOptions): SessionStore {
  return new ValkeySessionStore(options)
}

type StoredRow = readonly [
  sealed: string | null,
  used: string | null,
  expires: string | null,
  retire: string | null,
]

class ValkeySessionStore implements SessionStore {
  readonly #clock: Clock
  readonly #seal: Seal
  readonly #commands: ValkeyConnection<SessionCommands>
  readonly #subscriber: ValkeyConnection
  readonly #feed: LocalChangeFeed
  readonly #published: ValkeyChangeFeed

  constructor({ url, clock, seal, onError = () => {} }: ValkeySessionStoreOptions) {
    this.#clock = clock
    this.#seal = seal
    this.#commands = new ValkeyConnection(url, sessionScripts, onError)
    this.#subscriber = new ValkeyConnection(url, {}, onError)
    this.#feed = new LocalChangeFeed(clock, onError)
    this.#published = new ValkeyChangeFeed({
      commands: this.#commands,
      subscriber: this.#subscriber,
      feed: this.#feed,
      clock,
      seal,
      onError,
    })
  }

  get changes(): ChangeFeed {
    return this.#feed
  }

  async create(session: Session): Promise<void> {
    if (!isSessionKey(session.key)) throw new TypeError('a session needs a key of its form')
    const { issuer, subject } = session.identity
    const sealed = encodeSession(session, this.#seal)
    await this.#commands.ask((client) =>
      client.createSession(
        session.key,
        sealed,
        wholeMs(session.createdAt),
        wholeMs(session.lastUsedAt),
        wholeMs(session.expiresAt),
        subjectIndex(issuer, subject),
        session.sid === undefined ? '' : sidIndex(issuer, session.sid),
      ),
    )
  }

  async read(key: SessionKey): Promise<Session | undefined> {
    if (!isSessionKey(key)) return
    const row = await this.#commands.ask((client) =>
      client.hmget(rowPrefix + key, 'sealed', 'used', 'expires', 'retire'),
    )
    return this.#live(key, row as unknown as StoredRow, this.#clock.now())
  }

  async touch(key: SessionKey, lastUsedAt: number): Promise<void> {
    if (!isSessionKey(key)) return
    await this.#commands.ask((client) => client.touchSession(key, wholeMs(lastUsedAt)))
  }

  async lease(key: SessionKey, durationMs: number): Promise<RefreshLease | 'held' | 'ended'> {
    if (!isSessionKey(key)) return 'ended'
    const fence = await this.#commands.ask((client) =>
      client.leaseSession(key, this.#clock.now(), durationMs),
    )
    if (fence === -1) return 'ended'
    return fence === 0 ? 'held' : { key, fence: Number(fence) }
  }

  async renewLease({ key, fence }: RefreshLease, durationMs: number): Promise<boolean> {
    const renewed = await this.#commands.ask((client) =>
      client.renewSessionLease(key, fence, this.#clock.now(), durationMs),
    )
    return renewed === 1
  }

  async releaseLease({ key, fence }: RefreshLease): Promise<void> {
    await this.#commands.ask((client) => client.releaseSessionLease(key, fence))
  }

  async write(session: Session, { key, fence }: RefreshLease): Promise<boolean> {
    if (session.key !== key) throw new TypeError('the lease is for another session')
    const sealed = encodeSession(session, this.#seal)
    const written = await this.#commands.ask((client) =>
      client.writeSession(key, fence, this.#clock.now(), sealed, wholeMs(session.expiresAt)),
    )
    if (written !== 1) return false
    this.#feed.changed(key)
    return true
  }

  async retire(key: SessionKey, at: number): Promise<void> {
    if (!isSessionKey(key)) return
    const retired = await this.#commands.ask((client) =>
      client.retireSession(key, this.#clock.now(), wholeMs(at)),
    )
    if (retired === 1) this.#feed.changed(key)
  }

  async end(key: SessionKey): Promise<boolean> {
    if (!isSessionKey(key)) return false
    const ended = await this.#commands.ask((client) => client.endSession(key, this.#clock.now()))
    this.#feed.changed(key)
    return ended === 1
  }

  endBySid(issuer: string, sid: string): Promise<number> {
    return this.#endAll(sidPrefix + sidIndex(issuer, sid))
  }

  endBySubject(issuer: string, subject: string): Promise<number> {
    return this.#endAll(subjectPrefix + subjectIndex(issuer, subject))
  }

  async #endAll(index: string): Promise<number> {
    const keys = await this.#commands.ask((client) =>
      client.endSessionsOf(index, this.#clock.now()),
    )
    for (const key of keys as SessionKey[]) this.#feed.changed(key)
    return (keys as SessionKey[]).length
  }

  async list(issuer: string, subject: string): Promise<Session[]> {
    const now = this.#clock.now()
    const index = subjectPrefix + subjectIndex(issuer, subject)
    const rows = await this.#commands.ask((client) => client.listSessions(index, now, listedAtMost))
    return (rows as [SessionKey, StoredRow][]).flatMap(
      ([key, row]) => this.#live(key, row, now) ?? [],
    )
  }

  async mark(name: string, until: number): Promise<boolean> {
    const key = `gatehouse:mark:${markIndex(name)}`
    const set = await this.#commands.ask((client) =>
      client.set(key, '', 'PXAT', Math.max(wholeMs(until), 1), 'NX'),
    )
    return set === 'OK'
  }

  async unmark(name: string): Promise<void> {
    await this.#commands.ask((client) => client.unlink(`gatehouse:mark:${markIndex(name)}`))
  }

  async ping(): Promise<void> {
    await this.#commands.ask((client) => client.ping())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#published.close()
    await Promise.all([this.#commands.close(), this.#subscriber.close()])
  }

  #live(key: SessionKey, row: StoredRow, now: number): Session | undefined {
    const [sealed, used, expires, retire] = row
    if (sealed === null) return
    const times = {
      lastUsedAt: Number(used),
      expiresAt: Number(expires),
      retireAt: Number(retire ?? endOfTime),
    }
    return liveSession(key, { sealed, ...times }, this.#seal, now)
  }
}
