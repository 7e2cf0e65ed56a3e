import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../../model/app.ts'
import { type Site, siteUrl } from '../../model/site.ts'
import { providerFailure } from '../../oidc/failure.ts'
import { authorizationUrl, beginTransaction } from '../../oidc/login.ts'
import type { RelyingParty } from '../../oidc/relying-party.ts'
import { absoluteOn, acceptReturnUrl } from '../../oidc/return-url.ts'
import { sealTransaction } from '../../oidc/transaction.ts'
import { unmetDemand } from '../../validate/sign-in-demand.ts'
import { refuse, sendPage } from '../answers.ts'
import {
  appOf,
  firstOf,
  hostOf,
  isOwnNavigation,
  isWithoutEffect,
  sessionCookieOf,
  singleParameters,
  siteOf,
} from '../browser-request.ts'
import { clearSessionCookie, useLoginCookie } from '../cookies.ts'
import { currentSession } from '../current-session.ts'
import { chooserPage } from '../pages/chooser-page.ts'
import { pageHeaders } from '../pages/page-headers.ts'
import { signInLoopPage } from '../pages/sign-in-loop-page.ts'
import type { Parts } from '../parts.ts'
import { callbackPath } from '../paths.ts'
import { isLooping, noteReturn } from '../sign-in-rounds.ts'

/** `GET /auth/login`, `/auth/continue-signin` and `/auth/login-url`: the ways into sign-in. */
export async function loginRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.get('/login', (request, reply) => login(request, reply, parts))
  app.get('/continue-signin', (request, reply) => continueSignIn(request, reply, parts))
  app.get('/login-url', async (request, reply) => {
    const parameters = singleParameters(request)
    const wanted = parameters && firstOf(parameters, 'redirect_uri', 'return_to', 'rd')
    const returnUrl = wanted && acceptReturnUrl(wanted, siteOf(request, parts), parts.returnUrls)
    if (!returnUrl) return refuse(request, reply, 'bad_request')
    const site = parts.gate.siteOf(new URL(returnUrl).host)
    const query = new URLSearchParams({ return_to: returnUrl })
    return { login_url: `${siteUrl(site, parts.settings.authPath)}/login?${query}` }
  })
}

/** Goes into sign-in, or back where somebody is signed in already. */
export async function login(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  if (isWithoutEffect(request)) return reply.status(204).send()
  const wanted = whatIsWanted(request, parts)
  if (!wanted) return refuse(request, reply, 'bad_request')
  const { site, returnUrl, app } = wanted
  if (isElsewhere(request, site, parts)) return goThere(request, reply, site, 'login', parts)
  const now = parts.clock.now()
  if (isLooping(request, site, returnUrl, now)) {
    const page = signInLoopPage({
      host: new URL(returnUrl).host,
      authHost: site.host,
      requestId: request.id,
    })
    return sendPage(reply, 400, page, pageHeaders)
  }
  const cookie = sessionCookieOf(request, site, parts)
  const proof = cookie === undefined ? undefined : await parts.sessions.prove(site, cookie, 'look')
  if (proof?.kind === 'unavailable') return refuse(request, reply, proof.code)
  if (proof?.kind === 'live' && unmetDemand(proof.session, app, now) === undefined) {
    noteReturn(request, reply, site, returnUrl, now, now)
    return reply.redirect(returnUrl)
  }
  return chooseOrStart(request, reply, wanted, 'login', parts)
}

/** Starts anew with a choice of accounts; a session that is still there ends first, here only. */
async function continueSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  if (isWithoutEffect(request)) return reply.status(204).send()
  const wanted = whatIsWanted(request, parts)
  if (!wanted) return refuse(request, reply, 'bad_request')
  if (isElsewhere(request, wanted.site, parts)) {
    return goThere(request, reply, wanted.site, 'continue-signin', parts)
  }
  const session = await currentSession(request, wanted.site, parts)
  if (session === 'unavailable') return refuse(request, reply, 'store_unavailable')
  if (session) {
    if (!isOwnNavigation(request)) {
      return reply.redirect(`${siteUrl(wanted.site, parts.settings.authPath)}/logout`)
    }
    await parts.store.end(session.key)
    parts.events.signedOut('new_sign_in', session.identity, request.id)
    clearSessionCookie(reply, wanted.site)
  }
  return chooseOrStart(request, reply, wanted, 'continue-signin', parts)
}

