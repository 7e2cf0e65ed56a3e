import type { Logger } from 'pino'
import type { Code } from '../model/codes.ts'
import type { Decision } from '../model/decision.ts'
import type { Identity } from '../model/identity.ts'
import type { OriginalRequest } from '../model/original-request.ts'
import { type Log, logTime } from './logger.ts'
import type { Metrics } from './metrics.ts'

/** What the log says of a person: enough to find them at the provider, nothing they could sign in with. */
export function described(identity: Identity): Record<string, string> {
  return {
    kind: identity.kind,
    provider: identity.provider,
    subject: identity.subject,
    username: identity.username,
    session: identity.sessionId,
  }
}

/** One refusal of a validate route, as the log tells it. */
export interface RefusedEvent {
  readonly decision: Exclude<Decision, { kind: 'allow' }>
  readonly status: number
  readonly decisionId: string
  readonly requestId: string
  readonly peer: string
  readonly request: OriginalRequest | undefined
  readonly rule: string
}

export type SignOutBy = 'logout' | 'account_page' | 'backchannel_logout' | 'new_sign_in'

/** One function an event: its log line, its audit line and its metric together. */
export class Events {
  readonly #log: Logger
  readonly #audit: Logger
  readonly #metrics: Metrics
  readonly #writeAscii: (line: string) => void
  readonly #logsDecisions: boolean
  readonly #descriptions = new WeakMap<Identity, string>()

  constructor({ logger, writeAscii }: Log, metrics: Metrics) {
    this.#log = logger
    // Whatever LOG_LEVEL says: who came and went is no detail.
    this.#audit = logger.child({ audit: true }, { level: 'info' })
    this.#writeAscii = writeAscii
    this.#logsDecisions = logger.isLevelEnabled('info')
    this.#metrics = metrics
  }

  /** Written by hand: it is the one line of the hot path, and its parts are known to need no escapes. */
  allowed(
    request: OriginalRequest | undefined,
    requestId: string,
    identity: Identity,
    rule: string,
  ): void {
    this.#count('allow')
    if (!this.#logsDecisions) return
    const asked = request
      ? `,"method":"${request.method}","host":"${request.host}","path":${quotedPath(request.path)},"client":"${request.clientAddress}"${messageAsJson(request)}`
      : ''
    this.#writeAscii(
      `${passed()}${requestId}","rule":${JSON.stringify(rule)}${asked},${this.#describedAsJson(identity)}}\n`,
    )
  }

  refused({ decision, request, ...event }: RefusedEvent): void {
    this.#count(decision.code)
    const line = {
      event: 'decision',
      code: decision.code,
      status: event.status,
      request_id: event.requestId,
      decision_id: event.decisionId,
      rule: event.rule,
      peer: event.peer,
      reason: decision.reason,
      ...requested(request),
    }
    if (decision.kind === 'unavailable') this.#log.error(line)
    else if (decision.kind === 'reject') this.#log.info(line)
    else if (decision.kind === 'challenge') this.#audit.info(line)
    else this.#audit.warn({ ...line, ...(decision.identity && described(decision.identity)) })
  }

  /** An API key is in use: told once a minute. */
  keyUsed(identity: Identity): void {
    this.#audit.info({ event: 'key_used', ...described(identity) })
  }

  signedIn(identity: Identity, requestId: string): void {
    this.#metrics.signIns.inc({ outcome: 'ok' })
    this.#audit.info({ event: 'sign_in', ...described(identity), request_id: requestId })
  }

