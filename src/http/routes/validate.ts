import { randomUUID } from 'node:crypto'
import { Http2ServerResponse } from 'node:http2'
import type { NowOrLater } from '../../lib/now-or-later.ts'
import { requestIdFrom } from '../../lib/request-id.ts'
import { codes } from '../../model/codes.ts'
import type { Decision } from '../../model/decision.ts'
import type { Identity } from '../../model/identity.ts'
import { type Site, siteUrl } from '../../model/site.ts'
import type { ForwardedCall, ProxyAdapter } from '../../proxies/forwarded-call.ts'
import { plainAddress } from '../../proxies/trusted-peers.ts'
import { decide, type Outcome } from '../../validate/decide.ts'
import {
  jsonRpcErrorOf,
  loginUrl,
  problemOf,
  type Refusal,
  refusalOf,
} from '../../validate/reply.ts'
import type { Answering, HttpRequest, HttpResponse } from '../listeners.ts'
import { framePage } from '../pages/frame-page.ts'
import { framePageHeaders, pageHeaders } from '../pages/page-headers.ts'
import { type RefusalCode, refusedPage } from '../pages/refused-page.ts'
import type { Parts } from '../parts.ts'
import { callHeadersOf } from '../quick-request.ts'
import { QuickResponse } from '../quick-response.ts'
import { validateRouter } from '../validate-router.ts'

/**
 * The validate routes: read, decide, reply, tell. Any method asks; a body is never read. They answer
 * ahead of Fastify, whose routing and reply would cost a fifth of the throughput.
 */
export function validateRoutes(parts: Parts): Omit<Answering, 'others'> {
  const routeOf = validateRouter(parts.proxies)
  const validate: Answering['validate'] = (request, response) => {
    const url = request.url ?? ''
    const route = routeOf(url)
    if (!route) throw new Error(`${url} is no validate route`)
    const { proxy, only, below } = route
    const peer = plainAddress(request.socket.remoteAddress)
    const headers = callHeadersOf(request, parts.headerNames)
    const call = {
      headers,
      method: request.method ?? '',
      url,
      peer,
      ...(only && { only }),
      ...(below !== undefined && { below }),
    }
    const outcome = decideSafely(call, proxy, parts)
    if (outcome instanceof Promise)
      void outcome.then((late) => send(request, response, peer, late, proxy, parts))
    else send(request, response, peer, outcome, proxy, parts)
  }
  return {
    isValidateCall: (url) => routeOf(url) !== undefined,
    headerNames: () => parts.headerNames,
    validate,
  }
}

function decideSafely(call: ForwardedCall, proxy: ProxyAdapter, parts: Parts): NowOrLater<Outcome> {
  try {
    const outcome = decide(call, proxy, parts.gate)
    if (!(outcome instanceof Promise)) return outcome
    return outcome.catch((error: unknown) => afterThrow(error, parts))
  } catch (error) {
    return afterThrow(error, parts)
  }
}

function afterThrow(error: unknown, parts: Parts): Outcome {
  parts.events.failed('the decision', error)
  return { decision: internalError }
}

/** Answers, and tells of it. A throw here is a bug: the connection ends without an answer. */
function send(
  raw: HttpRequest,
  response: HttpResponse,
  peer: string,
  outcome: Outcome,
  proxy: ProxyAdapter,
  parts: Parts,
): void {
  try {
    reply(raw, response, peer, outcome, proxy, parts)
  } catch (error) {
    parts.events.failed('the answer of a validate route', error)
    response.destroy()
  }
}

function reply(
  raw: HttpRequest,
  response: HttpResponse,
  peer: string,
  outcome: Outcome,
  proxy: ProxyAdapter,
  parts: Parts,
): void {
  const { decision, request } = outcome
  const requestId = request?.requestId ?? requestIdFrom(undefined)
  if (decision.kind === 'allow') {
    const { fields, lines, signable } = decision.headers
    const own = ['x-request-id', requestId, ...(proxy.granted?.(decision.headers) ?? [])]
    const { signatures } = parts.gate
    if (signatures && signable && request) own.push(...signatures.sign(request, signable))
    const status = proxy.grantedStatus ?? 200
    if (status === 200 && response instanceof QuickResponse) response.sendOk(lines + linesOf(own))
    else answer(response, status, [...fields, ...own])
    parts.events.allowed(request, requestId, decision.identity, outcome.rule?.name ?? '')
    return
  }
  const site = request ? parts.gate.siteOf(request.host) : parts.settings.sites[0]
  const refusal = refusalOf(decision, {
    request,
    site,
    authPath: parts.settings.authPath,
    signIn: parts.settings.providers.length > 0,
    mcp: outcome.mcp,
    requestId,
    decisionId: randomUUID(),
  })
  sendRefusal(raw, response, refusal, outcome, site, proxy, parts)
  parts.events.refused({
    decision,
    request,
    peer,
    rule: outcome.rule?.name ?? '',
    status: refusal.status,
    requestId,
    decisionId: refusal.decisionId,
  })
}

