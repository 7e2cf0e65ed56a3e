import { randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { admits } from '../../model/allow.ts'
import { withAdminRole } from '../../model/identity.ts'
import type { Session } from '../../model/session.ts'
import { type Site, siteUrl } from '../../model/site.ts'
import { type CallbackCode, callbackCodes, finishSignIn, type SignIn } from '../../oidc/callback.ts'
import { revokeTokens } from '../../oidc/logout.ts'
import type { RelyingParty } from '../../oidc/relying-party.ts'
import { absoluteOn, acceptReturnUrl } from '../../oidc/return-url.ts'
import { sessionEnd } from '../../oidc/token-response.ts'
import {
  loginCookieOf,
  openTransaction,
  type Transaction,
  transactionLifeMs,
} from '../../oidc/transaction.ts'
import { unmetDemand } from '../../validate/sign-in-demand.ts'
import { refuse, sendPage, wantsPage } from '../answers.ts'
import {
  appOf,
  isWithoutEffect,
  sessionCookieOf,
  singleParameters,
  siteOf,
} from '../browser-request.ts'
import { findLoginCookie, setSessionCookie } from '../cookies.ts'
import { callbackErrorPage } from '../pages/callback-error-page.ts'
import type { Parts } from '../parts.ts'
import { callbackPath } from '../paths.ts'
import { noteReturn } from '../sign-in-rounds.ts'

const maxUrlLength = 16_384
/** How long the session before a new one of the same person lives on, for requests under way. */
const overlapMs = 30_000

/** `GET /auth/callback`: the end of sign-in. */
export async function callbackRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.get('/callback', (request, reply) => {
    const [first] = parts.parties.values()
    return first
      ? callback(request, reply, first, parts)
      : refuse(request, reply, 'bad_request', { status: 404 })
  })
  app.get<{ Params: { provider: string } }>('/callback/:provider', (request, reply) => {
    const [first] = parts.parties.values()
    const party = parts.parties.get(request.params.provider)
    // The first has the route without a name, and no other.
    return party && party !== first
      ? callback(request, reply, party, parts)
      : refuse(request, reply, 'bad_request', { status: 404 })
  })
}

async function callback(
  request: FastifyRequest,
  reply: FastifyReply,
  party: RelyingParty,
  parts: Parts,
): Promise<FastifyReply> {
  if (isWithoutEffect(request)) return reply.status(204).send()
  const site = siteOf(request, parts)
  const parameters = request.url.length > maxUrlLength ? undefined : singleParameters(request)
  const state = parameters?.get('state')
  if (!parameters || !state || !(parameters.get('code') || parameters.get('error'))) {
    return fail(request, reply, parts, 'missing_code_or_state', 'a parameter is missing or doubled')
  }
  const suffix = loginCookieOf(state)
  const cookie = suffix === undefined ? undefined : findLoginCookie(request, site, suffix)
  const transaction = cookie && openTransaction(state, cookie, parts.stateSeal, parts.clock.now())
  if (transaction?.provider !== party.settings.name || transaction.site !== site.origin) {
    return fail(
      request,
      reply,
      parts,
      'invalid_state',
      'the state is forged, old, or of another browser',
    )
  }
  // Before the code is redeemed: a code that comes twice would end the tokens of the first time.
  const until = transaction.startedAt + 2 * transactionLifeMs
  if (!(await parts.store.mark(`state:${transaction.id}`, until))) {
    return await usedState(request, reply, site, transaction, parts)
  }
  const sessionId = randomBytes(12).toString('base64url')
  const redirectUri = siteUrl(site, callbackPath(parts, party.settings.name))
  const result = await finishSignIn(party, parameters, transaction, redirectUri, sessionId)
  if (result.kind === 'failed') {
    if (result.retryAfterSec) reply.header('retry-after', String(result.retryAfterSec))
    return fail(request, reply, parts, result.code, result.reason, transaction)
  }
  if (result.groupsOverage) parts.events.groupsOverage(result.identity, request.id)
  const app = appOf(new URL(transaction.returnUrl).host, parts)
  const unmet = unmetDemand(result, app, parts.clock.now())
  if (unmet !== undefined) {
    return fail(request, reply, parts, 'login_required', unmet, transaction)
  }
  const { allow, claims } = party.settings
  const identity = withAdminRole(result.identity, claims.admins)
  if (allow && !admits(allow, identity, parts.gate.firstProvider)) {
    return turnAway(request, reply, result, party, transaction, parts)
  }
  await openSession(request, reply, site, result, sessionId, parts)
  return goOn(request, reply, site, transaction, parts)
}

