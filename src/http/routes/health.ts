import type { FastifyInstance } from 'fastify'
import { securityHeaders } from '../plugins/security-headers.ts'

/**
 * `GET /health`: that the process answers, and nothing else; the operators' listener says more. It is
 * asked every few seconds, so it is not in the log.
 */
export async function healthRoutes(app: FastifyInstance): Promise<void> {
  await app.register(securityHeaders)
  app.get('/health', async () => ({ status: 'healthy' }))
}
