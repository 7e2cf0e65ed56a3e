import type { Attributes } from '../model/access-policy.ts'
import { isVouchedName } from '../model/allow.ts'
import type { Condition } from '../model/condition.ts'
import { type Identity, qualified } from '../model/identity.ts'

/** Whom conditions are about, and what the path says. */
export interface Subject {
  readonly identity: Identity
  readonly attributes: Attributes
  /** What the path has in place of the rule's `{parameters}`. */
  readonly parameters: Readonly<Record<string, string>>
  /** Name of the provider whose names stand alone. */
  readonly firstProvider: string
}

/**
 * Whether a condition holds; undefined where nobody can know: of an anonymous caller nothing is known,
 * and where the path names no `{owner}` nobody is known to be one or not. What that means is for those
 * who ask: what restricts counts it as true, what permits as false.
 */
export function holds(condition: Condition, subject: Subject): boolean | undefined {
  if (subject.identity.kind === 'anonymous') return
  const plain =
    condition.kind === 'owner'
      ? isOwner(subject)
      : valuesOf(subject.attributes, condition.attribute)?.includes(condition.value)
  return plain === undefined ? undefined : plain !== condition.negated
}

/** Whether all conditions hold; false where one is known not to, undefined where that is not known. */
export function allHold(conditions: readonly Condition[], subject: Subject): boolean | undefined {
  return all(conditions, (condition) => holds(condition, subject))
}

/** Whether no condition holds; false where one is known to, undefined where that is not known. */
export function noneHolds(conditions: readonly Condition[], subject: Subject): boolean | undefined {
  return all(conditions, (condition) => {
    const answer = holds(condition, subject)
    return answer === undefined ? undefined : !answer
  })
}

function all(
  conditions: readonly Condition[],
  answerTo: (condition: Condition) => boolean | undefined,
): boolean | undefined {
  let answer: true | undefined = true
  for (const condition of conditions) {
    const one = answerTo(condition)
    if (one === false) return false
    if (one === undefined) answer = undefined
  }
  return answer
}

/** An attribute that somebody lacks has no value: they are known not to have the one asked for. */
function valuesOf(attributes: Attributes, name: string): readonly string[] | undefined {
  return Object.hasOwn(attributes, name) ? attributes[name] : []
}

function isOwner({ identity, parameters, firstProvider }: Subject): boolean | undefined {
  const owner = Object.hasOwn(parameters, 'owner') ? parameters.owner : undefined
  if (owner === undefined || owner === '') return
  return ownNames(identity).some((name) => qualified(identity, name, firstProvider) === owner)
}

/** The names by which apps know somebody. */
function ownNames(identity: Identity): readonly string[] {
  if (identity.kind === 'service') return [identity.clientId]
  return isVouchedName(identity) ? [identity.subject, identity.username] : [identity.subject]
}
