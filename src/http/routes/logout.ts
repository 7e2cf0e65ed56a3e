import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Session } from '../../model/session.ts'
import { type Site, siteUrl } from '../../model/site.ts'
import { absoluteOn, acceptReturnUrl } from '../../oidc/return-url.ts'
import { refuse, sendPage, wantsPage } from '../answers.ts'
import {
  firstOf,
  isOwnNavigation,
  isOwnPost,
  isWithoutEffect,
  singleParameters,
  siteOf,
} from '../browser-request.ts'
import { currentSessions } from '../current-session.ts'
import { loggedOutPage, logoutConfirmPage } from '../pages/logout-pages.ts'
import { logoutConfirmPageHeaders } from '../pages/page-headers.ts'
import type { Parts } from '../parts.ts'
import { logoutStatePurpose, signOut } from '../sign-out.ts'

const returnNames = ['return_to', 'rd', 'post_logout_redirect_uri', 'redirect_uri'] as const

/** `GET` and `POST /auth/logout`, and `GET /auth/logged-out`, where the provider's logout comes back. */
export async function logoutRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.get('/logout', (request, reply) => logoutByLink(request, reply, parts))
  app.post('/logout', (request, reply) => logoutByPost(request, reply, parts))
  app.get('/logged-out', (request, reply) => loggedOut(request, reply, parts))
}

/** Signs out a person who went there from one of our pages; asks first where that is not certain. */
export async function logoutByLink(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  if (isWithoutEffect(request)) return reply.status(204).send()
  const site = siteOf(request, parts)
  const parameters = singleParameters(request)
  if (!parameters) return refuse(request, reply, 'bad_request')
  const wanted = firstOf(parameters, ...returnNames)
  const found = await currentSessions(request, site, parts)
  if (found === 'unavailable') return refuse(request, reply, 'store_unavailable')
  const [session] = found
  if (session && !isOwnNavigation(request)) {
    const { name, username, email } = session.identity
    const page = logoutConfirmPage({
      action: `${siteUrl(site, parts.settings.authPath)}/logout`,
      returnTo: wanted && acceptReturnUrl(wanted, site, parts.returnUrls),
      account: { label: name || username || email },
    })
    return sendPage(reply, 200, page, logoutConfirmPageHeaders)
  }
  return end(request, reply, site, found, wanted, parts, parameters.get('provider') ?? undefined)
}

async function logoutByPost(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  if (!isOwnPost(request, parts)) return refuse(request, reply, 'csrf')
  const site = siteOf(request, parts)
  const found = await currentSessions(request, site, parts)
  if (found === 'unavailable') return refuse(request, reply, 'store_unavailable')
  const fields = typeof request.body === 'object' && request.body !== null ? request.body : {}
  return end(
    request,
    reply,
    site,
    found,
    firstOf(fields as Record<string, unknown>, ...returnNames),
    parts,
  )
}

async function end(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  sessions: readonly Session[],
  wanted: string | undefined,
  parts: Parts,
  provider?: string,
): Promise<FastifyReply> {
  const { finalUrl, providerUrl } = await signOut(reply, site, sessions, wanted, parts, provider)
  for (const { identity } of sessions) parts.events.signedOut('logout', identity, request.id)
  if (request.method === 'POST' && !wantsPage(request)) {
    return reply.send({
      success: true,
      message: sessions.length > 0 ? 'Signed out.' : 'There was no session.',
      redirect_url: finalUrl,
      front_channel_logout_url: providerUrl ?? null,
    })
  }
  return reply.redirect(providerUrl ?? finalUrl, request.method === 'POST' ? 303 : 302)
}

async function loggedOut(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  const site = siteOf(request, parts)
  const state = singleParameters(request)?.get('state')
  const sealed = state ? parts.stateSeal.open(state, logoutStatePurpose) : undefined
  const here = absoluteOn(site, `${site.basePath}${parts.settings.authPath}/logged-out`)
  if (sealed !== undefined && sealed !== here) {
    const configured = absoluteOn(site, parts.settings.postLogoutUrl)
    const accepted =
      sealed === configured ? sealed : acceptReturnUrl(sealed, site, parts.returnUrls)
    if (accepted) return reply.redirect(accepted)
  }
  const signInUrl = `${siteUrl(site, parts.settings.authPath)}/continue-signin`
  return sendPage(reply, 200, loggedOutPage({ signInUrl }))
}
