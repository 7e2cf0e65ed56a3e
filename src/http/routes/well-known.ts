import type { FastifyInstance } from 'fastify'
import { refuse } from '../answers.ts'
import type { Parts } from '../parts.ts'

/** `GET /.well-known/jwks.json`: the keys that assertions are signed with (RFC 7517). */
export async function wellKnownRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.get('/.well-known/jwks.json', (request, reply) => {
    if (!parts.assertions) return refuse(request, reply, 'bad_request', { status: 404 })
    return reply
      .header('cache-control', 'public, max-age=300')
      .header('access-control-allow-origin', '*')
      .type('application/jwk-set+json')
      .send(JSON.stringify(parts.assertions.keySet))
  })
}
