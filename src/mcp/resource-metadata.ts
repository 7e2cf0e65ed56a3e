import type { McpResource } from '../model/mcp.ts'

/** What a resource says of itself (RFC 9728 section 2). */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name?: string
}

/**
 * The metadata of a resource. Its authorization servers are the issuers themselves: clients compare what
 * is asked for with what the metadata there says (RFC 8414 section 3.3).
 *
 * @param issuerOf - the issuer of a name
 */
export function resourceMetadata(
  { resource, title, issuers, challengedScopes }: McpResource,
  issuerOf: (name: string) => string | undefined,
): ResourceMetadata {
  return {
    resource,
    authorization_servers: issuers.flatMap((name) => issuerOf(name) ?? []),
    ...(challengedScopes.length > 0 && { scopes_supported: challengedScopes }),
    bearer_methods_supported: ['header'],
    ...(title !== undefined && { resource_name: title }),
  }
}

/**
 * The resource that a well-known URL speaks of: of its own host, with the path of the resource after the
 * well-known one (RFC 9728 section 3.1), or on `PUBLIC_URL` with the host before that. One document is for
 * one path: that of the root names the root only.
 *
 * @param below - what follows the well-known path: empty, or begins with a slash
 */
export function resourceAt(
  resources: readonly McpResource[],
  { host, below }: { readonly host: string; readonly below: string },
  publicHosts: readonly string[],
): McpResource | undefined {
  const path = below.replace(/\/$/, '')
  return (
    resources.find((one) => one.host === host && one.path === path) ??
    (publicHosts.includes(host)
      ? resources.find((one) => `/${one.host}${one.path}` === path)
      : undefined)
  )
}
