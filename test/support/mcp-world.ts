import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { startForwardAuthProxy } from '../../demo/forward-auth-proxy.ts'
import { freePort } from '../../demo/free-port.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { close, listen } from '../../demo/listen.ts'
import { Agent } from './agent.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'
import { signIn } from './sign-in.ts'

const clientId = 'mcp-client'

/** An MCP server behind a proxy that asks the gateway, and what its clients need besides. */
export interface McpWorld extends AsyncDisposable {
  readonly site: TestGateway
  /** The server's URL, behind the proxy. */
  readonly url: URL
  /** Names of the tools that were called, with who the server was told was calling. */
  readonly calls: string[]
  /** Where the provider sends a client's browser back to. */
  readonly redirectUrl: string
  /** A client that somebody registered at the provider beforehand. */
  readonly registered: { readonly client_id: string; readonly issuer: string }
  /** Signs somebody in at an authorization URL; the parameters that come back. */
  authorize(url: URL): Promise<URLSearchParams>
}

/**
 * Starts everything. Reading a note takes the scope `tools:read`, deleting one `tools:write` too.
 *
 * @param file - of the gateway, made of the server's URL
 */
export async function startMcpWorld(file: (url: string) => string): Promise<McpWorld> {
  await using stack = new AsyncDisposableStack()
  const calls: string[] = []
  const handle = toNodeHandler(notesServer(calls))
  // Its types do not know that a request of a server always has a method.
  const server = createServer(
    (request, response) => void handle(request as Parameters<typeof handle>[0], response),
  )
  const appPort = await listen(server, 0, '127.0.0.1')
  stack.defer(() => close(server))
  const callback = createServer((_request, response) => response.end('signed in'))
  const redirectUrl = `http://127.0.0.1:${await listen(callback, 0, '127.0.0.1')}/callback`
  stack.defer(() => close(callback))

  const port = await freePort(0, '127.0.0.1')
  const url = new URL(`http://localhost:${port}/mcp`)
  const site = stack.use(
    await startTestGateway({
      env: { PUBLIC_URL: url.origin },
      file: () => file(url.href),
      idp: {
        configure: (configuration) => ({
          ...configuration,
          // Older clients name them when they register.
          scopes: ['openid', 'offline_access', 'tools:read', 'tools:write'],
          features: { ...configuration.features, registration: { enabled: true } },
        }),
      },
    }),
  )
  site.idp.putClient({
    client_id: clientId,
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    redirect_uris: [redirectUrl],
  })
  const app = `http://127.0.0.1:${appPort}`
  stack.use(await startForwardAuthProxy({ port, gateway: site.gateway.origin, app }))
  const running = stack.move()
  return {
    site,
    url,
    calls,
    redirectUrl,
    registered: { client_id: clientId, issuer: site.idp.issuer },
    async authorize(at) {
      const answer = await signIn(new Agent(), at, demoUsers[0] as User)
      return new URL(answer.url).searchParams
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Serves clients of 2026-07-28 and, by `initialize`, those before. */
function notesServer(calls: string[]) {
  return createMcpHandler(({ requestInfo }) => {
    const server = new McpServer({ name: 'notes', version: '1.0.0' })
    for (const name of ['read_note', 'delete_note']) {
      const inputSchema = fromJsonSchema<{ id: string }>({
        type: 'object',
        properties: { id: { type: 'string' } },
        required: ['id'],
      })
      server.registerTool(name, { inputSchema }, async ({ id }) => {
        calls.push(`${name} by ${requestInfo?.headers.get('x-username')}`)
        return { content: [{ type: 'text', text: `${name} ${id}` }] }
      })
    }
    return server
  })
}
