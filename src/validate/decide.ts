import { after, type NowOrLater } from '../lib/now-or-later.ts'
import { readMessage } from '../mcp/mcp-headers.ts'
import type { App } from '../model/app.ts'
import type { Decision } from '../model/decision.ts'
import { anonymous } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Rule, RuleMatch, RuleMatches } from '../model/rule.ts'
import type { ForwardedCall, ProxyAdapter } from '../proxies/forwarded-call.ts'
import { authenticate, type Proof, type Prover } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { countRequest } from './count-request.ts'
import { findCredential } from './find-credential.ts'
import type { Gate } from './gate.ts'
import { type McpCall, type McpPlaces, mcpCall, meantFor } from './mcp-places.ts'
import { withoutParameters } from './query-token.ts'
import { originProblem } from './same-origin.ts'
import { unmetDemand } from './sign-in-demand.ts'

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
 * the only ways to `allow` are the two below.
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

/** What was asked, and of whom. */
interface Asked {
  readonly request: OriginalRequest
  readonly app: App
  /** The list that the proxy's call names. */
  readonly only: ForwardedCall['only']
  /** The MCP resources that its path lies in. */
  readonly places: McpPlaces | undefined
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
  if (isPreflight || isOpen || !gate.authEnabled) return allow(nobody, asked, gate)
  if (gate.everyone) return judgeIdentity(asked, match, provenBy(gate.everyone), gate)

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

const nobody: Prover = Object.freeze({ identity: anonymous })

function provenBy(by: Prover): Extract<Proof, { kind: 'proven' }> {
  return { kind: 'proven', identity: by.identity, by }
}

function judge(asked: Asked, match: RuleMatch, proof: Proof, gate: Gate): Decision {
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
        return judgeIdentity(asked, match, provenBy(nobody), gate)
      const { code, reason } = proof
      return { kind: 'challenge', code, reason, ...(!signInHelps(rule) && { withoutSignIn: true }) }
    }
    case 'proven':
      return judgeIdentity(asked, match, proof, gate)
  }
}

function signInHelps({ access, credentials }: Rule): boolean {
  return access !== 'service' && (credentials === undefined || credentials.includes('session'))
}

function judgeIdentity(
  asked: Asked,
  match: RuleMatch,
  { identity, by, missingScopes }: Extract<Proof, { kind: 'proven' }>,
  gate: Gate,
): Decision {
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

function allow(by: Prover, { app, request }: Asked, gate: Gate): Decision {
  const { headers } = gate.admissions.admit(by, app, request.host)
  return { kind: 'allow', identity: by.identity, headers }
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
