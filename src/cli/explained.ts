import { AccessTokens } from '../bearer/access-tokens.ts'
import { ApiKeys, apiKeyPrefix } from '../bearer/api-keys.ts'
import { trustedIssuers } from '../bearer/trusted-issuer.ts'
import { appMatcher } from '../config/host-matcher.ts'
import type { Settings } from '../config/settings.ts'
import { ownRouteMatcher } from '../http/paths.ts'
import { systemClock } from '../lib/clock.ts'
import { encodeName } from '../mcp/mcp-headers.ts'
import type { Missing } from '../model/admission.ts'
import type { Decision } from '../model/decision.ts'
import type { Identity } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import type { Limits } from '../model/quota.ts'
import type { RuleMatch } from '../model/rule.ts'
import { CallHeaders, HeaderNames } from '../proxies/call-headers.ts'
import { traefikAdapter } from '../proxies/traefik.ts'
import { TrustedPeers } from '../proxies/trusted-peers.ts'
import { authenticate, type Prover } from '../validate/authenticate.ts'
import type { Policies } from '../validate/authorize.ts'
import { decide } from '../validate/decide.ts'
import { findCredential } from '../validate/find-credential.ts'
import { createGate, type Gate } from '../validate/gate.ts'
import { identityHeaderNamesOf } from '../validate/identity-headers.ts'

/** What is to be explained: a request, and who makes it. */
export interface Question {
  readonly method: string
  readonly url: string
  /** An access token, or an API key. */
  readonly token?: string | undefined
  /** Path of a JSON file that says who it is. */
  readonly as?: string | undefined
  /** Address of the client. */
  readonly from?: string | undefined
  /** The MCP message in its body, and what that names. */
  readonly mcpMethod?: string | undefined
  readonly mcpName?: string | undefined
}

/** How a request is decided, and on what. */
export interface Explained {
  readonly request: OriginalRequest
  readonly app: string | undefined
  readonly matches: readonly RuleMatch[]
  readonly identity: Identity | undefined
  /** What the allow lists of the settings lack of it. */
  readonly unlisted: Missing | undefined
  readonly missingScopes: readonly string[] | undefined
  /** Scopes that the MCP resources of the path need. */
  readonly resourceScopes: readonly string[] | undefined
  readonly policies: Policies
  readonly quota: Limits
  readonly decision: Decision
}

const self = '127.0.0.1'

/**
 * Decides one request with the gate of the settings, as a trusted proxy's. A request that cannot be
 * asked about is a text that says why.
 *
 * @param identity - in whose name, where no credential is to say it
 */
export async function explained(
  question: Question,
  identity: Identity | undefined,
  settings: Settings,
): Promise<Explained | string> {
  const gate = gateOf(settings, identity && { identity })
  const adapter = traefikAdapter({
    publicScheme: settings.sites[0].secure ? 'https' : 'http',
    trusted: () => false,
  })
  const url = URL.parse(question.url)
  if (!url?.host) return `${JSON.stringify(question.url)} is no URL`
  const headers = new CallHeaders(headersOf(question, url), new HeaderNames([]))
  const call = { headers, method: 'GET', url: adapter.route, peer: self }
  const reading = adapter.read(call)
  if (reading.kind === 'refused') return `the request cannot be read: ${reading.reason}`
  const outcome = await decide(call, adapter, gate)
  const request = outcome.request ?? reading.request
  const app = gate.appOf(request.host)
  const known = app && !gate.isOwnRoute(request.host, request.path)
  const matches = known ? gate.rulesFor(request, app) : []
  const proof = identity ? undefined : await proofOf(request, matches[0]?.rule, gate)
  const by: Prover | undefined = identity ? { identity } : proof?.by
  const { decision } = outcome
  return {
    request,
    app: app?.name,
    matches,
    identity: by?.identity ?? (decision.kind === 'allow' ? decision.identity : undefined),
    unlisted: by && app && gate.admissions.admit(by, app, request.host).missing,
    missingScopes: proof?.missingScopes,
    resourceScopes: gate
      .mcpAt?.(request.host, request.path)
      ?.resources.flatMap(({ scopes }) => scopes),
    policies: gate,
    quota: gate.quota,
    decision,
  }
}

/** As Traefik would send them, in the order of names and values. */
function headersOf(
  { method, url, token, from = self, mcpMethod, mcpName }: Question,
  { protocol, host }: URL,
): string[] {
  // The target as it was written: reading it as a URL would resolve what the gateway has to see.
  const target = /^[^/]*\/\/[^/?#]*([^#]*)/.exec(url)?.[1] || '/'
  const credential = token?.startsWith(apiKeyPrefix)
    ? ['x-api-key', token]
    : ['authorization', `Bearer ${token}`]
  return [
    ...['x-forwarded-method', method],
    ...['x-forwarded-proto', protocol.slice(0, -1)],
    ...['x-forwarded-host', host],
    ...['x-forwarded-uri', target.startsWith('/') ? target : `/${target}`],
    ...['x-forwarded-for', from],
    ...(token === undefined ? [] : credential),
    ...(mcpMethod === undefined
      ? []
      : ['mcp-protocol-version', '2026-07-28', 'mcp-method', mcpMethod]),
    ...(mcpName === undefined ? [] : ['mcp-name', encodeName(mcpName)]),
  ]
}

async function proofOf(request: OriginalRequest, rule: RuleMatch['rule'] | undefined, gate: Gate) {
  const site = gate.siteOf(request.host)
  const credential = findCredential(request, {
    cookieName: site.cookieName,
    verifies: () => false,
    takesKeys: gate.keys !== undefined,
    counted: rule?.credentials,
    queryToken: rule?.queryToken,
  })
  const proof = await authenticate(credential, site, gate)
  return proof.kind === 'proven' ? proof : undefined
}

function gateOf(settings: Settings, everyone: Prover | undefined): Gate {
  const clock = systemClock
  const observer = { answered: () => {}, breaker: () => {} }
  const issuers = trustedIssuers(settings.issuers, new Map(), new Map(), clock, observer)
  const gate = createGate(settings, {
    clock,
    peers: new TrustedPeers([self], async () => [], clock),
    sessions: {
      verifies: () => false,
      prove: () => ({ kind: 'forged' }),
    },
    appOf: appMatcher(settings.apps, settings.sites),
    isOwnRoute: ownRouteMatcher(
      settings.sites,
      settings.authPath,
      settings.mcp.map(({ host }) => host),
    ),
    assertions: undefined,
    headerNames: identityHeaderNamesOf(settings),
    quotas: undefined,
    ...(issuers.size > 0 && {
      tokens: new AccessTokens({ issuers: [...issuers.values()], passesTokens: false, clock }),
    }),
    ...(settings.keys.length > 0 && { keys: new ApiKeys(settings.keys, clock, () => {}) }),
  })
  return everyone ? { ...gate, everyone } : gate
}
