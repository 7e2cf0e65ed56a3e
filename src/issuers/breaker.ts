import type { Clock } from '../lib/clock.ts'
import { IssuerUnavailable } from './issuer-unavailable.ts'

const failuresToOpen = 5
const openForMs = 60_000
/** An issuer has a handful of endpoints; one whose metadata names ever new ones costs no more. */
const maxEndpoints = 32

type State =
  | { readonly kind: 'closed'; failures: number }
  | { readonly kind: 'open'; readonly until: number }
  /** One call is under way and decides. */
  | { readonly kind: 'half-open' }

interface Breaker {
  state: State
}

/** A call that was let through. Exactly one of these is to be called when it is over. */
export interface Call {
  succeeded(): void
  failed(): void
  /** It ended for a reason of the caller's own, which says nothing about the endpoint. */
  abandoned(): void
}

/**
 * A circuit breaker for each endpoint of one issuer: after five failures in a row an endpoint is left
 * alone for a minute, then one call is let through, whose success ends it and whose failure begins
 * another minute. There are no timers: time passes when somebody asks.
 */
export class Breakers {
  readonly #clock: Clock
  readonly #onChange: (endpoint: string, open: boolean) => void
  readonly #breakers = new Map<string, Breaker>()

  /** @param onChange - told when an endpoint is left alone, and when it is back; not of the tries between */
  constructor(clock: Clock, onChange: (endpoint: string, open: boolean) => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** The endpoints that were called so far; `open` until a call succeeded again. */
  *readings(): Iterable<{ readonly endpoint: string; readonly open: boolean }> {
    for (const [endpoint, { state }] of this.#breakers) {
      yield { endpoint, open: state.kind !== 'closed' }
    }
  }

  /**
   * Lets a call through.
   *
   * @throws IssuerUnavailable while the endpoint is left alone
   */
  begin(endpoint: string): Call {
    const breaker = this.#breakers.get(endpoint) ?? this.#add(endpoint)
    if (breaker.state.kind === 'half-open') throw refused(endpoint)
    if (breaker.state.kind === 'open') {
      const leftMs = breaker.state.until - this.#clock.monotonic()
      if (leftMs > 0) throw refused(endpoint, Math.ceil(leftMs / 1_000))
      breaker.state = { kind: 'half-open' }
    }
    return this.#call(endpoint, breaker, breaker.state)
  }

  #call(endpoint: string, breaker: Breaker, begunIn: Exclude<State, { kind: 'open' }>): Call {
    // A call from before the last change is over late and says nothing about now.
    const ended = (change: () => void) => () => {
      if (breaker.state === begunIn) change()
    }
    const open = (forMs: number) => {
      breaker.state = { kind: 'open', until: this.#clock.monotonic() + forMs }
    }
    if (begunIn.kind === 'half-open') {
      return {
        succeeded: ended(() => {
          breaker.state = { kind: 'closed', failures: 0 }
          this.#onChange(endpoint, false)
        }),
        failed: ended(() => open(openForMs)),
        // The next call is the one to decide.
        abandoned: ended(() => open(0)),
      }
    }
    return {
      succeeded: ended(() => {
        begunIn.failures = 0
      }),
      failed: ended(() => {
        begunIn.failures += 1
        if (begunIn.failures < failuresToOpen) return
        open(openForMs)
        this.#onChange(endpoint, true)
      }),
      abandoned() {},
    }
  }

  #add(endpoint: string): Breaker {
    if (this.#breakers.size >= maxEndpoints) this.#forgetOne()
    const breaker: Breaker = { state: { kind: 'closed', failures: 0 } }
    this.#breakers.set(endpoint, breaker)
    return breaker
  }

  /** The oldest that works, else the oldest. */
  #forgetOne(): void {
    const endpoints = [...this.readings()]
    const forgotten = endpoints.find(({ open }) => !open) ?? endpoints[0]
    if (!forgotten) return
    this.#breakers.delete(forgotten.endpoint)
    if (forgotten.open) this.#onChange(forgotten.endpoint, false)
  }
}

// The seconds left are no part of the text, so that a log that tells a trouble once does.
function refused(endpoint: string, retryAfterSec?: number): IssuerUnavailable {
  return new IssuerUnavailable(
    `${endpoint} failed five times in a row and is asked again after a minute`,
    { retryAfterSec },
  )
}
