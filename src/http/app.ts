import type { RequestListener } from 'node:http'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import formBody from '@fastify/formbody'
import { type FastifyInstance, fastify } from 'fastify'
import type { Settings } from '../config/settings.ts'
import { siteUrl } from '../model/site.ts'
import { oauth2ProxyPath } from '../proxies/ingress-nginx.ts'
import { refuse } from './answers.ts'
import { siteOf } from './browser-request.ts'
import { refuseUnreadable } from './client-errors.ts'
import { type Answering, listenSecurely, plainServer, type SecureListener } from './listeners.ts'
import type { Parts } from './parts.ts'
import { errorReplies } from './plugins/error-replies.ts'
import { requestLog } from './plugins/request-log.ts'
import { securityHeaders, setSecurityHeaders } from './plugins/security-headers.ts'
import { accountRoutes } from './routes/account.ts'
import { backchannelLogoutRoutes } from './routes/backchannel-logout.ts'
import { callbackRoutes } from './routes/callback.ts'
import { clientRegistrationRoutes } from './routes/client-registration.ts'
import { healthRoutes } from './routes/health.ts'
import { loginRoutes } from './routes/login.ts'
import { logoutRoutes } from './routes/logout.ts'
import { mcpMetadataRoutes } from './routes/mcp-metadata.ts'
import { oauth2ProxyRoutes } from './routes/oauth2-proxy.ts'
import { sessionRoutes, showSession } from './routes/session.ts'
import { validateRoutes } from './routes/validate.ts'
import { wellKnownRoutes } from './routes/well-known.ts'

const sweepEveryMs = 100

/** The public listener: its plugins, then its routes. */
export async function buildApp(parts: Parts): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: (handler) => plainServer(answering(parts, handler)),
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
  // A connection whose last answer is sent while the process stops would keep it for its idle time.
  app.addHook('preClose', async () => {
    if (!app.server.listening) return
    const sweep = setInterval(() => app.server.closeIdleConnections(), sweepEveryMs)
    app.server.once('close', () => clearInterval(sweep))
  })
  await app.register(healthRoutes, { prefix: parts.settings.sites[0].basePath })
  await app.register(publicRoutes, { parts })
  return app
}

/** The same routes with TLS and HTTP/2. `app` is ready. */
export function listenWithTls(
  app: FastifyInstance,
  parts: Parts,
  tls: NonNullable<Settings['listen']['tls']>,
): Promise<SecureListener> {
  return listenSecurely(answering(parts, app.routing), parts.settings.listen.host, tls)
}

function answering(parts: Parts, others: RequestListener): Answering {
  // Fastify reads requests of both versions of HTTP; its types name one of them.
  return { ...validateRoutes(parts), others: others as Answering['others'] }
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
  await app.register(wellKnownRoutes, { parts, prefix: basePath })
  // Hosts of apps have no base path.
  for (const prefix of new Set(['', basePath]))
    await app.register(mcpMetadataRoutes, { parts, prefix })
  app.get(`${basePath}/`, (request, reply) =>
    reply.redirect(`${siteUrl(siteOf(request, parts), settings.authPath)}/`),
  )
}

async function authRoutes(app: FastifyInstance, { parts }: { parts: Parts }): Promise<void> {
  await app.register(callbackRoutes, { parts })
  await app.register(accountRoutes, { parts })
  await app.register(backchannelLogoutRoutes, { parts })
  await app.register(clientRegistrationRoutes, { parts })
  await app.register(async (scope) => {
    await allowOwnOrigins(scope, parts)
    await scope.register(loginRoutes, { parts })
    await scope.register(logoutRoutes, { parts })
    await scope.register(sessionRoutes, { parts })
    if (parts.settings.authPath === oauth2ProxyPath)
      await scope.register(oauth2ProxyRoutes, { parts })
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
