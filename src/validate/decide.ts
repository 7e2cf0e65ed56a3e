import { after, type NowOrLater } from '../lib/now-or-later.ts'
import type { Credential } from '../model/credential.ts'
import type { Decision, HeaderBlock } from '../model/decision.ts'
import { anonymous, type Identity } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Rule } from '../model/rule.ts'
import type { Site } from '../model/site.ts'
import type { ForwardedCall, ProxyAdapter } from '../proxies/forwarded-call.ts'
import type { TrustedPeers } from '../proxies/trusted-peers.ts'
import { authenticate, type Proof } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { findCredential } from './find-credential.ts'
import type { LiveSessions } from './live-sessions.ts'
import { originProblem } from './same-origin.ts'

/** What the decision is made with; built once from the settings. */
export interface Gate {
  readonly peers: TrustedPeers
  readonly answersFor: (host: string) => boolean
  /** `APP_HOSTS` and `TRUSTED_PROXIES` as they are now, to say what would admit one more. */
  readonly appHosts: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly isOwnRoute: (host: string, path: string) => boolean
  /** The site whose cookie and sign-in page belong to a host. */
  readonly siteOf: (host: string) => Site
  readonly ruleFor: (request: OriginalRequest) => Rule
  readonly sessions: LiveSessions
  /** Whether an `Origin` is one of an app or of the gateway itself. */
  readonly isOwnOrigin: (origin: string) => boolean
  readonly csrfCheck: boolean
  readonly headersOf: (identity: Identity) => HeaderBlock
}

/** A decision with what it was about, as far as that could be read. */
export interface Outcome {
  readonly decision: Decision
  readonly request?: OriginalRequest
  readonly rule?: Rule
}

/**
 * May this request pass, and who is asking? Every check that fails, and every doubt, ends in a refusal;
 * the only ways to `allow` are the two calls of it below.
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
  const { request } = reading
  if (!gate.answersFor(request.host)) return { decision: unknownHost(request.host, gate), request }
  if (gate.isOwnRoute(request.host, request.path)) return { decision: ownRoute, request }

  const rule = gate.ruleFor(request)
  if (rule.access === 'public') {
    return { decision: allow(anonymous, gate.headersOf(anonymous)), request, rule }
  }

  const site = gate.siteOf(request.host)
  const credential = findCredential(request, site.cookieName, (value) =>
    gate.sessions.verifies(site, value),
  )
  return after(authenticate(credential, site, gate.sessions), (proof) => ({
    decision: judge(request, rule, credential, proof, gate),
    request,
    rule,
  }))
}

function judge(
  request: OriginalRequest,
  rule: Rule,
  credential: Credential,
  proof: Proof,
  gate: Gate,
): Decision {
  switch (proof.kind) {
    case 'conflict':
      return { kind: 'reject', code: 'conflicting_credentials', reason: proof.reason }
    case 'unavailable':
      return { kind: 'unavailable', code: proof.code, reason: proof.reason, retryAfterSec: 5 }
    case 'unproven':
      return { kind: 'challenge', code: proof.code, reason: proof.reason }
    case 'proven': {
      const foreign = credential.kind === 'session' && originProblem(request, gate)
      if (foreign) return { kind: 'deny', code: 'csrf', reason: foreign, identity: proof.identity }
      const missing = authorize(proof.identity, rule)
      if (missing) return { kind: 'deny', ...missing, identity: proof.identity }
      return allow(proof.identity, proof.headers)
    }
  }
}

const allow = (identity: Identity, headers: HeaderBlock): Decision => ({
  kind: 'allow',
  identity,
  headers,
})

const untrustedProxy = (peer: string, gate: Gate): Decision => ({
  kind: 'deny',
  code: 'untrusted_proxy',
  reason: `${peer || 'an unknown peer'} is not in TRUSTED_PROXIES; if it is your proxy, set TRUSTED_PROXIES=${[...gate.trustedProxies, peer].join(',')}`,
})

const unknownHost = (host: string, gate: Gate): Decision => ({
  kind: 'deny',
  code: 'unknown_host',
  reason: `${host} is not in APP_HOSTS; if it is your app, set APP_HOSTS=${[...gate.appHosts, host].join(',')}`,
})

const ownRoute: Decision = {
  kind: 'deny',
  code: 'own_route',
  reason:
    "the path is the gateway's own: route it to the gateway directly, without the forward-auth middleware",
}