  signInFailed(code: string, reason: string, requestId: string, decisionId?: string): void {
    this.#metrics.signIns.inc({ outcome: code })
    this.#audit.warn({
      event: 'sign_in_failed',
      code,
      reason,
      request_id: requestId,
      decision_id: decisionId,
    })
  }

  /** A provider sent a link in place of somebody's groups: they are treated as none. */
  groupsOverage(identity: Identity, requestId: string): void {
    this.#audit.warn({
      event: 'groups_overage',
      ...described(identity),
      message:
        'the provider sends a link in place of the groups, which is not followed, so the identity has none: use app roles, or let the provider send only the groups that are assigned to the application',
      request_id: requestId,
    })
  }

  signedOut(by: SignOutBy, identity: Identity, requestId?: string): void {
    this.#metrics.signOuts.inc({ by })
    this.#audit.info({ event: 'sign_out', by, ...described(identity), request_id: requestId })
  }

  /** A provider said that sessions are over. */
  backchannelLogout(provider: string, ended: number, requestId: string): void {
    this.#metrics.signOuts.inc({ by: 'backchannel_logout' }, ended)
    this.#audit.info({
      event: 'sign_out',
      by: 'backchannel_logout',
      provider,
      ended,
      request_id: requestId,
    })
  }

  backchannelLogoutRefused(reason: string, requestId: string): void {
    this.#audit.warn({ event: 'backchannel_logout_refused', reason, request_id: requestId })
  }

  /** Somebody reads which sessions end. */
  feedOpened(peer: string): void {
    this.#audit.info({ event: 'feed_opened', peer })
  }

  feedRefused(code: Code, peer: string): void {
    this.#audit.warn({ event: 'feed_refused', code, peer })
  }

  /** A reader was too slow: it may not hear of every end. */
  feedCut(peer: string): void {
    this.#log.warn({ event: 'feed_cut', peer })
  }

  /** A client of an MCP resource asked its issuer to be registered; the status is the issuer's. */
  clientRegistered(resource: string, status: number, requestId: string): void {
    this.#audit.info({ event: 'client_registration', resource, status, request_id: requestId })
  }

  refreshed(identity: Identity): void {
    this.#metrics.refreshes.inc({ outcome: 'ok' })
    this.#log.info({ event: 'refresh', ...described(identity) })
  }

  /** @param fatal - the session ended by it */
  refreshFailed(identity: Identity, fatal: boolean, reason: string): void {
    this.#metrics.refreshes.inc({ outcome: fatal ? 'refused' : 'unavailable' })
    this.#audit.warn({ event: 'refresh_failed', fatal, reason, ...described(identity) })
  }

  /** Changed settings are in force. */
  reloaded(warnings: readonly string[]): void {
    this.#metrics.reloads.inc({ outcome: 'ok' })
    this.#audit.info({ event: 'reload', warnings })
  }

  /** Changed settings have problems; the former ones stay in force. */
  reloadRefused(problems: readonly string[]): void {
    this.#metrics.reloads.inc({ outcome: 'refused' })
    this.#audit.error({ event: 'reload_refused', problems })
  }

  /** Something that should not have happened; the error's own text stays in the log. */
  failed(what: string, error: unknown, requestId?: string): void {
    this.#log.error({ event: 'error', what, err: error, request_id: requestId })
  }

  /** One request to a public route other than the validate routes. */
  answered(line: {
    method: string
    path: string
    status: number
    request_id: string
    ms: number
  }): void {
    this.#log.info({ event: 'request', ...line })
  }

  idpAnswered(provider: string, endpoint: string, outcome: string, seconds: number): void {
    this.#metrics.idpSeconds.observe({ provider, endpoint, outcome }, seconds)
    if (outcome === 'unavailable') this.#log.warn({ event: 'idp_unavailable', provider, endpoint })
  }

  /** An endpoint of a provider is left alone after failures, or is back. */
  idpBreaker(provider: string, endpoint: string, open: boolean): void {
    if (open) this.#log.error({ event: 'idp_breaker_opened', provider, endpoint })
    else this.#log.warn({ event: 'idp_breaker_closed', provider, endpoint })
  }

  storeAnswered(operation: string, outcome: 'ok' | 'error', seconds: number): void {
    this.#metrics.storeSeconds.observe({ operation, outcome }, seconds)
  }

  #describedAsJson(identity: Identity): string {
    let text = this.#descriptions.get(identity)
    if (text === undefined) {
      text = asciiJson(described(identity)).slice(1, -1)
      this.#descriptions.set(identity, text)
    }
    return text
  }

  #count(code: string): void {
    const { decisions } = this.#metrics
    decisions.set(code, (decisions.get(code) ?? 0) + 1)
  }

  notice(message: string, fields: Record<string, unknown> = {}): void {
    this.#log.info({ event: 'notice', ...fields, message })
  }

  warning(message: string, fields: Record<string, unknown> = {}): void {
    this.#log.warn({ event: 'warning', ...fields, message })
  }
}

// The query may hold secrets of the app; the path is what an operator needs.
function requested(request: OriginalRequest | undefined): Record<string, string> | undefined {
  return (
    request && {
      method: request.method,
      host: request.host,
      path: request.path,
      client: request.clientAddress,
      ...messageOf(request),
    }
  )
}

const longestName = 200

/** What MCP message it was; a client could write a novel into the name. */
function messageOf({ mcp }: OriginalRequest): Record<string, string> | undefined {
  if (mcp?.kind !== 'message') return
  const { method, name } = mcp
  return { mcp_method: method, ...(name !== undefined && { mcp_name: cut(name) }) }
}

function cut(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName).toWellFormed()}…` : name
}

function messageAsJson(request: OriginalRequest): string {
  const message = request.mcp && messageOf(request)
  return message ? `,${asciiJson(message).slice(1, -1)}` : ''
}

/** JSON in which everything beyond ASCII is escaped (RFC 8259 section 7). */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

// A path is visible ASCII without a backslash, so that only a quotation mark needs an escape.
function quotedPath(path: string): string {
  return path.includes('"') ? JSON.stringify(path) : `"${path}"`
}

let passedTime = ''
let passedStart = ''

/** The beginning of the line of a passed request, up to its id. */
function passed(): string {
  const time = logTime()
  if (time !== passedTime) {
    passedTime = time
    passedStart = `{"level":"info","time":"${time}","event":"decision","code":"allow","status":200,"request_id":"`
  }
  return passedStart
}
