import type { FastifyError } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Events } from '../../telemetry/events.ts'
import { refuse } from '../answers.ts'

/** Fixed words for whatever goes wrong: an error's own text stays in the log. */
export const errorReplies = fastifyPlugin<{ events: Events }>(
  async (app, { events }) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      const status = error.statusCode ?? 500
      if (status >= 400 && status < 500) return refuse(request, reply, 'bad_request', { status })
      events.failed('a route', error, request.id)
      return refuse(request, reply, 'internal_error')
    })
    app.setNotFoundHandler((request, reply) =>
      refuse(request, reply, 'bad_request', { status: 404 }),
    )
  },
  { name: 'error-replies', fastify: '5.x' },
)
