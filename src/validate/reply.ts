import { resourceMetadataUrl, withResource } from '../mcp/challenge.ts'
import { type Code, codes, errorWord } from '../model/codes.ts'
import type { Decision } from '../model/decision.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import { type Site, siteUrl } from '../model/site.ts'
import { cutReturnUrl } from '../oidc/return-url.ts'
import { commonHeaders } from './admissions.ts'
import { type Caller, callerOf } from './caller.ts'
import type { McpCall } from './mcp-places.ts'
import { demandChallenge } from './sign-in-demand.ts'

/** Everything a refusal shows to the client. */
export interface Refusal {
  readonly status: number
  readonly code: Code
  readonly caller: Caller
  /** Whether the caller reads JSON-RPC. */
  readonly jsonRpc?: true
  readonly loginUrl: string | undefined
  readonly requestId: string
  readonly decisionId: string
  readonly headers: readonly string[]
}

/** Where to sign in and come back to a request. */
export function loginUrl(site: Site, authPath: string, request: OriginalRequest): string {
  const scheme = new URL(site.origin).protocol
  const original = new URL(`${scheme}//${request.host}`)
  // Set apart from the host, a path cannot change it.
  original.pathname = request.path
  // Browsers send a backslash in a query as it is; in a return URL it is refused.
  original.search = request.query.replaceAll('\\', '%5C')
  const query = new URLSearchParams({ return_to: cutReturnUrl(original) })
  return `${siteUrl(site, authPath)}/login?${query}`
}

/**
 * The answer to a decision that is no pass: a redirect to sign in for a page, otherwise the status of
 * its code with what explains it.
 */
export function refusalOf(
  decision: Exclude<Decision, { kind: 'allow' }>,
  options: {
    readonly request: OriginalRequest | undefined
    readonly site: Site
    readonly authPath: string
    /** Whether people can sign in at all. */
    readonly signIn: boolean
    /** Where an MCP resource was asked: its clients are programs, whatever else they look like. */
    readonly mcp?: McpCall | undefined
    readonly requestId: string
    readonly decisionId: string
  },
): Refusal {
  const { request, site, mcp } = options
  const caller = request && !mcp ? callerOf(request) : 'api'
  const login =
    request && decision.kind === 'challenge' && !decision.withoutSignIn && options.signIn
      ? loginUrl(site, options.authPath, request)
      : undefined
  const headers: string[] = [...commonHeaders]
  let { status }: { status: number } = codes[decision.code]
  if (decision.kind === 'challenge') {
    if (caller === 'page' && login !== undefined) {
      status = request?.method === 'GET' || request?.method === 'HEAD' ? 302 : 303
      headers.push('location', login)
    } else {
      const challenge = decision.demand
        ? demandChallenge(decision.demand)
        : bearerChallenge(decision.code)
      headers.push('www-authenticate', challengeAt(challenge, mcp?.scopes ?? [], mcp, site))
    }
  }
  if (decision.kind === 'deny' && decision.scopes) {
    const scopes = [...new Set([...decision.scopes, ...(mcp?.scopes ?? [])])]
    const challenge = mcp?.resource ? insufficientScope : scopeChallenge(scopes)
    headers.push('www-authenticate', challengeAt(challenge, scopes, mcp, site))
  }
  if (decision.kind === 'unavailable' || decision.kind === 'limit')
    headers.push('retry-after', String(decision.retryAfterSec))
  if (decision.kind === 'limit') headers.push(...limitHeaders(decision))
  return {
    status,
    code: decision.code,
    caller,
    ...(mcp && readsJson(request) && { jsonRpc: true }),
    loginUrl: login,
    requestId: options.requestId,
    decisionId: options.decisionId,
    headers,
  }
}

/** RFC 6750 section 3: an error only where a token was sent. */
function bearerChallenge(code: Code): string {
  return code === 'invalid_token'
    ? 'Bearer realm="gatehouse", error="invalid_token"'
    : 'Bearer realm="gatehouse"'
}

/** As it is, or with what clients of the MCP resource need. */
function challengeAt(
  challenge: string,
  scopes: readonly string[],
  mcp: McpCall | undefined,
  site: Site,
): string {
  if (!mcp?.resource) return challenge
  return withResource(challenge, { scopes, metadataUrl: resourceMetadataUrl(site, mcp.resource) })
}

function readsJson(request: OriginalRequest | undefined): boolean {
  return request?.headers.accept?.toLowerCase().includes('application/json') ?? false
}

const insufficientScope = 'Bearer realm="gatehouse", error="insufficient_scope"'

/** RFC 6750 section 3.1: the scopes that the request needs. Settings are held to the form of scopes. */
function scopeChallenge(scopes: readonly string[]): string {
  return `${insufficientScope}, scope="${scopes.join(' ')}"`
}

/** The fields of the IETF draft on RateLimit header fields, in its form that clients read. */
function limitHeaders({ requests, retryAfterSec }: Extract<Decision, { kind: 'limit' }>): string[] {
  return [
    ...['ratelimit-limit', String(requests)],
    ...['ratelimit-remaining', '0'],
    ...['ratelimit-reset', String(retryAfterSec)],
  ]
}

/** The body for programs: problem details (RFC 9457) with the words of the source contracts beside. */
export function problemOf(refusal: {
  readonly code: Code
  readonly requestId: string
  readonly decisionId?: string | undefined
  readonly loginUrl?: string | undefined
}): Record<string, unknown> {
  const { status, title, message } = codes[refusal.code]
  return {
    status,
    title,
    code: refusal.code,
    error: errorWord(refusal.code),
    message,
    login_url: refusal.loginUrl,
    request_id: refusal.requestId,
    decision_id: refusal.decisionId,
  }
}

/**
 * The same as a JSON-RPC 2.0 error, for clients of MCP. The id is not known, as bodies are not read; codes
 * below -32000 are the specification's, so that it is the status.
 */
export function jsonRpcErrorOf(refusal: Refusal): Record<string, unknown> {
  const { title } = codes[refusal.code]
  const error = { code: refusal.status, message: title, data: problemOf(refusal) }
  return { jsonrpc: '2.0', id: null, error }
}
