import type { FastifyInstance } from 'fastify'

/** `GET /health`: that the process answers, and nothing else; the operators' listener says more. */
export async function healthRoutes(app: FastifyInstance): Promise<void> {
  app.get('/health', async () => ({ status: 'healthy' }))
}
