import { type Condition, readCondition } from '../model/condition.ts'
import type { ConfigFile } from './file-schema.ts'
import { type Findings, quoted } from './problem.ts'

/** The attributes that conditions may ask about: those of every identity, and what claims are mapped to. */
export function attributeNames(file: ConfigFile | undefined): ReadonlySet<string> {
  return new Set(['roles', 'groups', ...Object.values(file?.claims_mapping ?? {})])
}

/** What conditions are checked against. */
export interface ConditionContext {
  /** Those that somebody may have. */
  readonly attributes: ReadonlySet<string>
  /** Which answer of a condition lets more requests pass. */
  readonly permissive: boolean
}

/**
 * Checks conditions, one text or a list of them; those with a problem are left out. An attribute that
 * nobody can have is one where requests would pass by it: a `forbid` that asks about it never forbids.
 */
export function conditionsSetting(
  at: string,
  written: string | readonly string[] | undefined,
  { attributes, permissive }: ConditionContext,
  findings: Findings,
): readonly Condition[] {
  const texts = typeof written === 'string' ? [written] : (written ?? [])
  return texts.flatMap((text, i) => {
    const condition = readCondition(text)
    const place = typeof written === 'string' ? at : `${at}[${i}]`
    if (condition?.kind === 'attribute' && !attributes.has(condition.attribute)) {
      const message = `asks about ${quoted(condition.attribute)}, and nobody has it; known: ${[...attributes].join(', ')}; claims_mapping makes attributes of claims`
      // Nobody has a value of it, so that the answer is always the same.
      if (condition.negated === permissive) findings.refuse(place, message)
      else findings.warn(place, message)
    }
    if (condition) return [condition]
    findings.refuse(
      place,
      `${quoted(text)} is no condition; write user in ATTRIBUTE VALUE, user not in ATTRIBUTE VALUE, user with VALUE in ATTRIBUTE, user with VALUE not in ATTRIBUTE, user is owner or user is not owner`,
    )
    return []
  })
}
