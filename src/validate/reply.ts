import { validateHeaderName, validateHeaderValue } from 'node:http'
import { type Code, codes, errorWord } from '../model/codes.ts'
import type { Decision, HeaderBlock } from '../model/decision.ts'
import type { Identity } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import { type Site, siteUrl } from '../model/site.ts'
import { cutReturnUrl } from '../oidc/return-url.ts'
import { type Caller, callerOf } from './caller.ts'
import { identityHeaders } from './identity-headers.ts'

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

/** The headers of every answer of a validate route. */
const commonHeaders = ['cache-control', 'no-store', 'vary', 'Cookie, Authorization'] as const

/** The headers of a 200 for an identity. */
export function allowHeaders(identity: Identity, firstProvider: string): HeaderBlock {
  const identified = identityHeaders(identity, firstProvider)
  return headerBlock([...commonHeaders, 'content-length', '0', ...identified])
}

/** @throws TypeError where a value could not be sent as a header */
function headerBlock(fields: readonly string[]): HeaderBlock {
  const lines: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string]
    validateHeaderName(name)
    validateHeaderValue(name, value)
    lines.push(`${name}: ${value}\r\n`)
  }
  return { fields, lines: lines.join('') }
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
      headers.push('www-authenticate', bearerChallenge(decision.code))
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
