import { type Code, codes, errorWord } from '../model/codes.ts'
import type { Decision } from '../model/decision.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import { type Site, siteUrl } from '../model/site.ts'
import { cutReturnUrl } from '../oidc/return-url.ts'
import { commonHeaders } from './admissions.ts'
import { type Caller, callerOf } from './caller.ts'
import { demandChallenge } from './sign-in-demand.ts'

/** Everything a refusal shows to the client. */
export interface Refusal {
  readonly status: number
  readonly code: Code
  readonly caller: Caller
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
    readonly requestId: string
    readonly decisionId: string
  },
): Refusal {
  const { request, site } = options
  const caller = request ? callerOf(request) : 'api'
  const login =
    request && decision.kind === 'challenge' ? loginUrl(site, options.authPath, request) : undefined
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
      headers.push('www-authenticate', challenge)
    }
  }
  if (decision.kind === 'unavailable') headers.push('retry-after', String(decision.retryAfterSec))
  return {
    status,
    code: decision.code,
    caller,
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
