import { createServer, type RequestListener, type Server } from 'node:http'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import formBody from '@fastify/formbody'
import { type FastifyInstance, fastify } from 'fastify'
import { refuse } from './answers.ts'
import { refuseUnreadable } from './client-errors.ts'
import type { Parts } from './parts.ts'
import { errorReplies } from './plugins/error-replies.ts'
import { requestLog } from './plugins/request-log.ts'
import { securityHeaders, setSecurityHeaders } from './plugins/security-headers.ts'
import { accountRoutes } from './routes/account.ts'
import { backchannelLogoutRoutes } from './routes/backchannel-logout.ts'
import { callbackRoutes } from './routes/callback.ts'
import { healthRoutes } from './routes/health.ts'
import { loginRoutes } from './routes/login.ts'
import { logoutRoutes } from './routes/logout.ts'
import { sessionRoutes, showSession } from './routes/session.ts'
import { validateRoutes } from './routes/validate.ts'

/** The public listener: its plugins, then its routes. */
export async function buildApp(parts: Parts): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (handler) => createListener(parts, handler),
    bodyLimit: 65_536,
    forceCloseConnections: 'idle',
    // The validate routes read their own; the others get theirs in the request log.
    genReqId: () => '',
    // A URL that cannot be decoded is refused before any hook runs.
    frameworkErrors: (_error, request, reply) => {
      setSecurityHeaders(reply)
      return refuse(request, reply, 'bad_request')
    },
    clientErrorHandler: refuseUnreadable,
    routerOptions: { maxParamLength: 64 },
    logger: false,
  })
  await app.register(publicRoutes, { parts })
  return app
}

function createListener(parts: Parts, others: RequestListener): Server {
  const validate = validateRoutes(parts)
  const server = createServer(
    {
      // Big cookies beside a bearer token reach Node's default of 16 KB.
      maxHeaderSize: 32_768,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 75_000,
      // Validate calls have no body, and streams for one cost a tenth of the throughput.
      optimizeEmptyRequests: true,
      connectionsCheckingInterval: 5_000,
      // Whatever flags Node runs with: gateway and proxy must see the same requests.
      insecureHTTPParser: false,
    },
    (request, response) => {
      if (!validate(request, response)) others(request, response)
    },
  )
  // Node drops headers past the first thousand without a word; the limit in bytes holds.
  server.maxHeadersCount = 0
  // An `Expect` that Node does not know is no reason for another answer.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  return server
}

async function publicRoutes(app: FastifyInstance, { parts }: { parts: Parts }): Promise<void> {
  const { settings } = parts
  await app.register(requestLog, { events: parts.events })
  await app.register(securityHeaders)
  await app.register(errorReplies, { events: parts.events })
  await app.register(cookie)
  await app.register(formBody)

  const { basePath } = settings.sites[0]
  for (const root of [settings.authPath, `/api${settings.authPath}`]) {
    await app.register(authRoutes, { parts, prefix: basePath + root })
  }
  for (const path of ['/session', '/api/session']) {
    await app.register(
      async (scope) => {
        await allowOwnOrigins(scope, parts)
        scope.get('', (request, reply) => showSession(request, reply, parts))
      },
      { prefix: basePath + path },
    )
  }
  await app.register(healthRoutes, { prefix: basePath })
}

async function authRoutes(app: FastifyInstance, { parts }: { parts: Parts }): Promise<void> {
  await app.register(callbackRoutes, { parts })
  await app.register(accountRoutes, { parts })
  await app.register(backchannelLogoutRoutes, { parts })
  await app.register(async (scope) => {
    await allowOwnOrigins(scope, parts)
    await scope.register(loginRoutes, { parts })
    await scope.register(logoutRoutes, { parts })
    await scope.register(sessionRoutes, { parts })
  })
}

/** CORS with credentials, for pages of the apps and of the gateway alone (Fetch standard, section 3.2). */
async function allowOwnOrigins(scope: FastifyInstance, parts: Parts): Promise<void> {
  await scope.register(cors, {
    origin: (origin, done) => done(null, origin !== undefined && parts.gate.isOwnOrigin(origin)),
    credentials: true,
    methods: ['GET', 'POST'],
    maxAge: 600,
  })
}
