import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { toLiveSession } from '../../model/live-session.ts'
import { siteUrl } from '../../model/site.ts'
import { refuse, sendPage, wantsPage } from '../answers.ts'
import { firstOf, isOwnPost, siteOf } from '../browser-request.ts'
import { clearSessionCookie } from '../cookies.ts'
import { currentSession } from '../current-session.ts'
import { accountPage } from '../pages/account-page.ts'
import { accountPageHeaders } from '../pages/page-headers.ts'
import type { Parts } from '../parts.ts'

/** `GET /auth/` and `POST /auth/sessions/end`: a person's own sessions. */
export async function accountRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.get('/', (request, reply) => account(request, reply, parts))
  app.post('/sessions/end', (request, reply) => endSessions(request, reply, parts))
}

async function account(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  const site = siteOf(request, parts)
  const auth = siteUrl(site, parts.settings.authPath)
  const session = await currentSession(request, site, parts)
  if (session === 'unavailable') return refuse(request, reply, 'store_unavailable')
  if (!session) {
    if (wantsPage(request)) return reply.redirect(`${auth}/login`)
    return refuse(request, reply, 'unauthenticated', { loginUrl: `${auth}/login` })
  }
  const all = await parts.store.list(session.identity.issuer, session.identity.subject)
  const page = accountPage({
    identity: session.identity,
    providerLabel: parts.parties.get(session.provider)?.settings.label ?? session.provider,
    session: {
      publicId: session.publicId,
      createdAt: session.createdAt,
      endsAt: parts.sessions.endOf(toLiveSession(session)),
    },
    others: all.filter((other) => other.key !== session.key),
    actions: { end: `${auth}/sessions/end`, logout: `${auth}/logout` },
  })
  return sendPage(reply, 200, page, accountPageHeaders)
}

async function endSessions(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  if (!isOwnPost(request, parts)) return refuse(request, reply, 'csrf')
  const site = siteOf(request, parts)
  const auth = siteUrl(site, parts.settings.authPath)
  const session = await currentSession(request, site, parts)
  if (session === 'unavailable') return refuse(request, reply, 'store_unavailable')
  if (!session) return refuse(request, reply, 'unauthenticated', { loginUrl: `${auth}/login` })

  const fields = (request.body ?? {}) as Record<string, unknown>
  const id = firstOf(fields, 'id')
  const all = fields.all === true || fields.all === 'true'
  if (all === (id !== undefined)) return refuse(request, reply, 'bad_request')
  const { issuer, subject } = session.identity
  const own = await parts.store.list(issuer, subject)
  const chosen = all ? own : own.filter((other) => other.publicId === id)
  for (const other of chosen) {
    await parts.store.end(other.key)
    parts.events.signedOut('account_page', other.identity, request.id)
  }
  // The list has an end; what is beyond it is meant too.
  if (all) await parts.store.endBySubject(issuer, subject)

  const self = chosen.some((other) => other.key === session.key)
  if (self) clearSessionCookie(reply, site)
  if (!wantsPage(request)) return reply.send({ success: true, ended: chosen.length })
  return reply.redirect(self ? `${auth}/logged-out` : `${auth}/`, 303)
}
