import fastifyPlugin from 'fastify-plugin'
import { requestIdFrom } from '../../lib/request-id.ts'
import type { Events } from '../../telemetry/events.ts'

/** One log line for each answer of a public route; the query is left out, since it may hold codes. */
export const requestLog = fastifyPlugin<{ events: Events }>(
  async (app, { events }) => {
    app.addHook('onRequest', async (request, reply) => {
      request.id = requestIdFrom(request.headers['x-request-id'])
      reply.header('x-request-id', request.id)
    })
    app.addHook('onResponse', async (request, reply) => {
      events.answered({
        method: request.method,
        path: request.url.split('?', 1)[0] ?? '',
        status: reply.statusCode,
        request_id: request.id,
        ms: Math.round(reply.elapsedTime),
      })
    })
  },
  { name: 'request-log', fastify: '5.x' },
)
