import { LRUCache } from 'lru-cache'
import pRetry from 'p-retry'
import type { Clock } from '../lib/clock.ts'
import type { Identity } from '../model/identity.ts'
import type { Session, SessionKey } from '../model/session.ts'
import type { RefreshLease, SessionStore } from '../model/session-store.ts'
import type { Refreshed } from '../oidc/refresh.ts'

export type RefreshOutcome = 'refreshed' | 'ended' | 'unavailable'

export interface RefreshEvents {
  refreshed(identity: Identity): void
  refreshFailed(identity: Identity, fatal: boolean, reason: string): void
}

const leaseMs = 10_000
const renewEveryMs = 3_000
const askAgainMs = 100
const coolDownMs = 2_000
const remembered = 10_000

/**
 * Refreshes sessions so that each refresh token is redeemed once, however many requests and replicas
 * want it: one flight here, and over all replicas a fenced lease that is renewed while the provider is
 * asked. Who does not get the lease waits for the one who has it and takes what it wrote.
 */
export class RefreshSessions {
  readonly #store: SessionStore
  readonly #redeem: (session: Session) => Promise<Refreshed>
  readonly #events: RefreshEvents
  readonly #clock: Clock
  readonly #running = new Map<SessionKey, Promise<RefreshOutcome>>()
  /** Until when, by the monotonic clock, a session is left alone after an outage. */
  readonly #restUntil = new LRUCache<SessionKey, number>({ max: remembered })
  #closed = false

  constructor(options: {
    readonly store: SessionStore
    readonly redeem: (session: Session) => Promise<Refreshed>
    readonly events: RefreshEvents
    readonly clock: Clock
  }) {
    this.#store = options.store
    this.#redeem = options.redeem
    this.#events = options.events
    this.#clock = options.clock
  }

  /** Whether the provider could not be reached for this session a moment ago. */
  resting(key: SessionKey): boolean {
    return this.#clock.monotonic() < (this.#restUntil.get(key) ?? Number.NEGATIVE_INFINITY)
  }

  /**
   * Refreshes a session unless that has been done since `receivedAt`, joining a refresh in flight.
   * Rejects where the store does not answer.
   *
   * @param receivedAt - when the tokens that the caller knows were received
   */
  refresh(key: SessionKey, receivedAt: number): Promise<RefreshOutcome> {
    const running = this.#running.get(key)
    if (running) return running
    const flight = this.#refresh(key, receivedAt).finally(() => this.#running.delete(key))
    this.#running.set(key, flight)
    return flight
  }

  /** Starts no further refresh and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#running.values())
  }

  async #refresh(key: SessionKey, receivedAt: number): Promise<RefreshOutcome> {
    while (!this.#closed) {
      const lease = await this.#store.lease(key, leaseMs)
      if (lease === 'ended') return 'ended'
      if (lease !== 'held') return this.#underLease(lease, receivedAt)
      await new Promise((resolve) => setTimeout(resolve, askAgainMs))
      const session = await this.#store.read(key)
      if (!session) return 'ended'
      if (session.tokens.receivedAt > receivedAt) return 'refreshed'
    }
    return 'unavailable'
  }

  async #underLease(lease: RefreshLease, receivedAt: number): Promise<RefreshOutcome> {
    const renewal = setInterval(() => {
      this.#store.renewLease(lease, leaseMs).catch(() => {})
    }, renewEveryMs)
    try {
      const session = await this.#store.read(lease.key)
      if (!session) return 'ended'
      if (session.tokens.receivedAt > receivedAt) return 'refreshed'
      return await this.#settle(session, await this.#redeem(session), lease)
    } finally {
      clearInterval(renewal)
      this.#store.releaseLease(lease).catch(() => {})
    }
  }

  async #settle(session: Session, result: Refreshed, lease: RefreshLease): Promise<RefreshOutcome> {
    switch (result.kind) {
      case 'refreshed': {
        // The old refresh token is spent: the new one is worth several tries.
        const written = await pRetry(() => this.#store.write(result.session, lease), {
          retries: 5,
          minTimeout: 200,
          maxTimeout: 2_000,
        })
        if (!written) return (await this.#store.read(session.key)) ? 'refreshed' : 'ended'
        this.#events.refreshed(result.session.identity)
        return 'refreshed'
      }
      case 'refused':
        // With the lease lost, another replica may have spent the token in good order.
        if (!(await this.#store.renewLease(lease, leaseMs))) return 'unavailable'
        await this.#store.end(session.key)
        this.#events.refreshFailed(session.identity, true, result.reason)
        return 'ended'
      case 'unavailable':
        this.#restUntil.set(session.key, this.#clock.monotonic() + coolDownMs)
        this.#events.refreshFailed(session.identity, false, result.reason)
        return 'unavailable'
    }
  }
}
