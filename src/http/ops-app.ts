import { type FastifyInstance, fastify } from 'fastify'
import type { Registry } from 'prom-client'
import { requestIdFrom } from '../lib/request-id.ts'
import { eventRoutes, type Feed } from './routes/events.ts'

/** Whether a part can be used, and what is wrong with it. */
export type Check =
  | { readonly ok: true; readonly problem?: string }
  | { readonly ok: false; readonly problem: string }

/** The operators' listener: nothing of it is ever on the public one. */
export async function buildOpsApp(options: {
  readonly registry: Registry
  /** Checks by the name of their part. */
  readonly checks: () => Promise<Readonly<Record<string, Check>>>
  /** Absent where nobody may read it. */
  readonly feed?: Feed | undefined
}): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: 10_000,
    genReqId: () => requestIdFrom(undefined),
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/livez', async () => ({ status: 'alive' }))
  app.get('/readyz', async (_request, reply) => {
    const checks = await options.checks()
    const ready = Object.values(checks).every((check) => check.ok)
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks })
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.registry.contentType).send(await options.registry.metrics()),
  )
  if (options.feed) await app.register(eventRoutes, { feed: options.feed })
  return app
}