/** A double click or a reload: whoever is signed in by now simply goes on. */
async function usedState(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  transaction: Transaction,
  parts: Parts,
): Promise<FastifyReply> {
  const cookie = sessionCookieOf(request, site, parts)
  const proof = cookie === undefined ? undefined : await parts.sessions.prove(site, cookie, 'look')
  if (proof?.kind === 'live') return goOn(request, reply, site, transaction, parts)
  return fail(request, reply, parts, 'invalid_state', 'the state was used before', transaction)
}

async function openSession(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  result: Extract<SignIn, { kind: 'signed-in' }>,
  publicId: string,
  parts: Parts,
): Promise<void> {
  const now = parts.clock.now()
  const { maxAgeMs } = parts.settings.session
  const { value, key } = parts.cookies.mint(site)
  const session: Session = {
    key,
    publicId,
    provider: result.identity.provider,
    site: site.origin,
    ...(result.sid === undefined ? {} : { sid: result.sid }),
    identity: result.identity,
    ...(result.acr === '' ? {} : { acr: result.acr }),
    ...(result.authenticatedAt === undefined ? {} : { authenticatedAt: result.authenticatedAt }),
    tokens: result.tokens,
    createdAt: now,
    lastUsedAt: now,
    expiresAt: sessionEnd(result.tokens, now, parts.settings.session),
    userAgent: (request.headers['user-agent'] ?? '').slice(0, 256),
  }
  await parts.store.create(session)
  await endFormer(request, site, session, parts)
  setSessionCookie(reply, site, value, maxAgeMs)
  parts.events.signedIn(session.identity, request.id)
}

/** The session that the cookie held before ends here only: at the provider it may be the same one. */
async function endFormer(
  request: FastifyRequest,
  site: Site,
  session: Session,
  parts: Parts,
): Promise<void> {
  const cookie = sessionCookieOf(request, site, parts)
  const key = cookie && parts.cookies.verify(site, cookie)
  const former = key && (await parts.store.read(key))
  if (!former) return
  const { issuer, subject } = session.identity
  if (former.identity.issuer === issuer && former.identity.subject === subject) {
    await parts.store.retire(former.key, session.createdAt + overlapMs)
    return
  }
  await parts.store.end(former.key)
  parts.events.signedOut('new_sign_in', former.identity, request.id)
}

function goOn(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  transaction: Transaction,
  parts: Parts,
): FastifyReply {
  // Checked again: the settings may have changed since the sign-in began.
  const returnUrl =
    acceptReturnUrl(transaction.returnUrl, site, parts.returnUrls) ??
    absoluteOn(site, parts.settings.postLoginUrl)
  noteReturn(request, reply, site, returnUrl, transaction.startedAt, parts.clock.now())
  return reply.redirect(returnUrl)
}

/** Somebody who may not sign in here: told so, with a way out, and left nothing at the provider. */
function turnAway(
  request: FastifyRequest,
  reply: FastifyReply,
  { identity, tokens }: Extract<SignIn, { kind: 'signed-in' }>,
  party: RelyingParty,
  transaction: Transaction,
  parts: Parts,
): FastifyReply {
  void revokeTokens(party, tokens)
  const auth = siteUrl(siteOf(request, parts), parts.settings.authPath)
  const reason = `${identity.username || identity.subject} is not among those of ALLOW`
  return fail(request, reply, parts, 'not_allowed', reason, transaction, {
    account: { label: identity.name || identity.username || identity.email },
    host: new URL(transaction.returnUrl).host,
    decisionId: randomUUID(),
    signOutUrl: `${auth}/logout?${new URLSearchParams({ provider: party.settings.name })}`,
  })
}

function fail(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
  code: CallbackCode,
  reason: string,
  transaction?: Transaction,
  refusal: Partial<Parameters<typeof callbackErrorPage>[0]> = {},
): FastifyReply {
  parts.events.signInFailed(code, reason, request.id, refusal.decisionId)
  const site = siteOf(request, parts)
  const status = callbackCodes[code]
  const query = transaction ? `?${new URLSearchParams({ return_to: transaction.returnUrl })}` : ''
  const path = code === 'not_allowed' || code === 'login_required' ? 'continue-signin' : 'login'
  const retryUrl = `${siteUrl(site, parts.settings.authPath)}/${path}${query}`
  if (status === 503 && !reply.hasHeader('retry-after')) reply.header('retry-after', '5')
  if (wantsPage(request) || !request.headers.accept?.includes('json')) {
    return sendPage(
      reply,
      status,
      callbackErrorPage({ ...refusal, code, requestId: request.id, retryUrl }),
    )
  }
  return reply.status(status).type('application/problem+json').send({
    status,
    title: 'Sign-in failed',
    code,
    error: code,
    message: 'Start the sign-in again at login_url.',
    login_url: retryUrl,
    request_id: request.id,
    decision_id: refusal.decisionId,
  })
}
