import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../demo/free-port.ts'
import { takeOver } from '../support/callers.ts'
import { asked } from '../support/crafted-token.ts'
import { expectRefusal } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { expectMcpRefusal, mcpAt, mcpClient } from '../support/mcp.ts'
import { rawRequest } from '../support/raw-request.ts'

let site: TestGateway
/** Of the app with the MCP resource; `PUBLIC_URL` is another host. */
let host: string
let portOfIdp: number

const fileOf = (url: string, more = 'client_registration: true') => `
apps: { notes: { hosts: [notes.apps.localhost] }, other: { hosts: ["*.apps.localhost"] } }
mcp: { notes: { resource: "http://notes.apps.localhost:${new URL(url).port}/mcp", ${more} } }`
beforeAll(async () => {
  portOfIdp = await freePort(0, '127.0.0.1')
  site = await startTestGateway({
    env: (url) => ({
      PUBLIC_URL: `${url.replace('localhost', 'auth.apps.localhost')}/gate`,
      COOKIE_DOMAIN: 'apps.localhost',
      // The provider is known by a name that only the gateway's own network could not use.
      OIDC_INTERNAL_URL: `http://127.0.0.1:${portOfIdp}`,
    }),
    file: fileOf,
    idp: {
      port: portOfIdp,
      configure: (configuration) => ({
        ...configuration,
        features: { ...configuration.features, registration: { enabled: true } },
      }),
    },
  })
  host = `notes.apps.localhost:${new URL(site.url).port}`
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.alter = undefined
  site.idp.intercept = undefined
  site.clock.advance(60_000)
})

const publicHost = () => `auth.${host.slice('notes.'.length)}`
const send = (method: string, path: string, headers = {}, body?: string) =>
  rawRequest(site.gateway.origin, method, path, headers, body)
const get = (path: string, headers: Readonly<Record<string, string>> = { Host: host }) =>
  send('GET', path, headers)
const jsonAt = async (path: string, headers?: Readonly<Record<string, string>>) => {
  const { status, body } = await get(path, headers)
  expect(status).toBe(200)
  return JSON.parse(body) as Record<string, unknown>
}

describe('where the app is another host than PUBLIC_URL', () => {
  test('the challenge names metadata on PUBLIC_URL, which is also where clients derive it', async () => {
    const answer = await site.validate({ ...mcpClient, ...mcpAt(), 'X-Forwarded-Host': host })
    const path = `/gate/.well-known/oauth-protected-resource/${host}/mcp`
    expectMcpRefusal(
      answer,
      'unauthenticated',
      `Bearer realm="gatehouse", resource_metadata="http://${publicHost()}${path}"`,
    )
    const document = await jsonAt(path, { Host: publicHost() })
    expect(document).toEqual({
      resource: `http://${host}/mcp`,
      authorization_servers: [site.idp.issuer],
      bearer_methods_supported: ['header'],
    })
    expect(await jsonAt('/.well-known/oauth-protected-resource/mcp')).toEqual(document)
  })

  test('no other host speaks for the resource', async () => {
    const path = '/.well-known/oauth-protected-resource'
    for (const [at, Host] of [
      [`${path}/mcp`, publicHost()],
      [`${path}/mcp`, `x.${host.slice('notes.'.length)}`],
      [`${path}/${host}/mcp`, `x.${host.slice('notes.'.length)}`],
      ['/.well-known/oauth-authorization-server', publicHost()],
      ['/gate/.well-known/openid-configuration', publicHost()],
    ] as const)
      expect((await get(at, { Host })).status, `${Host}${at}`).toBe(404)
  })

  test('a proxy that asks about these paths is told that they are the gateway’s', async () => {
    const at = (path: string, name = host) =>
      site.validate({ Accept: '*/*', 'X-Forwarded-Host': name, 'X-Forwarded-Uri': path })
    for (const path of [
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/OAuth-Authorization-Server',
      '/x/../.well-known/openid-configuration',
    ])
      expectRefusal(await at(path), 'own_route')
    const other = `x.${host.slice('notes.'.length)}`
    expectRefusal(await at('/.well-known/oauth-protected-resource', other), 'unauthenticated')
    expectRefusal(await at('/.well-known/jwks.json'), 'unauthenticated')
  })
})

