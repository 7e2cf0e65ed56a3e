import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { siteUrl } from '../../model/site.ts'
import type { SessionProof } from '../../validate/live-sessions.ts'
import { refuse } from '../answers.ts'
import { isOwnPost, sessionCookieOf, siteOf } from '../browser-request.ts'
import type { Parts } from '../parts.ts'

/** `GET /auth/session` and `POST /auth/session/refresh`: what an app may know of its session. */
export async function sessionRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.get('/session', (request, reply) => showSession(request, reply, parts))
  app.post('/session/refresh', async (request, reply) => {
    if (!isOwnPost(request, parts)) return refuse(request, reply, 'csrf')
    const site = siteOf(request, parts)
    const cookie = sessionCookieOf(request, site, parts)
    const proof = cookie === undefined ? undefined : await parts.sessions.renew(site, cookie)
    return answer(request, reply, proof, parts)
  })
}

/** Looking does not count as use: a page that polls must not keep an idle session alive. */
export async function showSession(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  if (!parts.settings.authEnabled) return reply.send(withoutAuth(request.id))
  const site = siteOf(request, parts)
  const cookie = sessionCookieOf(request, site, parts)
  const proof = cookie === undefined ? undefined : await parts.sessions.prove(site, cookie, 'look')
  return answer(request, reply, proof, parts)
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  proof: SessionProof | undefined,
  parts: Parts,
): FastifyReply {
  if (proof?.kind === 'live') return reply.send(describe(proof, request.id, parts))
  if (proof?.kind === 'unavailable') return refuse(request, reply, proof.code)
  const site = siteOf(request, parts)
  const loginUrl = `${siteUrl(site, parts.settings.authPath)}/login`
  const code = proof?.kind === 'ended' ? 'session_expired' : 'unauthenticated'
  return refuse(request, reply, code, { loginUrl })
}

function describe(
  { session }: Extract<SessionProof, { kind: 'live' }>,
  requestId: string,
  parts: Parts,
): Record<string, unknown> {
  const { identity } = session
  const endsAt = parts.sessions.endOf(session)
  const endsAtSec = Math.floor(endsAt / 1_000)
  return {
    user_id: identity.subject,
    username: identity.username,
    email: identity.email,
    name: identity.name,
    roles: identity.roles,
    groups: identity.groups,
    expires_at: new Date(endsAtSec * 1_000).toISOString().replace('.000Z', 'Z'),
    seconds_remaining: Math.max(0, Math.floor((endsAt - parts.clock.now()) / 1_000)),
    session_expires_at: endsAtSec,
    auth_enabled: true,
    provider: identity.provider,
    account_kind: identity.accountKind,
    account_label: identity.accountLabel,
    request_id: requestId,
  }
}

/** With `AUTH_ENABLED=false` there is nobody, and no end. */
function withoutAuth(requestId: string): Record<string, unknown> {
  return {
    user_id: 'anonymous',
    username: 'anonymous',
    email: 'anonymous@local',
    name: 'Anonymous',
    roles: [],
    groups: [],
    auth_enabled: false,
    request_id: requestId,
  }
}
