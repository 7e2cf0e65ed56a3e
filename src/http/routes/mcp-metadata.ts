import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { outageOf } from '../../issuers/issuer-unavailable.ts'
import { publicMetadata } from '../../mcp/authorization-server-metadata.ts'
import { resourceMetadataPath } from '../../mcp/challenge.ts'
import { resourceAt, resourceMetadata } from '../../mcp/resource-metadata.ts'
import type { McpResource } from '../../model/mcp.ts'
import { siteUrl } from '../../model/site.ts'
import { refuse } from '../answers.ts'
import { hostOf, siteOf } from '../browser-request.ts'
import type { Parts } from '../parts.ts'
import { registrationPath } from '../paths.ts'

/**
 * What MCP clients find by well-known URLs: the metadata of resources (RFC 9728), and for older clients,
 * which look on the resource's host, that of its first issuer. Scripts of any origin may read it.
 */
export async function mcpMetadataRoutes(
  app: FastifyInstance,
  { parts }: { parts: Parts },
): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => allowAnyOrigin(reply, 'GET'))
  const routes = [
    [resourceMetadataPath, showResource],
    [`${resourceMetadataPath}/*`, showResource],
    ['/.well-known/oauth-authorization-server', showAuthorizationServer],
    ['/.well-known/openid-configuration', showAuthorizationServer],
  ] as const
  for (const [path, show] of routes) {
    app.get(path, (request, reply) => show(request, reply, parts))
    app.options(path, (_request, reply) => reply.status(204).send())
  }
}

/** CORS without credentials (Fetch standard, section 3.2). */
export function allowAnyOrigin(reply: FastifyReply, method: 'GET' | 'POST'): void {
  reply
    .header('access-control-allow-origin', '*')
    .header('access-control-allow-methods', method)
    .header('access-control-allow-headers', '*')
    .header('access-control-max-age', '86400')
}

function showResource(request: FastifyRequest, reply: FastifyReply, parts: Parts) {
  const { mcp, sites, issuers } = parts.settings
  const [path = ''] = request.url.split('?', 1)
  const below = path.slice(path.indexOf(resourceMetadataPath) + resourceMetadataPath.length)
  const host = hostOf(request, parts) ?? ''
  const resource = resourceAt(
    mcp,
    { host, below },
    sites.map((site) => site.host),
  )
  if (!resource) return refuse(request, reply, 'bad_request', { status: 404 })
  const issuerOf = (name: string) => issuers.find((issuer) => issuer.name === name)?.issuer
  return send(reply, resourceMetadata(resource, issuerOf))
}

async function showAuthorizationServer(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<FastifyReply> {
  const host = hostOf(request, parts)
  const resource = parts.settings.mcp.find((one) => one.host === host)
  const issuer = resource && parts.issuers.get(resource.issuers[0])
  if (!issuer) return refuse(request, reply, 'bad_request', { status: 404 })
  try {
    const metadata = await issuer.connection.discovery.get()
    const registration = registrationUrl(request, resource, parts)
    return send(reply, publicMetadata(metadata, issuer.settings, registration))
  } catch (error) {
    parts.events.failed('the metadata of an issuer', error, request.id)
    const retryAfterSec = outageOf(error)?.retryAfterSec
    return refuse(request, reply, 'idp_unavailable', { retryAfterSec })
  }
}

function registrationUrl(
  request: FastifyRequest,
  { name, clientRegistration }: McpResource,
  parts: Parts,
): string | undefined {
  if (!clientRegistration) return
  return siteUrl(siteOf(request, parts), registrationPath(parts.settings.authPath, name))
}

function send(reply: FastifyReply, document: object): FastifyReply {
  return reply
    .header('cache-control', 'public, max-age=300')
    .type('application/json')
    .send(JSON.stringify(document))
}