interface Wanted {
  readonly site: Site
  readonly returnUrl: string
  readonly app: Pick<App, 'signIn' | 'name'>
  /** The provider that was named, else every one that the app takes. */
  readonly parties: readonly [RelyingParty, ...RelyingParty[]]
}

/** What the parameters ask for, or undefined where they ask for something that may not be. */
function whatIsWanted(request: FastifyRequest, parts: Parts): Wanted | undefined {
  const parameters = singleParameters(request)
  if (!parameters) return
  const here = siteOf(request, parts)
  const asked = firstOf(parameters, 'return_to', 'redirect_uri', 'rd')
  const returnUrl =
    asked === undefined
      ? absoluteOn(here, parts.settings.postLoginUrl)
      : acceptReturnUrl(asked, here, parts.returnUrls)
  if (returnUrl === undefined) return
  const { host } = new URL(returnUrl)
  const app = appOf(host, parts)
  const named = parameters.get('provider')
  const taken = [...parts.parties.values()].filter(
    ({ settings: { name } }) =>
      (named === null || name === named) && (app.signIn.providers?.includes(name) ?? true),
  )
  const [first, ...more] = taken
  return first && { site: parts.gate.siteOf(host), returnUrl, app, parties: [first, ...more] }
}

/** Whether the browser is at another host of ours than the pages of a site, whose cookies count. */
function isElsewhere(request: FastifyRequest, site: Site, parts: Parts): boolean {
  const host = hostOf(request, parts)
  if (host === undefined || host === site.host) return false
  return (
    parts.gate.appOf(host) !== undefined ||
    parts.settings.sites.some((other) => other.host === host)
  )
}

function goThere(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  route: 'login' | 'continue-signin',
  parts: Parts,
): FastifyReply {
  const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : ''
  return reply.redirect(`${siteUrl(site, parts.settings.authPath)}/${route}${query}`)
}

/** Where there is a choice of providers, the person has it. */
function chooseOrStart(
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: Wanted,
  route: 'login' | 'continue-signin',
  parts: Parts,
): FastifyReply | Promise<FastifyReply> {
  const { site, returnUrl, parties } = wanted
  const [party, ...others] = parties
  if (others.length === 0) return startSignIn(request, reply, wanted, party, route, parts)
  const choices = parties.map(({ settings: { name, label } }) => {
    const query = new URLSearchParams({ return_to: returnUrl, provider: name })
    return { label, url: `${siteUrl(site, parts.settings.authPath)}/${route}?${query}` }
  })
  return sendPage(reply, 200, chooserPage({ choices, host: new URL(returnUrl).host }))
}

async function startSignIn(
  request: FastifyRequest,
  reply: FastifyReply,
  { site, returnUrl, app }: Wanted,
  party: RelyingParty,
  route: 'login' | 'continue-signin',
  parts: Parts,
): Promise<FastifyReply> {
  const now = parts.clock.now()
  const provider = party.settings.name
  const transaction = beginTransaction({ provider, site: site.origin, returnUrl, now })
  const cookie = useLoginCookie(request, reply, site, now)
  const state = sealTransaction(transaction, cookie, parts.stateSeal)
  const redirectUri = siteUrl(site, callbackPath(parts, provider))
  const prompt = route === 'login' ? undefined : 'select_account'
  try {
    const wish = { prompt, ...app.signIn }
    const url = await authorizationUrl(party, transaction, state, redirectUri, wish)
    return reply.redirect(url.href)
  } catch (error) {
    const failure = providerFailure(error)
    parts.events.signInFailed('idp_unavailable', failure.reason, request.id)
    const retryAfterSec = failure.kind === 'unavailable' ? failure.retryAfterSec : undefined
    return refuse(request, reply, 'idp_unavailable', { retryAfterSec })
  }
}
