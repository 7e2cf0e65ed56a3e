import type { Code } from './codes.ts'
import type { HeaderBlock } from './decision.ts'

/** What an identity lacks; `reason` is for the log. */
export interface Missing {
  readonly code: Extract<Code, 'forbidden' | 'insufficient_scope' | 'wrong_identity_kind'>
  readonly reason: string
  /** All scopes that the request needs, where the token has not all of them. */
  readonly scopes?: readonly string[]
}

/** What an identity is worth at one app. */
export interface Admission {
  /** Why it is not let in, where it is not. */
  readonly missing: Missing | undefined
  /** Of its 200. */
  readonly headers: HeaderBlock
  /** Until when they may be sent, in milliseconds since the epoch. */
  readonly until: number
}
