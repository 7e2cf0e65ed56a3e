import type { SignInDemand } from './app.ts'
import type { Code } from './codes.ts'
import type { Identity } from './identity.ts'

/** The headers of a 200, ready to send: only `x-request-id` is still to be added. */
export interface HeaderBlock {
  /** Names and values in turn, as Node's `writeHead` takes them. */
  readonly fields: readonly string[]
  /** The same as header lines of HTTP/1.1, each with its line end. */
  readonly lines: string
  /** What a signature covers of them, where requests are signed. */
  readonly signable?: readonly [before: string, after: string]
}

/**
 * What the gateway says to one request. `reason` is for the log and may name settings; a client sees
 * only the code and its fixed text.
 */
export type Decision =
  | { readonly kind: 'allow'; readonly identity: Identity; readonly headers: HeaderBlock }
  | {
      readonly kind: 'challenge'
      readonly code: Extract<
        Code,
        'unauthenticated' | 'session_expired' | 'invalid_token' | 'insufficient_user_authentication'
      >
      readonly reason: string
      /** What the sign-in must be like, where it is not. */
      readonly demand?: SignInDemand
      /** Whether a sign-in could not help, as nobody who signs in may pass. */
      readonly withoutSignIn?: true
    }
  | {
      readonly kind: 'deny'
      readonly code: Extract<
        Code,
        | 'forbidden'
        | 'insufficient_scope'
        | 'wrong_identity_kind'
        | 'untrusted_proxy'
        | 'unknown_host'
        | 'own_route'
        | 'csrf'
      >
      readonly reason: string
      readonly identity?: Identity
      /** All scopes that the request needs, for `insufficient_scope`. */
      readonly scopes?: readonly string[]
    }
  | {
      readonly kind: 'limit'
      readonly code: Extract<Code, 'quota_exceeded'>
      readonly reason: string
      readonly identity: Identity
      /** Requests in a window. */
      readonly requests: number
      /** Until the window ends. */
      readonly retryAfterSec: number
    }
  | {
      readonly kind: 'reject'
      readonly code: Extract<Code, 'bad_forwarded_request' | 'conflicting_credentials'>
      readonly reason: string
    }
  | {
      readonly kind: 'unavailable'
      readonly code: Extract<Code, 'idp_unavailable' | 'store_unavailable' | 'internal_error'>
      readonly reason: string
      readonly retryAfterSec: number
    }
