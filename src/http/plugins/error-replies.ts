import type { FastifyError } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { StoreUnavailable } from '../../model/session-store.ts'
import type { Events } from '../../telemetry/events.ts'
import { refuse } from '../answers.ts'

/** Fixed words for whatever goes wrong: an error's own text stays in the log. */
export const errorReplies = fastifyPlugin<{ events: Events }>(
  async (app, { events }) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      // Fastify sets it when a body is too large; HTTP/2 has none (RFC 9113 section 8.2.2).
      if (request.raw.httpVersionMajor === 2) reply.removeHeader('connection')
      const status = error.statusCode ?? 500
      if (status >= 400 && status < 500) return refuse(request, reply, 'bad_request', { status })
      const outage = error instanceof StoreUnavailable
      events.failed(outage ? 'the session store' : 'a route', error, request.id)
      return refuse(request, reply, outage ? 'store_unavailable' : 'internal_error')
    })
    app.setNotFoundHandler((request, reply) =>
      refuse(request, reply, 'bad_request', { status: 404 }),
    )
  },
  { name: 'error-replies', fastify: '5.x' },
)
