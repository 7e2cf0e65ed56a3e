import type { Code } from '../model/codes.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { JoinedHeaders } from './header-fields.ts'

/** One call of a proxy to a validate route, before anything of it is believed. */
export interface ForwardedCall {
  /** Names and values in turn, as received: only this form shows doubled headers. */
  readonly rawHeaders: readonly string[]
  /** The same as Node has read them: names in lower case, values of one name joined. */
  readonly headers: JoinedHeaders
  readonly method: string
  /** Path and query of the call itself. */
  readonly url: string
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
