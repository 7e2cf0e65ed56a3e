/** So many requests in each window of the clock, all windows beginning at the epoch. */
export interface Limit {
  readonly requests: number
  /** Milliseconds. */
  readonly windowMs: number
}

/** Limits by the kind of who is asking; absent: none. */
export type Limits = Readonly<Partial<Record<'user' | 'service' | 'anonymous', Limit>>>

/** One request that counts against one limit of one caller. */
export interface Draw {
  /** Of what is limited: a rule, or everything. For messages. */
  readonly name: string
  /** Whose count of what it is. */
  readonly key: string
  readonly limit: Limit
}

export type Drawn =
  | { readonly kind: 'granted' }
  /** One limit is used up, and nothing was counted. */
  | {
      readonly kind: 'exceeded'
      readonly draw: Draw
      /** When its window ends, in milliseconds since the epoch. */
      readonly endsAt: number
    }

/** Counts requests, exactly, over all replicas that share it. */
export interface QuotaStore extends AsyncDisposable {
  /**
   * Counts a request against all of the limits, or against none where one of them is used up. Rejects
   * with `StoreUnavailable`.
   */
  draw(draws: readonly Draw[]): Drawn | Promise<Drawn>
}
