import type { Statement } from '../model/access-policy.ts'
import type { Missing } from '../model/admission.ts'
import { type AllowList, admits, withoutSlash } from '../model/allow.ts'
import type { Condition } from '../model/condition.ts'
import type { Identity } from '../model/identity.ts'
import type { Rule, RuleMatch } from '../model/rule.ts'
import { attributesOf } from '../rules/attributes.ts'
import { allHold, type Subject } from '../rules/conditions.ts'
import { judgeResource, resourceOf } from '../rules/judge-resource.ts'

/** An identity, and what it is held against. */
export interface Claim {
  readonly identity: Identity
  readonly match: RuleMatch
  readonly method: string
  /** What the allow lists of the settings lack of it. */
  readonly unlisted: Missing | undefined
  /** The list that the proxy's call names. */
  readonly only: AllowList | 'unreadable' | undefined
  /** Scopes that every token of its issuer must have, and its token has not. */
  readonly missingScopes: readonly string[] | undefined
  /** Scopes that the MCP resources of the path need, where it lies in any. */
  readonly resourceScopes?: readonly string[] | undefined
}

/** What holds for every identity. */
export interface Policies {
  readonly firstProvider: string
  readonly accessPolicy: readonly Statement[]
  readonly claimsMapping: Readonly<Record<string, string>>
}

/** One thing that an identity must be or have. */
export interface Check {
  readonly name: string
  /** What it lacks; undefined where it passes. */
  readonly missing: (claim: Claim, policies: Policies) => Missing | undefined
}

/** Every check of an identity, in order: the first that fails refuses the request. */
export const checks: readonly Check[] = [
  { name: 'access', missing: ({ identity, match }) => wrongKind(identity, match.rule) },
  { name: 'ALLOW and the list of the app', missing: ({ unlisted }) => unlisted },
  { name: 'allow', missing: notAllowed },
  { name: "list in the middleware's address", missing: beyond },
  { name: 'required scope', missing: lacking },
  { name: 'scopes of the MCP resource', missing: withoutResourceScopes },
  { name: 'require.scopes', missing: withoutScopes },
  { name: 'require.roles', missing: ({ identity, match }) => lacksAny(match, 'roles', identity) },
  { name: 'require.groups', missing: ({ identity, match }) => lacksAny(match, 'groups', identity) },
  { name: 'require.when', missing: notWhen },
  { name: 'access_policy', missing: refusedResource },
]

/** What an identity lacks, or undefined where it may pass. */
export function authorize(claim: Claim, policies: Policies): Missing | undefined {
  for (const { missing } of checks) {
    const found = missing(claim, policies)
    if (found) return found
  }
  return
}

const forbidden = (reason: string): Missing => ({ code: 'forbidden', reason })

function wrongKind(identity: Identity, { access, name }: Rule): Missing | undefined {
  switch (access) {
    case 'public':
    case 'optional':
      return
    case 'any':
      if (identity.kind !== 'anonymous') return
      return { code: 'wrong_identity_kind', reason: `the rule ${name} admits no anonymous caller` }
    case 'user':
    case 'service':
      if (identity.kind === access) return
      return { code: 'wrong_identity_kind', reason: `the rule ${name} admits a ${access} only` }
    case 'deny':
      return forbidden(`the rule ${name} denies`)
  }
}

function notAllowed({ identity, match }: Claim, { firstProvider }: Policies): Missing | undefined {
  const { allow, name } = match.rule
  if (allow === undefined || admits(allow, identity, firstProvider)) return
  return forbidden(`the account is not on the allow list of the rule ${name}`)
}

/** A list that cannot be read lets nobody in: it was there to narrow what the settings allow. */
function beyond({ identity, only }: Claim, { firstProvider }: Policies): Missing | undefined {
  if (only === undefined) return
  if (only === 'unreadable')
    return forbidden(
      'the list after /allow/ in the address of the middleware cannot be read; write it like /allow/group:ops,user:bob, percent-encoded, and for Envoy before the rest: /validate/allow/group:ops/envoy',
    )
  if (admits(only, identity, firstProvider)) return
  return forbidden('the account is not on the list after /allow/ in the address of the middleware')
}

function lacking(claim: Claim): Missing | undefined {
  const { missingScopes = [] } = claim
  if (missingScopes.length === 0) return
  return lackingScope(claim, `the token lacks the required scope ${missingScopes.join(' ')}`)
}

function withoutResourceScopes(claim: Claim): Missing | undefined {
  const { identity, match, resourceScopes = [] } = claim
  const { access } = match.rule
  // Who need not be anybody needs no scope either.
  const isOpen = access === 'public' || access === 'optional'
  if (isOpen && identity.kind === 'anonymous') return
  const missing = resourceScopes.filter((scope) => !identity.scopes.includes(scope))
  if (missing.length === 0) return
  return lackingScope(claim, `the MCP resource needs the scope ${missing.join(' ')}`)
}

function withoutScopes(claim: Claim): Missing | undefined {
  const { identity, match } = claim
  const missing = match.rule.require.scopes.filter((scope) => !identity.scopes.includes(scope))
  if (missing.length === 0) return
  return lackingScope(claim, `the rule ${match.rule.name} requires the scope ${missing.join(' ')}`)
}

/** With all that is needed: a client that asks for the missing ones alone would lose the others. */
function lackingScope(
  { match, missingScopes = [], resourceScopes = [] }: Claim,
  reason: string,
): Missing {
  const scopes = [...missingScopes, ...resourceScopes, ...match.rule.require.scopes]
  return { code: 'insufficient_scope', reason, scopes: [...new Set(scopes)] }
}

function lacksAny(
  { rule }: RuleMatch,
  list: 'roles' | 'groups',
  identity: Identity,
): Missing | undefined {
  const wanted = rule.require[list]
  if (wanted.length === 0) return
  const plain = list === 'groups' ? withoutSlash : (name: string) => name
  const has = new Set(identity[list].map(plain))
  if (wanted.some((name) => has.has(plain(name)))) return
  return forbidden(`the rule ${rule.name} requires one of the ${list} ${wanted.join(', ')}`)
}

function notWhen(claim: Claim, policies: Policies): Missing | undefined {
  const { when } = claim.match.rule.require
  if (when.length === 0 || conditionsHold(when, claim, policies)) return
  return forbidden(
    `the conditions of require.when of the rule ${claim.match.rule.name} do not hold`,
  )
}

function conditionsHold(
  conditions: readonly Condition[],
  claim: Claim,
  policies: Policies,
): boolean {
  return allHold(conditions, subjectOf(claim, policies)) === true
}

function refusedResource(claim: Claim, policies: Policies): Missing | undefined {
  if (claim.match.rule.resource === undefined) return
  const judged = judgeResource(policies.accessPolicy, {
    method: claim.method,
    resource: resourceOf(claim.match),
    subject: subjectOf(claim, policies),
  })
  return judged.kind === 'permitted' ? undefined : forbidden(judged.reason)
}

function subjectOf(
  { identity, match }: Claim,
  { claimsMapping, firstProvider }: Policies,
): Subject {
  return {
    identity,
    attributes: attributesOf(identity, claimsMapping),
    parameters: match.parameters,
    firstProvider,
  }
}
