import type { Identity } from '../model/identity.ts'
import type { Rule } from '../model/rule.ts'

/** What an identity lacks for a rule, or undefined where it may pass. */
export function authorize(
  identity: Identity,
  rule: Rule,
): { readonly code: 'forbidden' | 'wrong_identity_kind'; readonly reason: string } | undefined {
  switch (rule.access) {
    case 'public':
    case 'optional':
      return
    case 'any':
      if (identity.kind !== 'anonymous') return
      return {
        code: 'wrong_identity_kind',
        reason: `the rule ${rule.name} admits no anonymous caller`,
      }
    case 'user':
    case 'service':
      if (identity.kind === rule.access) return
      return {
        code: 'wrong_identity_kind',
        reason: `the rule ${rule.name} admits a ${rule.access} only`,
      }
    case 'deny':
      return { code: 'forbidden', reason: `the rule ${rule.name} denies` }
  }
}
