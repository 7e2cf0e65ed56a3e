import type { Clock } from '../lib/clock.ts'
import type { NowOrLater } from '../lib/now-or-later.ts'
import { endOf, type LiveSession } from '../model/live-session.ts'
import type { SessionStore } from '../model/session-store.ts'
import type { Site } from '../model/site.ts'
import type { ResolvedSession, ResolvedSessions } from '../sessions/resolved-sessions.ts'
import type { SessionCookies } from '../sessions/session-cookie.ts'
import type { RefreshOutcome, RefreshSessions } from './refresh-sessions.ts'

/** What a session cookie proves. */
export type SessionProof =
  | { readonly kind: 'live'; readonly session: LiveSession }
  /** The signature is not ours. */
  | { readonly kind: 'forged' }
  /** A good signature and no live session: ended and unknown alike. */
  | { readonly kind: 'ended' }
  | {
      readonly kind: 'unavailable'
      readonly code: 'store_unavailable' | 'idp_unavailable'
      readonly reason: string
    }

const waitForRefreshMs = 2_000
const writeUseEveryMs = 60_000

/** Says whether a session cookie is good now, refreshing its tokens as that falls due. */
export class LiveSessions {
  readonly #cookies: SessionCookies
  readonly #resolved: ResolvedSessions
  readonly #refreshes: RefreshSessions
  readonly #store: SessionStore
  readonly #clock: Clock
  readonly #idleMs: number | undefined
  readonly #staleMs: number

  constructor(options: {
    readonly cookies: SessionCookies
    readonly resolved: ResolvedSessions
    readonly refreshes: RefreshSessions
    readonly store: SessionStore
    readonly clock: Clock
    readonly idleMs: number | undefined
    readonly staleMs: number
  }) {
    this.#cookies = options.cookies
    this.#resolved = options.resolved
    this.#refreshes = options.refreshes
    this.#store = options.store
    this.#clock = options.clock
    this.#idleMs = options.idleMs
    this.#staleMs = options.staleMs
  }

  /** Whether a cookie value is signed by us for a site. */
  verifies(site: Site, cookie: string): boolean {
    return this.#cookies.verify(site, cookie) !== undefined
  }

  /** When a session ends as known now, in milliseconds since the epoch. */
  endOf(session: LiveSession): number {
    return endOf(session, this.#idleMs)
  }

  /**
   * What a cookie proves now. Known sessions are answered at once and from memory; others read the
   * store, and a session whose access token is over waits up to two seconds for its refresh.
   *
   * @param use - `count` where the request keeps an idle session alive
   */
  prove(site: Site, cookie: string, use: 'count' | 'look'): NowOrLater<SessionProof> {
    const known = this.#resolved.get(cookie)
    if (known && known.session.site === site.origin) {
      const now = this.#clock.now()
      const { refreshDueAt } = known.session
      if (now < this.endOf(known.session) && (refreshDueAt === undefined || now < refreshDueAt)) {
        if (use === 'count') this.#countUse(known, now)
        return { kind: 'live', session: known.session }
      }
    }
    return this.#prove(site, cookie, use)
  }

  /** Renews the tokens of a cookie's session now, joining a refresh in flight. */
  async renew(site: Site, cookie: string): Promise<SessionProof> {
    return this.#prove(site, cookie, 'count', true)
  }

  async #prove(
    site: Site,
    cookie: string,
    use: 'count' | 'look',
    refreshNow = false,
  ): Promise<SessionProof> {
    const key = this.#cookies.verify(site, cookie)
    if (!key) return { kind: 'forged' }
    try {
      let found = this.#resolved.get(cookie)
      // Another replica may have seen it used later than this one.
      if (!found || this.#isOver(found)) found = await this.#resolved.read(cookie, key)
      if (!found || found.session.site !== site.origin) return { kind: 'ended' }
      if (this.#isOver(found)) {
        await this.#store.end(key)
        return { kind: 'ended' }
      }
      const { session } = found
      if (use === 'count') this.#countUse(found, this.#clock.now())
      const outcome = await this.#refreshIfDue(session, refreshNow)
      if (outcome === 'ended') return { kind: 'ended' }
      // Whoever waited for a refresh may have been signed out meanwhile, whatever came of it.
      const latest = outcome === 'not-due' ? found : await this.#resolved.read(cookie, key)
      return latest ? this.#withLastClaims(latest) : { kind: 'ended' }
    } catch (error) {
      return { kind: 'unavailable', code: 'store_unavailable', reason: String(error) }
    }
  }

  /** Waits only where the access token is over; otherwise the refresh goes on in the background. */
  async #refreshIfDue(
    session: LiveSession,
    refreshNow: boolean,
  ): Promise<RefreshOutcome | 'not-due'> {
    const now = this.#clock.now()
    const { refreshDueAt, accessExpiresAt, key } = session
    if (refreshDueAt === undefined || accessExpiresAt === undefined) return 'not-due'
    if ((now < refreshDueAt && !refreshNow) || this.#refreshes.resting(key)) return 'not-due'
    const refresh = this.#refreshes.refresh(key, session.receivedAt)
    if (now < accessExpiresAt && !refreshNow) {
      // An outage of the store shows in the next request that needs it.
      refresh.catch(() => {})
      return 'not-due'
    }
    return firstOf(refresh, waitForRefreshMs, 'unavailable')
  }

  #withLastClaims(found: ResolvedSession): SessionProof {
    const { accessExpiresAt } = found.session
    if (accessExpiresAt !== undefined && this.#clock.now() >= accessExpiresAt + this.#staleMs) {
      const reason =
        'the access token is over for longer than SESSION_STALE_SEC and cannot be refreshed'
      return { kind: 'unavailable', code: 'idp_unavailable', reason }
    }
    return { kind: 'live', session: found.session }
  }

  #isOver(found: ResolvedSession): boolean {
    return this.#clock.now() >= this.endOf(found.session)
  }

  #countUse(found: ResolvedSession, now: number): void {
    if (now > found.session.lastUsedAt) found.session.lastUsedAt = now
    if (now - found.useWrittenAt < writeUseEveryMs) return
    found.useWrittenAt = now
    // Lost at worst: a minute of an idle limit.
    this.#store.touch(found.session.key, now).catch(() => {})
  }
}

async function firstOf<T, U>(promise: Promise<T>, ms: number, otherwise: U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<U>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
    promise.catch(() => {})
  }
}
