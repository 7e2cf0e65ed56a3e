import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { takeOver } from '../support/callers.ts'
import { RememberedAuthorization } from '../support/mcp-client.ts'
import { type McpWorld, startMcpWorld } from '../support/mcp-world.ts'

let world: McpWorld
const fileOf = (url: string, more = '') => `
mcp: { notes: { resource: "${url}", title: Notes, scopes: ["tools:read"], client_registration: true } }
${more}
default: { access: any }`
const perTool = `
rules:
  - name: deleting
    match: { paths: [/mcp], mcp: { tools: ["delete_*"] } }
    access: any
    require: { scopes: ["tools:write"] }`
beforeAll(async () => {
  world = await startMcpWorld(fileOf)
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  world.calls.length = 0
  takeOver(world.site, fileOf(world.url.href))
})

const info = { name: 'test', version: '1.0.0' }
const call = (name: string) => ({ name, arguments: { id: '7' } })
const answered = (text: string) => ({ content: [{ type: 'text', text }] })
const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const client of closing.splice(0)) await client.close()
})

/** The scopes of the last authorization that a client asked for, without that for refresh tokens. */
function askedScopes(authorization: RememberedAuthorization): string[] {
  const scopes = lastOf(authorization).searchParams.get('scope')?.split(' ') ?? []
  return scopes.filter((scope) => scope !== 'offline_access').sort()
}

function lastOf({ authorizations }: RememberedAuthorization): URL {
  const url = authorizations.at(-1)
  if (!url) throw new Error('the client asked for no authorization')
  return url
}

describe('the SDK of 2026-07-28', () => {
  const connect = async (transport: StreamableHTTPClientTransport) => {
    const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
    closing.push(client)
    await client.connect(transport)
    return client
  }
  const transport = (authProvider: RememberedAuthorization) =>
    new StreamableHTTPClientTransport(world.url, { authProvider })
  const signedIn = async () => {
    const authorization = new RememberedAuthorization(world.redirectUrl, world.registered)
    const first = transport(authorization)
    await expect(connect(first)).rejects.toThrow('Unauthorized')
    await first.finishAuth(await world.authorize(lastOf(authorization)))
    return authorization
  }

  test('finds its way from a 401 to a token and calls a tool', async () => {
    const authorization = await signedIn()
    const asked = lastOf(authorization)
    expect(asked.origin).toBe(world.site.idp.issuer)
    expect(asked.searchParams.get('resource')).toBe(world.url.href)
    expect(askedScopes(authorization)).toEqual(['tools:read'])

    const client = await connect(transport(authorization))
    expect(await client.callTool(call('read_note'))).toMatchObject(answered('read_note 7'))
    expect(world.calls).toEqual(['read_note by alice'])
    expect(authorization.authorizations).toHaveLength(1)
    expect(world.site.log.findLast(({ event }) => event === 'decision')).toMatchObject({
      ...{ code: 'allow', mcp_method: 'tools/call', mcp_name: 'read_note' },
    })
  })

  test('steps up for a tool that needs more', async () => {
    takeOver(world.site, fileOf(world.url.href, perTool))
    const authorization = await signedIn()
    const used = transport(authorization)
    const client = await connect(used)
    expect(await client.callTool(call('read_note'))).toMatchObject(answered('read_note 7'))
    await expect(client.callTool(call('delete_note'))).rejects.toThrow('Unauthorized')
    expect(world.calls).toEqual(['read_note by alice'])
    expect(authorization.authorizations).toHaveLength(2)
    expect(askedScopes(authorization)).toEqual(['tools:read', 'tools:write'])

    await used.finishAuth(await world.authorize(lastOf(authorization)))
    expect(await client.callTool(call('delete_note'))).toMatchObject(answered('delete_note 7'))
  })

  test('that lies about the tool is refused by the server, as the revision asks', async () => {
    takeOver(world.site, fileOf(world.url.href, perTool))
    const authProvider = await signedIn()
    const lying = new StreamableHTTPClientTransport(world.url, {
      authProvider,
      fetch: (input, init) => {
        const headers = new Headers(init?.headers)
        if (headers.get('mcp-name') === 'delete_note') headers.set('mcp-name', 'read_note')
        return fetch(input, { ...init, headers })
      },
    })
    const client = await connect(lying)
    await expect(client.callTool(call('delete_note'))).rejects.toThrow(/mcp-name/i)
    expect(world.calls).toEqual([])
  })
})

describe('the SDK of the revisions before', () => {
  const connect = async (transport: OlderTransport) => {
    const client = new OlderClient(info)
    closing.push(client)
    // Its own types are at odds here (`exactOptionalPropertyTypes`).
    await client.connect(transport as Parameters<OlderClient['connect']>[0])
    return client
  }
  const transport = (authProvider: RememberedAuthorization) =>
    new OlderTransport(world.url, { authProvider })
  const signIn = async (authorization: RememberedAuthorization) => {
    const first = transport(authorization)
    await expect(connect(first)).rejects.toThrow('Unauthorized')
    const code = (await world.authorize(lastOf(authorization))).get('code')
    await first.finishAuth(code ?? '')
  }

  test.each([
    ['a client that is registered', () => world.registered],
    ['one that registers itself', () => undefined],
  ])('calls a tool, as %s', async (_what, registered) => {
    const authorization = new RememberedAuthorization(world.redirectUrl, registered())
    await signIn(authorization)
    const client = await connect(transport(authorization))
    expect(await client.callTool(call('read_note'))).toMatchObject(answered('read_note 7'))
    expect(world.calls).toEqual(['read_note by alice'])
  })

  test('passes nowhere where rules tell tools apart', async () => {
    takeOver(world.site, fileOf(world.url.href, perTool))
    const authorization = new RememberedAuthorization(world.redirectUrl, world.registered)
    await expect(connect(transport(authorization))).rejects.toThrow('You may not open this')
    expect(authorization.authorizations).toEqual([])
  })

  test('that knows no resource metadata finds on the host where to register', async () => {
    const { origin } = world.url
    const document = await fetch(`${origin}/.well-known/oauth-authorization-server`)
    const metadata = (await document.json()) as Readonly<Record<string, string>>
    expect(metadata.registration_endpoint).toBe(`${origin}/auth/mcp/notes/register`)
    const answer = await fetch(metadata.registration_endpoint ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(new RememberedAuthorization(world.redirectUrl).clientMetadata),
    })
    expect(answer.status).toBe(201)
    const { client_id } = (await answer.json()) as { client_id: string }
    const issuer = world.site.idp.issuer
    const known = new RememberedAuthorization(world.redirectUrl, { client_id, issuer })
    await signIn(known)
    expect(lastOf(known).searchParams.get('client_id')).toBe(client_id)
  })
})
