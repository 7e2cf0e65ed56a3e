import type { Code } from './codes.ts'
import type { Identity } from './identity.ts'

/** Header names and values in turn, as Node's `writeHead` takes them. */
export type HeaderBlock = readonly string[]

/**
 * What the gateway says to one request. `reason` is for the log and may name settings; a client sees
 * only the code and its fixed text.
 */
export type Decision =
  | { readonly kind: 'allow'; readonly identity: Identity; readonly headers: HeaderBlock }
  | {
      readonly kind: 'challenge'
      readonly code: Extract<Code, 'unauthenticated' | 'session_expired' | 'invalid_token'>
      readonly reason: string
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
