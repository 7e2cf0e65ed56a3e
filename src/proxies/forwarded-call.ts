import type { AllowList } from '../model/allow.ts'
import type { Code } from '../model/codes.ts'
import type { HeaderBlock } from '../model/decision.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { CallHeaders } from './call-headers.ts'

/** One call of a proxy to a validate route, before anything of it is believed. */
export interface ForwardedCall {
  readonly headers: CallHeaders
  readonly method: string
  /** Path and query of the call itself. */
  readonly url: string
  /** Path and query after the route, where the original ones are there. */
  readonly below?: string
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

/** The head of a refusal. */
export interface RefusedAnswer {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** Where a person can sign in, where that helps. */
  readonly loginUrl: string | undefined
}

/** How a proxy asks. */
export interface ProxyAdapter {
  /** Path of its validate route. */
  readonly route: string
  /** Whether the original path comes after the route. */
  readonly pathBelow?: true
  read(call: ForwardedCall): Reading
  /** The status of a pass, where it is not 200. */
  readonly grantedStatus?: 202
  /** What it is told of a pass besides the identity headers, names and values in turn. */
  granted?(block: HeaderBlock): readonly string[]
  /** A refusal in the statuses that it understands, where these are not all. */
  refused?(refusal: RefusedAnswer): RefusedAnswer
}
