import { after, type NowOrLater } from '../lib/now-or-later.ts'
import { readMessage } from '../mcp/mcp-headers.ts'
import type { Decision } from '../model/decision.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Rule, RuleMatch, RuleMatches } from '../model/rule.ts'
import type { ForwardedCall, ProxyAdapter } from '../proxies/forwarded-call.ts'
import { authenticate } from './authenticate.ts'
import { countRequest } from './count-request.ts'
import { findCredential } from './find-credential.ts'
import type { Gate } from './gate.ts'
import { type Asked, judge, judgeNobody, judgeProven } from './judge.ts'
import { type McpCall, mcpCall, meantFor } from './mcp-places.ts'
import { withoutParameters } from './query-token.ts'
import { originProblem } from './same-origin.ts'

/** A decision with what it was about, as far as that could be read. */
export interface Outcome {
  readonly decision: Decision
  readonly request?: OriginalRequest
  readonly rule?: Rule
  /** Of a refusal: the MCP resource that was asked. */
  readonly mcp?: McpCall
}

/**
 * May this request pass, and who is asking? Every check that fails, and every doubt, ends in a refusal;
 * the only ways to `allow` are the two of `judge.ts`.
 */
export function decide(call: ForwardedCall, proxy: ProxyAdapter, gate: Gate): NowOrLater<Outcome> {
  return after(gate.peers.trusts(call.peer), (trusted) =>
    trusted ? decideTrusted(call, proxy, gate) : { decision: untrustedProxy(call.peer, gate) },
  )
}

function decideTrusted(call: ForwardedCall, proxy: ProxyAdapter, gate: Gate): NowOrLater<Outcome> {
  const reading = proxy.read(call)
  if (reading.kind === 'refused') {
    return { decision: { kind: 'reject', code: reading.code, reason: reading.reason } }
  }
  // What MCP messages are is read where anything asks for it.
  const request = gate.mcpAt ? withMessage(reading.request) : reading.request
  const app = gate.appOf(request.host)
  if (!app)
    return {
      decision: { kind: 'deny', code: 'unknown_host', reason: gate.unknownHost(request.host) },
      request,
    }
  if (gate.isOwnRoute(request.host, request.path)) return { decision: ownRoute, request }
  const places = gate.mcpAt?.(request.host, request.path)
  const matches = gate.rulesFor(request, app)
  const asked: Asked = { request, app, only: call.only, places }
  const outcome = withoutTokens(decideAsked(asked, matches, gate), matches)
  if (!gate.mcpAt) return outcome
  return after(outcome, (known) => {
    const isTold = known.decision.kind !== 'allow'
    return isTold && (places || gate.rulesFor.namesMessages(request, app))
      ? { ...known, mcp: mcpCall(places, matches) }
      : known
  })
}

function withMessage(request: OriginalRequest): OriginalRequest {
  return { ...request, mcp: readMessage(request.headers.mcp) }
}

/** No answer but a pass knows the tokens of the query: none sends them to a sign-in page, or back. */
function withoutTokens(outcome: NowOrLater<Outcome>, matches: RuleMatches): NowOrLater<Outcome> {
  if (matches.every(({ rule }) => rule.queryToken === undefined)) return outcome
  const names = matches.flatMap(({ rule }) => rule.queryToken ?? [])
  return after(outcome, ({ request, ...known }) =>
    known.decision.kind === 'allow' || !request
      ? { ...known, ...(request && { request }) }
      : { ...known, request: { ...request, query: withoutParameters(request.query, names) } },
  )
}

function decideAsked(asked: Asked, matches: RuleMatches, gate: Gate): NowOrLater<Outcome> {
  const { request } = asked
  // Whichever reading it is of: signing in would not help.
  const denying = matches.find(({ rule }) => rule.access === 'deny')?.rule
  if (denying) return { decision: denied(denying), request, rule: denying }
  const decided = decideByRules(asked, matches, gate)
  if (!gate.quotas) return decided
  return after(decided, (outcome) =>
    outcome.decision.kind === 'allow'
      ? after(countRequest(request, outcome.decision, matches, gate), (decision) => ({
          ...outcome,
          decision,
        }))
      : outcome,
  )
}

/** A path that servers read in several ways passes only if it passes by the rule of each. */
function decideByRules(
  asked: Asked,
  [first, ...others]: RuleMatches,
  gate: Gate,
): NowOrLater<Outcome> {
  const decided = after(decideByRule(asked, first, gate), (decision) => ({
    decision,
    request: asked.request,
    rule: first.rule,
  }))
  const [second, ...more] = others
  if (!second) return decided
  return after(decided, (outcome) =>
    outcome.decision.kind === 'allow'
      ? after(decideByRules(asked, [second, ...more], gate), (other) =>
          other.decision.kind === 'allow' ? outcome : other,
        )
      : outcome,
  )
}

function decideByRule(asked: Asked, match: RuleMatch, gate: Gate): NowOrLater<Decision> {
  const { request, only } = asked
  const { rule } = match
  const isPreflight = rule.preflight && request.preflightMethod !== undefined
  const isOpen = rule.access === 'public' && only === undefined
  if (isPreflight || isOpen || !gate.authEnabled) return judgeNobody(asked, gate)
  if (gate.everyone) return judgeProven(asked, match, gate.everyone, gate)

  const site = gate.siteOf(request.host)
  const credential = findCredential(request, {
    cookieName: site.cookieName,
    verifies: (value) => gate.sessions.verifies(site, value),
    takesKeys: gate.keys !== undefined,
    counted: rule.credentials,
    // The MCP specification forbids tokens in addresses.
    queryToken: asked.places ? undefined : rule.queryToken,
  })
  return after(authenticate(credential, site, gate), (proof) => {
    const foreign = credential.kind === 'session' && originProblem(request, gate)
    if (proof.kind === 'proven' && foreign)
      return { kind: 'deny', code: 'csrf', reason: foreign, identity: proof.identity }
    return judge(asked, match, gate.mcpAt ? meantFor(proof, asked.places) : proof, gate)
  })
}

const untrustedProxy = (peer: string, gate: Gate): Decision => ({
  kind: 'deny',
  code: 'untrusted_proxy',
  reason: `${peer || 'an unknown peer'} is not in TRUSTED_PROXIES; if it is your proxy, set TRUSTED_PROXIES=${[...gate.trustedProxies, peer].join(',')}`,
})

const denied = ({ name, reason }: Rule): Decision => ({
  kind: 'deny',
  code: 'forbidden',
  reason: reason ?? `the rule ${name} denies`,
})

const ownRoute: Decision = {
  kind: 'deny',
  code: 'own_route',
  reason:
    "the path is the gateway's own: route it to the gateway directly, without the forward-auth middleware",
}
