import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { outageOf } from '../../issuers/issuer-unavailable.ts'
import { isObject, registerClient } from '../../mcp/register-client.ts'
import { RegistrationLimits } from '../../mcp/registration-limits.ts'
import { clientAddress } from '../../proxies/forwarded-parts.ts'
import { plainAddress } from '../../proxies/trusted-peers.ts'
import { refuse } from '../answers.ts'
import type { Parts } from '../parts.ts'
import { allowAnyOrigin } from './mcp-metadata.ts'

const maxBodyBytes = 16_384

/**
 * `POST /auth/mcp/:name/register`: registers a client of an MCP resource at its first issuer (RFC 7591),
 * where the resource says so. Neither cookies nor `Authorization` go there, so that nobody registers in
 * the name of somebody else; who has an initial access token asks the issuer itself.
 */
export async function clientRegistrationRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  const limits = new RegistrationLimits(parts.clock)
  // A form or a text would come without a preflight.
  app.removeContentTypeParser(['application/x-www-form-urlencoded', 'text/plain'])
  app.addHook('onRequest', async (_request, reply) => allowAnyOrigin(reply, 'POST'))
  const path = '/mcp/:name/register'
  app.options(path, (_request, reply) => reply.status(204).send())
  app.post<{ Params: { name: string } }>(
    path,
    { bodyLimit: maxBodyBytes },
    async (request, reply) => {
      const { name } = request.params
      const resource = parts.settings.mcp.find((one) => one.name === name)
      const issuer = resource?.clientRegistration && parts.issuers.get(resource.issuers[0])
      if (!issuer) return refuse(request, reply, 'bad_request', { status: 404 })
      if (!isObject(request.body)) return refuse(request, reply, 'bad_request')
      const admitted = limits.begin(addressOf(request, parts))
      if (admitted.kind === 'refused') {
        reply.header('retry-after', String(admitted.retryAfterSec))
        return refuse(request, reply, 'quota_exceeded')
      }
      try {
        const answer = await registerClient(issuer.connection, request.body)
        if (answer.kind === 'absent') return refuse(request, reply, 'bad_request', { status: 404 })
        parts.events.clientRegistered(name, answer.status, request.id)
        return reply.status(answer.status).type('application/json').send(answer.body)
      } catch (error) {
        return unavailable(request, reply, error, parts)
      } finally {
        admitted.end()
      }
    },
  )
}

function unavailable(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  { events }: Parts,
): FastifyReply {
  events.failed('the registration of a client', error, request.id)
  const retryAfterSec = outageOf(error)?.retryAfterSec
  return refuse(request, reply, 'idp_unavailable', { retryAfterSec })
}

/** Of the client: what a trusted proxy says it is, and nobody else. */
function addressOf(request: FastifyRequest, { gate }: Parts): string {
  const peer = plainAddress(request.raw.socket.remoteAddress)
  if (!gate.peers.knows(peer)) return peer
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat()
  const all = forwarded.length > 0 ? forwarded.join(', ') : undefined
  return clientAddress(all, peer, (address) => gate.peers.knows(address))
}
