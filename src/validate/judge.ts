import type { App } from '../model/app.ts'
import type { Decision } from '../model/decision.ts'
import { anonymous } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Rule, RuleMatch } from '../model/rule.ts'
import type { ForwardedCall } from '../proxies/forwarded-call.ts'
import type { Proof, Prover } from './authenticate.ts'
import { authorize } from './authorize.ts'
import type { Gate } from './gate.ts'
import type { McpPlaces } from './mcp-places.ts'
import { unmetDemand } from './sign-in-demand.ts'

/** What was asked, and of whom. */
export interface Asked {
  readonly request: OriginalRequest
  readonly app: App
  /** The list that the proxy's call names. */
  readonly only: ForwardedCall['only']
  /** The MCP resources that its path lies in. */
  readonly places: McpPlaces | undefined
}

const nobody: Prover = Object.freeze({ identity: anonymous })

/** What a proof is worth for a rule. */
export function judge(asked: Asked, match: RuleMatch, proof: Proof, gate: Gate): Decision {
  switch (proof.kind) {
    case 'conflict':
      return { kind: 'reject', code: 'conflicting_credentials', reason: proof.reason }
    case 'unavailable':
      return {
        kind: 'unavailable',
        code: proof.code,
        reason: proof.reason,
        retryAfterSec: proof.retryAfterSec ?? 5,
      }
    case 'unproven': {
      const { rule } = match
      // Somebody who is not there fits no list; a credential that is there and bad is no anonymity.
      const mayBeNobody = rule.access === 'optional' && asked.only === undefined
      if (mayBeNobody && proof.code === 'unauthenticated')
        return judgeProven(asked, match, nobody, gate)
      const { code, reason } = proof
      return { kind: 'challenge', code, reason, ...(!signInHelps(rule) && { withoutSignIn: true }) }
    }
    case 'proven':
      return judgeProven(asked, match, proof.by, gate, proof.missingScopes)
  }
}

function signInHelps({ access, credentials }: Rule): boolean {
  return access !== 'service' && (credentials === undefined || credentials.includes('session'))
}

/**
 * What an identity that is proven is worth for a rule.
 *
 * @param missingScopes - those that every token of its issuer must have, and its token has not
 */
export function judgeProven(
  asked: Asked,
  match: RuleMatch,
  by: Prover,
  gate: Gate,
  missingScopes?: readonly string[],
): Decision {
  const { identity } = by
  const { request, app, only, places } = asked
  const unmet = unmetDemand(by, app, gate.clock.now())
  if (unmet !== undefined) {
    const code = 'insufficient_user_authentication'
    return { kind: 'challenge', code, reason: unmet, demand: app.signIn }
  }
  const admission = gate.admissions.admit(by, app, request.host)
  // The allow lists of the settings are about those who are somebody.
  const unlisted = identity.kind === 'anonymous' ? undefined : admission.missing
  const { method } = request
  const resourceScopes = places?.resources.flatMap(({ scopes }) => scopes)
  const claim = { identity, match, method, unlisted, only, missingScopes, resourceScopes }
  const missing = authorize(claim, gate)
  if (missing) return { kind: 'deny', ...missing, identity }
  return { kind: 'allow', identity, headers: admission.headers }
}

/** Where nobody needs to be anybody: a pass, with the whole set of headers, empty. */
export function judgeNobody({ app, request }: Asked, gate: Gate): Decision {
  const { headers } = gate.admissions.admit(nobody, app, request.host)
  return { kind: 'allow', identity: nobody.identity, headers }
}
