import type { Clock } from '../lib/clock.ts'
import { after, type NowOrLater } from '../lib/now-or-later.ts'
import type { App } from '../model/app.ts'
import type { Credential } from '../model/credential.ts'
import type { Decision } from '../model/decision.ts'
import { anonymous } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Rule } from '../model/rule.ts'
import type { Site } from '../model/site.ts'
import type { ForwardedCall, ProxyAdapter } from '../proxies/forwarded-call.ts'
import type { TrustedPeers } from '../proxies/trusted-peers.ts'
import type { Admissions } from './admissions.ts'
import { authenticate, type Proof } from './authenticate.ts'
import { authorize, beyond } from './authorize.ts'
import { findCredential } from './find-credential.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { RequestSignatures } from './request-signatures.ts'
import { originProblem } from './same-origin.ts'
import { unmetDemand } from './sign-in-demand.ts'

/** What the decision is made with; built once from the settings, and again when they change. */
export interface Gate {
  readonly peers: TrustedPeers
  /** The app of a host, where it is one the gateway answers for. */
  readonly appOf: (host: string) => App | undefined
  /** Why a host is unknown, and the setting that would admit it. */
  readonly unknownHost: (host: string) => string
  readonly trustedProxies: readonly string[]
  readonly isOwnRoute: (host: string, path: string) => boolean
  /** The site whose cookie and sign-in page belong to a host. */
  readonly siteOf: (host: string) => Site
  readonly ruleFor: (request: OriginalRequest) => Rule
  readonly sessions: LiveSessions
  /** Whether an `Origin` is one of an app or of the gateway itself. */
  readonly isOwnOrigin: (origin: string) => boolean
  readonly csrfCheck: boolean
  readonly admissions: Admissions
  /** Signs requests for apps, where that is wanted. */
  readonly signatures: RequestSignatures | undefined
  readonly firstProvider: string
  readonly clock: Clock
}

/** A decision with what it was about, as far as that could be read. */
export interface Outcome {
  readonly decision: Decision
  readonly request?: OriginalRequest
  readonly rule?: Rule
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
  const { request } = reading
  const app = gate.appOf(request.host)
  if (!app)
    return {
      decision: { kind: 'deny', code: 'unknown_host', reason: gate.unknownHost(request.host) },
      request,
    }
  if (gate.isOwnRoute(request.host, request.path)) return { decision: ownRoute, request }

  const rule = gate.ruleFor(request)
  if (rule.access === 'public') {
    const { headers } = gate.admissions.admit(anonymous, app, request.host)
    return { decision: { kind: 'allow', identity: anonymous, headers }, request, rule }
  }

  const site = gate.siteOf(request.host)
  const credential = findCredential(request, site.cookieName, (value) =>
    gate.sessions.verifies(site, value),
  )
  return after(authenticate(credential, site, gate.sessions), (proof) => ({
    decision: judge(request, { app, rule, only: call.only }, credential, proof, gate),
    request,
    rule,
  }))
}

/** What an identity is held against. */
interface Measure {
  readonly app: App
  readonly rule: Rule
  /** The list that the proxy's call names. */
  readonly only: ForwardedCall['only']
}

function judge(
  request: OriginalRequest,
  measure: Measure,
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
      return judgeIdentity(request, measure, proof, gate)
    }
  }
}

function judgeIdentity(
  request: OriginalRequest,
  { app, rule, only }: Measure,
  { identity, session }: Extract<Proof, { kind: 'proven' }>,
  gate: Gate,
): Decision {
  const unmet = session && unmetDemand(session, app, gate.clock.now())
  if (unmet !== undefined) {
    const code = 'insufficient_user_authentication'
    return { kind: 'challenge', code, reason: unmet, demand: app.signIn }
  }
  const admission = gate.admissions.admit(identity, app, request.host, session)
  const missing =
    authorize(identity, rule) ?? admission.missing ?? beyond(only, identity, gate.firstProvider)
  if (missing) return { kind: 'deny', ...missing, identity }
  return { kind: 'allow', identity, headers: admission.headers }
}

const untrustedProxy = (peer: string, gate: Gate): Decision => ({
  kind: 'deny',
  code: 'untrusted_proxy',
  reason: `${peer || 'an unknown peer'} is not in TRUSTED_PROXIES; if it is your proxy, set TRUSTED_PROXIES=${[...gate.trustedProxies, peer].join(',')}`,
})

const ownRoute: Decision = {
  kind: 'deny',
  code: 'own_route',
  reason:
    "the path is the gateway's own: route it to the gateway directly, without the forward-auth middleware",
}