describe('metadata of the authorization server, for clients of 2025-03-26', () => {
  const paths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

  test.each(paths)('at %s is that of the issuer, but for registration', async (path) => {
    const document = await jsonAt(path)
    expect(document).toMatchObject({
      issuer: site.idp.issuer,
      token_endpoint: `${site.idp.issuer}/token`,
      code_challenge_methods_supported: ['S256'],
      registration_endpoint: `http://${publicHost()}/gate/auth/mcp/notes/register`,
    })
    expect(document).not.toHaveProperty('client_id_metadata_document_supported')
    expect((await get(path)).headers).toMatchObject({
      'cache-control': 'public, max-age=300',
      'access-control-allow-origin': '*',
    })
  })

  test('is asked for once, and outlasts the issuer', async () => {
    await jsonAt('/.well-known/oauth-authorization-server')
    const before = asked(site, '/.well-known/openid-configuration')
    site.idp.intercept = (_request, response) => {
      response.writeHead(503).end()
      return 'handled'
    }
    for (const path of [...paths, ...paths]) await jsonAt(path)
    expect(asked(site, '/.well-known/openid-configuration')).toBe(before)
  })

  test('names no registration where none is meant to be', async () => {
    takeOver(site, fileOf(site.url, 'client_registration: false'))
    const document = await jsonAt('/.well-known/oauth-authorization-server')
    expect(document).not.toHaveProperty('registration_endpoint')
    expect((await send('POST', '/gate/auth/mcp/notes/register', {})).status).toBe(404)
    takeOver(site, fileOf(site.url))
  })
})

describe('registration of clients', () => {
  const client = { redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none' }
  const path = '/gate/auth/mcp/notes/register'
  const register = (body: unknown = client, headers = {}) =>
    send(
      'POST',
      path,
      { Host: publicHost(), 'Content-Type': 'application/json', ...headers },
      typeof body === 'string' ? body : JSON.stringify(body),
    )

  test('goes to the issuer, and comes back without the means to change it', async () => {
    const { status, body, headers } = await register()
    expect(status).toBe(201)
    const registered = JSON.parse(body)
    expect(registered).toMatchObject({ ...client, client_id: expect.any(String) })
    expect(registered).not.toHaveProperty('registration_client_uri')
    expect(registered).not.toHaveProperty('registration_access_token')
    expect(headers).not.toHaveProperty('set-cookie')
    expect(site.log.filter(({ event }) => event === 'client_registration')).toEqual([
      expect.objectContaining({ audit: true, resource: 'notes', status: 201 }),
    ])
  })

  test('takes nothing of the caller along but the client', async () => {
    const seen: Record<string, unknown>[] = []
    site.idp.intercept = (request) => {
      seen.push(request.headers)
      return 'pass'
    }
    const secrets = { Cookie: 'gatehouse=x', Authorization: 'Bearer initial', 'X-Own': 'y' }
    expect((await register(client, secrets)).status).toBe(201)
    expect(seen).toHaveLength(1)
    for (const name of ['cookie', 'authorization', 'x-own', 'x-forwarded-for'])
      expect(seen[0]).not.toHaveProperty(name)
  })

  test('is refused as the issuer refuses it', async () => {
    const { status, body } = await register({ redirect_uris: ['not a URI'] })
    expect([status, JSON.parse(body).error]).toEqual([400, 'invalid_redirect_uri'])
  })

  test.each([
    ['a list', '[]', 'application/json', 400],
    ['no JSON', '{', 'application/json', 400],
    ['a prototype', '{"__proto__":{"x":1}}', 'application/json', 400],
    ['a form', 'a=b', 'application/x-www-form-urlencoded', 415],
    ['a text', '{}', 'text/plain', 415],
    ['far too much', JSON.stringify({ x: 'x'.repeat(16_384) }), 'application/json', 413],
  ])('takes nothing but a small JSON object: %s', async (_what, body, type, status) => {
    const before = asked(site, '/reg')
    expect((await register(body, { 'Content-Type': type })).status).toBe(status)
    expect(asked(site, '/reg')).toBe(before)
  })

  test('is 503 while the issuer does not answer, or not as issuers do', async () => {
    const answers: [number, string][] = [
      [502, '{}'],
      [200, '<html>'],
      [302, '{}'],
      [201, '[]'],
    ]
    for (const [status, text] of answers) {
      site.idp.intercept = (_request, response) => {
        response.writeHead(status, { location: '/x' }).end(text)
        return 'handled'
      }
      const answer = await register()
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'idp_unavailable'])
      expect(answer.headers['retry-after']).toBeDefined()
      expect(answer.headers).not.toHaveProperty('location')
    }
  })

  test('is no door for floods: ten a minute for an address', async () => {
    const from = (address: string) => register(client, { 'X-Forwarded-For': address })
    for (let i = 0; i < 10; i += 1) expect((await from('192.0.2.1')).status).toBe(201)
    const answer = await from('192.0.2.1')
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([429, 'quota_exceeded'])
    expect(answer.headers['retry-after']).toBe('60')
    expect((await from('192.0.2.2')).status).toBe(201)
    site.clock.advance(60_000)
    expect((await from('192.0.2.1')).status).toBe(201)
  })

  test('may be called by scripts of any origin, without credentials', async () => {
    const preflight = await send('OPTIONS', path, {
      Host: publicHost(),
      Origin: 'https://inspector.example',
      'Access-Control-Request-Method': 'POST',
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
    })
    expect(preflight.headers).not.toHaveProperty('access-control-allow-credentials')
  })
})
