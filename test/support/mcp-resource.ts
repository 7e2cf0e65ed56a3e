import type { McpResource } from '../../src/model/mcp.ts'

/** An MCP resource that asks for nothing, with changes. */
export function mcpResource(changes: Partial<McpResource> = {}): McpResource {
  const { host = 'app.example.com', path = '/mcp' } = changes
  const resource = `https://${host}${path}`
  return {
    name: 'notes',
    resource,
    host,
    path,
    issuers: ['default'],
    scopes: [],
    challengedScopes: [],
    audiences: [resource],
    clientRegistration: false,
    ...changes,
  }
}
