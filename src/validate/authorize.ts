import type { Missing } from '../model/admission.ts'
import { type AllowList, admits } from '../model/allow.ts'
import type { Identity } from '../model/identity.ts'
import type { Rule } from '../model/rule.ts'

/** What an identity lacks for a rule, or undefined where it may pass. */
export function authorize(identity: Identity, rule: Rule): Missing | undefined {
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

/**
 * What an identity lacks for the list of a route such as `/validate/allow/group:ops`, which narrows what
 * the settings allow; a list that cannot be read lets nobody in.
 */
export function beyond(
  only: AllowList | 'unreadable' | undefined,
  identity: Identity,
  firstProvider: string,
): Missing | undefined {
  if (only === undefined) return
  if (only === 'unreadable')
    return {
      code: 'forbidden',
      reason:
        'the list after /allow/ in the address of the middleware cannot be read; write it like /allow/group:ops,user:bob, percent-encoded',
    }
  if (admits(only, identity, firstProvider)) return
  return {
    code: 'forbidden',
    reason: 'the account is not on the list after /allow/ in the address of the middleware',
  }
}
