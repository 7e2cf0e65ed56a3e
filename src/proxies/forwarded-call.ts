import type { AllowList } from '../model/allow.ts'
import type { Code } from '../model/codes.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { CallHeaders } from './call-headers.ts'

/** One call of a proxy to a validate route, before anything of it is believed. */
export interface ForwardedCall {
  readonly headers: CallHeaders
  readonly method: string
  /** Path and query of the call itself. */
  readonly url: string
  /** The list after `/allow/` in the route that was asked. */
  readonly only?: AllowList | 'unreadable'
  /** Address of the peer, in IPv4 form where it is an IPv4-mapped one; empty where unknown. */
  readonly peer: string
}

export type Reading =
  | { readonly kind: 'read'; readonly request: OriginalRequest }
  | {
      readonly kind: 'refused'
      readonly code: Extract<Code, 'bad_forwarded_request'>
      readonly reason: string
    }

/** How a proxy asks. */
export interface ProxyAdapter {
  /** Path of its validate route. */
  readonly route: string
  read(call: ForwardedCall): Reading
}
