import type { AllowList } from './allow.ts'
import type { Condition } from './condition.ts'
import type { ProofKind } from './credential.ts'
import type { Limits } from './quota.ts'

/** Whom a rule is open to. */
export const accesses = ['public', 'optional', 'user', 'service', 'any', 'deny'] as const

export type Access = (typeof accesses)[number]

/** What an identity must have; different keys must all hold. */
export interface Requirements {
  /** Any one of them; empty asks for none. */
  readonly roles: readonly string[]
  /** Any one of them; empty asks for none. */
  readonly groups: readonly string[]
  /** All of them. */
  readonly scopes: readonly string[]
  /** All of them. */
  readonly when: readonly Condition[]
}

/** What a request must bring to pass. */
export interface Rule {
  readonly name: string
  readonly access: Access
  /** Whether CORS preflights pass, as nobody (Fetch standard, section 3.2.2). */
  readonly preflight: boolean
  /** The credentials that count; the others are as if they were not sent. Absent: all count. */
  readonly credentials?: readonly ProofKind[]
  /** Name of the query parameter that may hold an access token; absent: none may. */
  readonly queryToken?: string
  /** Who is let in of those that `access` admits; absent: all of them. */
  readonly allow?: AllowList
  readonly require: Requirements
  /** Name of what is asked for, with the `{parameters}` of its path, judged by the access policy. */
  readonly resource?: string
  readonly quota: Limits
  /** Why it denies, where the gateway made it itself. */
  readonly reason?: string
}

/** A rule that holds for one reading of a request. */
export interface RuleMatch {
  readonly rule: Rule
  /** What the path has in place of the rule's `{parameters}`. */
  readonly parameters: Readonly<Record<string, string>>
}

/** What holds for a request: one rule for each way to read its path, mostly one for all. */
export type RuleMatches = readonly [RuleMatch, ...RuleMatch[]]
