import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type LogoutToken, readLogoutToken } from '../../oidc/backchannel-logout.ts'
import type { Parts } from '../parts.ts'

const maxBodyBytes = 32_768

/** `POST /auth/backchannel-logout`: a provider says that sessions are over (Back-Channel Logout 1.0). */
export async function backchannelLogoutRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  // The specification knows no other type, and a parser that never runs cannot be attacked.
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.post('/backchannel-logout', { bodyLimit: maxBodyBytes }, (request, reply) =>
    logout(request, reply, parts),
  )
}

async function logout(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  const token = (request.body as { logout_token?: unknown } | undefined)?.logout_token
  if (typeof token !== 'string')
    return refuse(request, reply, 'there is not one logout_token', parts)
  const read = await readLogoutToken(token, [...parts.parties.values()])
  if (read.kind === 'invalid') return refuse(request, reply, read.reason, parts)
  if (read.kind === 'unavailable') return unavailable(reply, read.reason)
  const mark = `logout:${createHash('sha256').update(`${read.issuer}\n${read.jti}`).digest('base64url')}`
  try {
    if (!(await parts.store.mark(mark, read.until))) {
      return refuse(request, reply, 'its jti was used before', parts)
    }
    const ended = await endSessions(read, parts).catch(async (error: unknown) => {
      // The provider may send it again.
      await parts.store.unmark(mark).catch(() => {})
      throw error
    })
    parts.events.backchannelLogout(read.provider, ended, request.id)
    return reply.status(200).send()
  } catch (error) {
    parts.events.failed('the session store', error, request.id)
    return unavailable(reply, 'the session store does not answer')
  }
}

/** With a `sid` that one session at the provider, otherwise all of the subject (section 2.7). */
function endSessions(
  { issuer, sid, subject }: Extract<LogoutToken, { kind: 'valid' }>,
  { store }: Parts,
): Promise<number> {
  return sid === undefined ? store.endBySubject(issuer, subject ?? '') : store.endBySid(issuer, sid)
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  reason: string,
  parts: Parts,
): FastifyReply {
  parts.events.backchannelLogoutRefused(reason, request.id)
  return reply
    .status(400)
    .send({ error: 'invalid_request', error_description: 'The logout token is not acceptable.' })
}

function unavailable(reply: FastifyReply, description: string): FastifyReply {
  return reply
    .status(503)
    .header('retry-after', '5')
    .send({ error: 'temporarily_unavailable', error_description: description })
}
