import type { OriginalRequest } from '../model/original-request.ts'
import type { Rule, RuleMatch } from '../model/rule.ts'
import type { MessageMatcher } from './match-messages.ts'
import type { PathPattern } from './path-pattern.ts'
import type { FirstOf } from './path-trie.ts'

/** What rules are matched with. */
export type RuleRequest = Pick<OriginalRequest, 'host' | 'method' | 'path' | 'clientAddress'> & {
  /** `Access-Control-Request-Method` of a real preflight (Fetch standard, section 3.2.2). */
  readonly preflightMethod?: string | undefined
  /** Its MCP message, where headers tell of it. */
  readonly mcp?: OriginalRequest['mcp']
}

/** A rule, ready to be matched. */
export interface CompiledRule {
  readonly rule: Rule
  /** Absent: any. */
  readonly methods: ReadonlySet<string> | undefined
  readonly inNetworks: ((address: string) => boolean) | undefined
  /** The MCP messages it is about, where it is about them. */
  readonly messages?: MessageMatcher | undefined
  readonly match: RuleMatch
  /** What holds for a preflight of a path that is not canonical: the same, but it does not pass. */
  readonly closedMatch: RuleMatch
}

/** One of the paths of a rule, exact or folded. */
export interface Candidate {
  readonly compiled: CompiledRule
  readonly pattern: PathPattern
}

/** The paths of some rules for one host. */
export interface PathTries {
  readonly exact: FirstOf<Candidate>
  /** The same one where folding changes no pattern. */
  readonly folded: FirstOf<Candidate>
}

/** The rules for one host. */
export interface RuleTrie extends PathTries {
  /** Those about MCP messages alone, where there are any. */
  readonly ofMessages: PathTries | undefined
}