/** Header lines of values that are known to be valid. */
function linesOf(fields: readonly string[]): string {
  let lines = ''
  for (let i = 0; i < fields.length; i += 2) lines += `${fields[i]}: ${fields[i + 1]}\r\n`
  return lines
}

const internalError: Decision = {
  kind: 'unavailable',
  code: 'internal_error',
  reason: 'the decision threw; the line before this one says what',
  retryAfterSec: 5,
}

function sendRefusal(
  raw: HttpRequest,
  response: HttpResponse,
  refusal: Refusal,
  outcome: Outcome,
  site: Site,
  proxy: ProxyAdapter,
  parts: Parts,
): void {
  const told = proxy.refused?.(refusal) ?? refusal
  const headers = [...told.headers, 'x-request-id', refusal.requestId]
  const { body, ...rest } = bodyOf(refusal, outcome, site, parts)
  headers.push('content-length', String(Buffer.byteLength(body)))
  for (const [name, value] of Object.entries(rest.headers)) {
    if (name !== 'cache-control') headers.push(name, value)
  }
  const origin = outcome.request?.headers.origin
  if (origin !== undefined && parts.gate.isOwnOrigin(origin)) {
    headers.push('access-control-allow-origin', origin, 'access-control-allow-credentials', 'true')
    headers.push('vary', 'Origin')
  } else if (origin !== undefined && outcome.mcp?.resource) {
    // Clients that are pages of anybody have to read the challenge; it holds nothing of anyone.
    headers.push('access-control-allow-origin', '*')
  }
  if (origin !== undefined && outcome.mcp?.resource)
    headers.push('access-control-expose-headers', 'WWW-Authenticate')
  answer(response, told.status, headers, raw.method === 'HEAD' ? '' : body)
}

/** @param headers - names and values in turn; none that belongs to a connection */
function answer(response: HttpResponse, status: number, headers: string[], body = ''): void {
  if (!(response instanceof Http2ServerResponse)) {
    response.writeHead(status, headers)
    response.end(body)
    return
  }
  const { stream } = response
  if (stream.destroyed || stream.closed) return
  // Past Node's imitation of HTTP/1.1, which would cost a quarter of the throughput.
  headers.push(':status', String(status))
  stream.respond(headers, { endStream: body === '' })
  if (body !== '') stream.end(body)
}

/** Who has an account to show and to change. */
function somebody(identity: Identity | undefined): Identity | undefined {
  return identity?.source === 'session' ? identity : undefined
}

function bodyOf(
  refusal: Refusal,
  { decision, request }: Outcome,
  site: Site,
  parts: Parts,
): { body: string; headers: Readonly<Record<string, string>> } {
  if (refusal.status === 302 || refusal.status === 303) return { body: '', headers: {} }
  if (request && refusal.caller === 'frame' && refusal.loginUrl !== undefined) {
    const body = framePage({ loginUrl: refusal.loginUrl, host: request.host })
    return { body, headers: framePageHeaders }
  }
  if (request && refusal.caller !== 'api' && codes[refusal.code].status !== 401) {
    const identity =
      decision.kind === 'deny' || decision.kind === 'limit'
        ? somebody(decision.identity)
        : undefined
    const returnTo = new URL(loginUrl(site, parts.settings.authPath, request)).search
    const auth = siteUrl(site, parts.settings.authPath)
    const body = refusedPage({
      code: refusal.code as RefusalCode,
      account: identity && { label: identity.name || identity.username || identity.email },
      host: request.host,
      decisionId: refusal.decisionId,
      switchAccountUrl: identity && `${auth}/continue-signin${returnTo}`,
      signOutUrl: identity && `${auth}/logout`,
    })
    return { body, headers: pageHeaders }
  }
  const { jsonRpc } = refusal
  return {
    body: JSON.stringify(jsonRpc ? jsonRpcErrorOf(refusal) : problemOf(refusal)),
    headers: {
      'content-type': jsonRpc ? 'application/json' : 'application/problem+json',
      'x-content-type-options': 'nosniff',
    },
  }
}
