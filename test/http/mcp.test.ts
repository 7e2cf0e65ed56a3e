import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '../support/agent.ts'
import { takeOver } from '../support/callers.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { answerAboutTokens } from '../support/introspection.ts'
import { bearer, expectMcpRefusal, mcpAt, mcpClient } from '../support/mcp.ts'

let site: TestGateway
const fileOf = (url: string, more = '') => `
mcp:
  notes: { resource: ${url}/mcp, title: Notes, scopes: [notes:read] }
${more}
default: { access: any }`
beforeAll(async () => {
  site = await startTestGateway({ file: fileOf })
})
afterAll(() => site[Symbol.asyncDispose]())

const resource = () => `${site.url}/mcp`
const metadataUrl = () => `${site.url}/.well-known/oauth-protected-resource/mcp`
const challenge = (error = '', scope = 'notes:read') =>
  `Bearer realm="gatehouse"${error && `, error="${error}"`}, scope="${scope}", resource_metadata="${metadataUrl()}"`
const ask = (headers: Readonly<Record<string, string>> = {}, path?: string) =>
  site.validate({ ...mcpClient, ...mcpAt(path), ...headers })
const forNotes = (claims = {}) => bearer(site, { aud: resource(), scope: 'notes:read', ...claims })

describe('a client without a good token', () => {
  test('is told where the metadata is and which scopes to ask for, and of no error', async () => {
    expectMcpRefusal(await ask(), 'unauthenticated', challenge())
    expectMcpRefusal(await ask({}, '/mcp/deeper/'), 'unauthenticated', challenge())
  })

  test('is told of the error where it sent a token', async () => {
    const answer = await ask({ Authorization: 'Bearer e30.e30.e30' })
    expectMcpRefusal(answer, 'invalid_token', challenge('invalid_token'))
  })

  test.each([
    ['a page', { Accept: 'text/html', 'X-Forwarded-Method': 'GET' }],
    ['a browser', { Accept: '*/*', 'Sec-Fetch-Mode': 'navigate', 'X-Forwarded-Method': 'GET' }],
    ['a frame', { Accept: '*/*', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }],
    ['an old one', { Accept: 'text/event-stream', 'X-Forwarded-Method': 'GET' }],
  ])('is never sent elsewhere, not even %s', async (_what, headers) => {
    const answer = await ask(headers)
    const { 'www-authenticate': told, ...others } = answer.headers
    expect(told).toBe(challenge())
    const usual = { ...others, 'www-authenticate': 'Bearer realm="gatehouse"' }
    expectRefusal({ ...answer, headers: usual }, 'unauthenticated')
  })

  test('may be a page of any origin, which reads the challenge without credentials', async () => {
    const foreign = (await ask({ Origin: 'https://inspector.example' })).headers
    expect(foreign).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'WWW-Authenticate',
    })
    expect(foreign).not.toHaveProperty('access-control-allow-credentials')
    expect((await ask({ Origin: site.url })).headers).toMatchObject({
      'access-control-allow-origin': site.url,
      'access-control-expose-headers': 'WWW-Authenticate',
    })
    const elsewhere = await ask({ Origin: 'https://inspector.example' }, '/page')
    expect(elsewhere.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('finds the metadata there, and can go on from it', async () => {
    const answer = await fetch(metadataUrl())
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json(;|$)/)
    expect(await answer.json()).toEqual({
      resource: resource(),
      authorization_servers: [site.idp.issuer],
      scopes_supported: ['notes:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes',
    })
  })

  test('is asked for the scopes of the rule as well', async () => {
    takeOver(
      site,
      fileOf(
        site.url,
        'rules: [{ match: { paths: [/mcp/admin] }, access: any, require: { scopes: [notes:admin, notes:read] } }]',
      ),
    )
    expectMcpRefusal(
      await ask({}, '/mcp/admin'),
      'unauthenticated',
      challenge('', 'notes:read notes:admin'),
    )
    expectMcpRefusal(await ask(), 'unauthenticated', challenge())
    expectMcpRefusal(
      await ask(await forNotes(), '/mcp/admin'),
      'insufficient_scope',
      challenge('insufficient_scope', 'notes:read notes:admin'),
    )
    expectPass(await ask(await forNotes({ scope: 'notes:admin notes:read' }), '/mcp/admin'))
    takeOver(site, fileOf(site.url))
  })
})

describe('a token', () => {
  test('passes that names the resource and has its scopes', async () => {
    expectPass(await ask(await forNotes()), { 'x-username': 'alice', 'x-auth-source': 'bearer' })
    expectPass(await ask(await forNotes(), '/mcp/deeper'))
    expectPass(await ask(await forNotes({ aud: ['other', resource()] })))
  })

  test('without the scopes is told all of them', async () => {
    const answer = await ask(await forNotes({ scope: 'other' }))
    expectMcpRefusal(answer, 'insufficient_scope', challenge('insufficient_scope'))
  })

  test('of another audience is taken here only where the resource says so', async () => {
    const audiences = 'audiences: [notes-api]'
    const named = fileOf(site.url).replace('scopes:', `${audiences}, scopes:`)
    expectMcpRefusal(
      await ask(await forNotes({ aud: 'notes-api' })),
      'invalid_token',
      challenge('invalid_token'),
    )
    takeOver(site, named)
    expectPass(await ask(await forNotes({ aud: 'notes-api' })))
    expectMcpRefusal(await ask(await forNotes()), 'invalid_token', challenge('invalid_token'))
    takeOver(site, fileOf(site.url))
  })

  test('that was asked about is held against the same audiences', async () => {
    const says = (claims: object) =>
      answerAboutTokens(site, {
        ...{ active: true, token_type: 'Bearer', sub: 'somebody', client_id: 'cli' },
        ...{ scope: 'notes:read', exp: Math.floor(site.clock.now() / 1_000) + 300 },
        ...claims,
      })
    const opaque = (token: string) => ({ Authorization: `Bearer ${token}` })
    says({ aud: resource() })
    expectPass(await ask(opaque('one')), { 'x-auth-source': 'introspection' })
    expectRefusal(await ask({ ...opaque('one'), Accept: '*/*' }, '/page'), 'invalid_token')
    says({ aud: 'other' })
    expectMcpRefusal(await ask(opaque('two')), 'invalid_token', challenge('invalid_token'))
    // Good for the gateway's own client, and for no resource.
    says({ client_id: 'gatehouse' })
    expectMcpRefusal(await ask(opaque('three')), 'invalid_token', challenge('invalid_token'))
    site.idp.intercept = undefined
  })
})

describe('other credentials', () => {
  test('count as elsewhere: a session needs the scopes, and its end is no error of a token', async () => {
    const { agent } = await site.signIn()
    const Cookie = agent.cookies.header(new URL(site.url))
    expectMcpRefusal(await ask({ Cookie }), 'insufficient_scope', challenge('insufficient_scope'))
    await agent.fetch(`${site.url}/auth/logout`, { headers: { 'sec-fetch-site': 'none' } })
    expectMcpRefusal(await ask({ Cookie }), 'session_expired', challenge())
  })
})

describe('metadata', () => {
  const wellKnown = '/.well-known/oauth-protected-resource'

  test.each([
    wellKnown,
    `${wellKnown}/`,
    `${wellKnown}/mcp/deeper`,
    `${wellKnown}/MCP`,
    `${wellKnown}/other`,
    `${wellKnown}/%6dcp`,
    `${wellKnown}x/mcp`,
    `${wellKnown}/${'x'.repeat(300)}`,
  ])('is not at %s: a document speaks of one resource', async (path) => {
    expect((await new Agent().fetch(site.url + path)).status).toBe(404)
  })

  test('may be read by scripts of any origin', async () => {
    const asked = { Origin: 'https://inspector.example', 'Access-Control-Request-Method': 'GET' }
    const preflight = await fetch(metadataUrl(), { method: 'OPTIONS', headers: asked })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      '*',
    ])
    const answer = await fetch(metadataUrl(), { headers: asked })
    for (const { headers } of [preflight, answer]) {
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    }
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
  })

  test('is of a resource of its own path, and of that alone', async () => {
    takeOver(site, `mcp: { all: { resource: "${site.url}" }, in: { resource: "${site.url}/in" } }`)
    const documents = ['', '/', '/in', '/in/'].map(async (path) => {
      const answer = await fetch(site.url + wellKnown + path)
      return ((await answer.json()) as { resource: string }).resource
    })
    expect(await Promise.all(documents)).toEqual([
      site.url,
      site.url,
      `${site.url}/in`,
      `${site.url}/in`,
    ])
    // Without scopes none is named, in the challenge neither.
    const told = (path: string) =>
      `Bearer realm="gatehouse", resource_metadata="${site.url}${wellKnown}${path}"`
    expectMcpRefusal(await ask({}, '/x'), 'unauthenticated', told(''))
    expectMcpRefusal(await ask({}, '/in/x'), 'unauthenticated', told('/in'))
    takeOver(site, fileOf(site.url))
  })
})

test('without mcp in the settings nothing is told, and nothing is there', async () => {
  takeOver(site, 'default: { access: any }')
  expectRefusal(await ask({ Accept: '*/*' }), 'unauthenticated')
  expectRefusal(await ask(), 'unauthenticated')
  for (const path of ['oauth-protected-resource/mcp', 'oauth-authorization-server'])
    expect((await fetch(`${site.url}/.well-known/${path}`)).status).toBe(404)
  takeOver(site, fileOf(site.url))
})
