import { after, type NowOrLater } from '../lib/now-or-later.ts'
import type { Decision } from '../model/decision.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Drawn } from '../model/quota.ts'
import type { Rule, RuleMatch, RuleMatches } from '../model/rule.ts'
import { StoreUnavailable } from '../model/session-store.ts'
import { drawsOf } from '../quotas/draws.ts'
import type { Gate } from './gate.ts'

type Allowed = Extract<Decision, { kind: 'allow' }>

/**
 * Counts a request that may pass against its quotas. Where one is used up it does not pass, and where
 * nobody can count neither: a limit that an outage lifts is none (threat S-13).
 */
export function countRequest(
  request: OriginalRequest,
  allowed: Allowed,
  matches: RuleMatches,
  { quotas, quota, clock }: Pick<Gate, 'quotas' | 'quota' | 'clock'>,
): NowOrLater<Decision> {
  const rules = countedRules(matches, request)
  if (!quotas || rules.length === 0) return allowed
  const { identity } = allowed
  const { clientAddress } = request
  const draws = drawsOf({ identity, clientAddress, rules, overall: quota })
  if (draws.length === 0) return allowed
  const decided = after(quotas.draw(draws), (drawn) => answerTo(drawn, allowed, clock.now()))
  return decided instanceof Promise ? decided.catch(whereNobodyCounts) : decided
}

/** The rules by which a request counts: public paths and preflights are open to all, however often. */
export function countedRules(
  matches: readonly RuleMatch[],
  { preflightMethod }: Pick<OriginalRequest, 'preflightMethod'>,
): Rule[] {
  return matches
    .map(({ rule }) => rule)
    .filter(
      ({ access, preflight }) =>
        access !== 'public' && !(preflight && preflightMethod !== undefined),
    )
}

function answerTo(drawn: Drawn, allowed: Allowed, now: number): Decision {
  if (drawn.kind === 'granted') return allowed
  const { draw, endsAt } = drawn
  return {
    kind: 'limit',
    code: 'quota_exceeded',
    reason: `the ${draw.limit.requests} requests of the ${draw.name} are used up`,
    identity: allowed.identity,
    requests: draw.limit.requests,
    retryAfterSec: Math.max(1, Math.ceil((endsAt - now) / 1_000)),
  }
}

function whereNobodyCounts(error: unknown): Decision {
  if (!(error instanceof StoreUnavailable)) throw error
  return {
    kind: 'unavailable',
    code: 'store_unavailable',
    reason: error.message,
    retryAfterSec: 5,
  }
}
