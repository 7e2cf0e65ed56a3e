import type { Action, ResourcePattern, Statement } from '../model/access-policy.ts'
import type { RuleMatch } from '../model/rule.ts'
import { folded } from './case-folding.ts'
import { allHold, noneHolds, type Subject } from './conditions.ts'

export type Judgement =
  | { readonly kind: 'permitted' }
  /** `reason` is for the log. */
  | { readonly kind: 'refused'; readonly reason: string }

/** A request, as the access policy sees it. */
export interface ResourceRequest {
  readonly method: string
  /** What `resourceOf` says. */
  readonly resource: string | undefined
  readonly subject: Subject
}

/**
 * The name of what is asked for: the rule's `resource` with the path's parameters in it. Undefined where
 * the rule names none, or one of its parameters is missing or empty; nobody is permitted anything on that.
 */
export function resourceOf({ rule, parameters }: RuleMatch): string | undefined {
  if (rule.resource === undefined) return
  let complete = true
  // In one go, so that what a client writes is never read as a parameter of ours.
  const name = rule.resource.replaceAll(/\{([^{}]*)\}/g, (_, parameter: string) => {
    const value = Object.hasOwn(parameters, parameter) ? parameters[parameter] : undefined
    if (value === undefined || value === '') complete = false
    return value ?? ''
  })
  return complete ? name : undefined
}

/**
 * Whether the access policy permits what is asked: no statement may forbid it and one must permit it,
 * in whatever order they are written. Doubt denies: what is not known of somebody makes a `forbid` apply
 * and a `permit` not. Likewise names are compared loosely for a `forbid`, without regard to case, and
 * exactly for a `permit`: the app behind may or may not tell them apart.
 */
export function judgeResource(
  policy: readonly Statement[],
  { method, resource, subject }: ResourceRequest,
): Judgement {
  if (resource === undefined)
    return refused('the path lacks a parameter of the resource, so access_policy cannot judge it')
  const action = actionOf(method)
  if (action === undefined) return refused(`access_policy permits no ${method}, whatever it is on`)

  const loose = folded(resource)
  const forbids = ({ effect, actions, resource: pattern, when, unless }: Statement) =>
    effect === 'forbid' &&
    covering(actions, action) !== undefined &&
    (matches(pattern, resource) || matches(loosePattern(pattern), loose)) &&
    allHold(when, subject) !== false &&
    noneHolds(unless, subject) !== false
  const at = policy.findIndex(forbids)
  const forbid = policy[at]
  if (forbid) {
    const what = covering(forbid.actions, action)
    return refused(`access_policy[${at}] forbids ${what} on ${resource}`)
  }

  const permits = ({ effect, actions, resource: pattern, when, unless }: Statement) =>
    effect === 'permit' &&
    covering(actions, action) !== undefined &&
    matches(pattern, resource) &&
    allHold(when, subject) === true &&
    noneHolds(unless, subject) === true
  if (policy.some(permits)) return { kind: 'permitted' }
  return refused(`no statement of access_policy permits ${action} on ${resource}`)
}

const refused = (reason: string): Judgement => ({ kind: 'refused', reason })

function actionOf(method: string): Exclude<Action, 'write'> | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'read'
    case 'POST':
      return 'create'
    case 'PUT':
    case 'PATCH':
      return 'update'
    case 'DELETE':
      return 'delete'
    default:
      return
  }
}

/** The action of a statement that an action is, if there is one: each but `read` is a `write` too. */
function covering(
  actions: readonly Action[],
  action: Exclude<Action, 'write'>,
): Action | undefined {
  if (actions.includes(action)) return action
  return action !== 'read' && actions.includes('write') ? 'write' : undefined
}

function matches({ text, prefix }: ResourcePattern, resource: string): boolean {
  return prefix ? resource.startsWith(text) : resource === text
}

const loosePatterns = new WeakMap<ResourcePattern, ResourcePattern>()

function loosePattern(pattern: ResourcePattern): ResourcePattern {
  const known = loosePatterns.get(pattern)
  if (known) return known
  const loose = { ...pattern, text: folded(pattern.text) }
  loosePatterns.set(pattern, loose)
  return loose
}
