import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audience } from '../../support/access-token.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { bearer, expectMcpRefusal, mcpAt, mcpClient } from '../../support/mcp.ts'

let site: TestGateway
beforeAll(async () => {
  site = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience },
    file: (url) => `
mcp:
  notes: { resource: ${url}/mcp, scopes: [notes:read] }
  tasks: { resource: ${url}/mcp/tasks }
rules: [{ match: { paths: [/mcp] }, access: any, query_token: access_token }]
default: { access: any }`,
  })
})
afterAll(() => site[Symbol.asyncDispose]())

const notes = () => `${site.url}/mcp`
const tasks = () => `${site.url}/mcp/tasks`
const metadata = (path: string) =>
  `resource_metadata="${site.url}/.well-known/oauth-protected-resource${path}"`
const ask = async (path: string, claims: Readonly<Record<string, unknown>>) =>
  site.validate({
    ...mcpClient,
    ...mcpAt(path),
    ...(await bearer(site, { scope: 'notes:read', ...claims })),
  })
const expectUnfit = async (path: string, claims: Readonly<Record<string, unknown>>) =>
  expectMcpRefusal(
    await ask(path, claims),
    'invalid_token',
    `Bearer realm="gatehouse", error="invalid_token", scope="notes:read", ${metadata('/mcp')}`,
  )

describe('B-08 a token for the resource is one that names it', () => {
  test.each<[string, (uri: string) => unknown]>([
    ['the audience of the other paths', () => audience],
    ['a part of the URI', (uri) => uri.slice(0, -1)],
    ['the URI and more', (uri) => `${uri}/tasks`],
    ['the URI with a slash', (uri) => `${uri}/`],
    ['the URI in another case', (uri) => uri.toUpperCase()],
    ['the origin', (uri) => new URL(uri).origin],
    ['the URI in a text with others', (uri) => `x ${uri}`],
    ['the URI beside what is no text', (uri) => [uri, 1]],
    ['the URI in a list in a list', (uri) => [[uri]]],
    ['the URI as a key', (uri) => ({ [uri]: true })],
    ['nothing', () => undefined],
    ['nobody', () => []],
  ])('and not %s', async (_what, aud) => {
    await expectUnfit('/mcp', { aud: aud(notes()) })
  })

  test('in whichever way its path is written', async () => {
    for (const path of ['/mcp', '/MCP', '//mcp', '/mcp;x', '/%6dcp', '/page/../mcp'])
      await expectUnfit(path, { aud: audience })
  })
})

describe('B-11 a token for one resource is good for no other', () => {
  test('above, below or beside it', async () => {
    expectPass(await ask('/mcp/tasks', { aud: tasks() }))
    await expectUnfit('/mcp', { aud: tasks() })
    expectMcpRefusal(
      await ask('/mcp/tasks', { aud: notes() }),
      'invalid_token',
      `Bearer realm="gatehouse", error="invalid_token", ${metadata('/mcp/tasks')}`,
    )
  })

  test('nor for the app around it, however the path is written', async () => {
    for (const path of ['/page', '/mcpx', '/'])
      expectRefusal(await ask(path, { aud: [notes(), tasks()] }), 'invalid_token')
    for (const path of ['/mcp/../page', '/mcp/%2e%2e/page', '/mcp/..;/page', '/mcp%2f..%2fpage'])
      expect((await ask(path, { aud: [notes(), tasks()] })).status, path).toBe(401)
  })

  test('and one for the app and the resource is good for both', async () => {
    const aud = [audience, notes()]
    expectPass(await ask('/page', { aud }))
    expectPass(await ask('/mcp', { aud }))
  })

  test('also from memory: what it was taken for first changes nothing', async () => {
    const headers = await bearer(site, { aud: notes(), scope: 'notes:read', jti: 'one' })
    const again = (path: string) => site.validate({ ...mcpClient, ...mcpAt(path), ...headers })
    for (let round = 0; round < 2; round += 1) {
      expectPass(await again('/mcp'))
      expectRefusal(await again('/page'), 'invalid_token')
    }
  })
})

test.each([
  ['longer', 'notes:read:all'],
  ['a part', 'notes:rea notes read'],
  ['in capitals', 'Notes:Read'],
  ['missing', undefined],
])('B-22 a scope of the resource that is %s', async (_what, scope) => {
  expectMcpRefusal(
    await ask('/mcp', { aud: notes(), scope }),
    'insufficient_scope',
    `Bearer realm="gatehouse", error="insufficient_scope", scope="notes:read", ${metadata('/mcp')}`,
  )
})

test('B-19 a token in the query is none', async () => {
  const { Authorization = '' } = await bearer(site, { aud: notes(), scope: 'notes:read' })
  const token = Authorization.replace('Bearer ', '')
  expectMcpRefusal(
    await site.validate({ ...mcpClient, ...mcpAt(`/mcp?access_token=${token}`) }),
    'unauthenticated',
    `Bearer realm="gatehouse", scope="notes:read", ${metadata('/mcp')}`,
  )
})

test('B-25 nothing of a token comes back, whoever asks', async () => {
  const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }
  const answer = await site.validate({ ...mcpAt(), ...page, Authorization: 'Bearer <b>"x' })
  expect(answer.status).toBe(401)
  expect(answer.headers).not.toHaveProperty('location')
  expect(JSON.stringify(answer)).not.toContain('<b>')
})
