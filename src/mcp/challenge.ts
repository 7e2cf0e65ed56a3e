import type { McpResource } from '../model/mcp.ts'
import { type Site, siteUrl } from '../model/site.ts'

export const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/**
 * Where the metadata of a resource is (RFC 9728 section 5.1 lets a challenge name any URL): on
 * `PUBLIC_URL`, which reaches the gateway however the app's host is routed.
 */
export function resourceMetadataUrl(site: Site, { host, path }: McpResource): string {
  // Where both are one host, this is also where clients look that derive it (section 3.1).
  const derived = host === site.host && site.basePath === ''
  return siteUrl(site, `${resourceMetadataPath}${derived ? '' : `/${host}`}${path}`)
}

/**
 * A challenge with parameters for MCP clients added: which scopes to ask for (RFC 6750 section 3), and
 * where the metadata is. Settings are held to the form of scopes.
 */
export function withResource(
  challenge: string,
  { scopes, metadataUrl }: { readonly scopes: readonly string[]; readonly metadataUrl: string },
): string {
  const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : ''
  return `${challenge}${scope}, resource_metadata="${metadataUrl}"`
}
