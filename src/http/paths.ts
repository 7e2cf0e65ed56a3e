import type { Site } from '../model/site.ts'
import { folded, trimmedSegments } from '../rules/case-folding.ts'
import { readPath } from '../rules/path-readings.ts'
import { hasDotSegment } from '../rules/path-spellings.ts'
import type { Parts } from './parts.ts'

/** Path of the callback route of a provider, below the site's base path. */
export function callbackPath(parts: Pick<Parts, 'settings'>, provider: string): string {
  const [first] = parts.settings.providers
  const path = `${parts.settings.authPath}/callback`
  return provider === first?.name ? path : `${path}/${provider}`
}

/** Path at which clients of an MCP resource register, below the site's base path. */
export function registrationPath(authPath: string, resource: string): string {
  return `${authPath}/mcp/${resource}/register`
}

/** What is answered for the host of an MCP resource, where its proxy sends it here. */
const mcpPaths = ['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration']

/** Our own servers decode once. */
const decodings = 1

/**
 * Whether a path of a site, read as loosely as any server would, lies in the gateway's own routes. They
 * are never asked about and never returned to: both would go round in circles.
 *
 * @param mcpHosts - of MCP resources
 */
export function ownRouteMatcher(
  sites: readonly Site[],
  authPath: string,
  mcpHosts: readonly string[] = [],
): (host: string, path: string) => boolean {
  const ofSites = sites.flatMap((site) =>
    [authPath, `/api${authPath}`].map((path) => [site.host, site.basePath + path] as const),
  )
  const ofResources = mcpHosts.flatMap((host) =>
    mcpPaths.map((path) => [host, `/.well-known/${path}`] as const),
  )
  const roots = new Map<string, string[][]>()
  for (const [host, path] of [...ofSites, ...ofResources])
    roots.set(host, [...(roots.get(host) ?? []), trimmedSegments(folded(path))])
  return (host, path) => {
    const own = roots.get(host)
    if (!own) return false
    return readPath(path, decodings).readings.some(
      ({ segments, folded }) =>
        folded &&
        own.some((root) => root.every((segment, at) => segment === segments[at])) &&
        // It may lead out again; where it leads is another reading.
        !hasDotSegment(segments),
    )
  }
}
