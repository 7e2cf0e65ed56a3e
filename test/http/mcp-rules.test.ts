import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { takeOver } from '../support/callers.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { bearer, expectMcpRefusal, mcpAt, mcpClient, mcpMessage } from '../support/mcp.ts'

let site: TestGateway
const resourceOf = (url: string) => `mcp: { notes: { resource: ${url}/mcp, scopes: [notes:read] } }`
const fileOf = (url: string) => `
${resourceOf(url)}
rules:
  - name: never
    match: { paths: [/mcp], mcp: { tools: [drop_*] } }
    access: deny
  - name: deleting
    match: { paths: [/mcp], mcp: { tools: [delete_*] } }
    access: any
    require: { scopes: [notes:write] }
    quota: { user: 2/hour }
  - name: public pages
    match: { paths: [/mcp], mcp: { resources: ["notes://public/*"] } }
    access: any
  - name: pages
    match: { paths: [/mcp], mcp: { methods: [resources/read] } }
    access: any
    require: { roles: [admin] }
default: { access: any }`
beforeAll(async () => {
  site = await startTestGateway({ file: fileOf })
})
afterAll(() => site[Symbol.asyncDispose]())

const token = (claims = {}) =>
  bearer(site, { aud: `${site.url}/mcp`, scope: 'notes:read notes:write', ...claims })
const send = async (headers: Readonly<Record<string, string | readonly string[]>>, claims = {}) =>
  site.validate({ ...(await token(claims)), ...mcpAt(), ...headers })
const lastLine = () => site.log.findLast(({ event }) => event === 'decision')

describe('rules by messages', () => {
  test('deny tools, also in another case or encoded, before anybody is looked at', async () => {
    for (const name of ['drop_all', 'DROP_all', '=?base64?ZHJvcF9hbGw=?=']) {
      const nobody = { ...mcpAt(), ...mcpMessage('tools/call', name) }
      expectMcpRefusal(await site.validate(nobody), 'forbidden')
      expect(lastLine()).toMatchObject({ rule: 'never', audit: true, mcp_method: 'tools/call' })
    }
    expect(lastLine()).toMatchObject({ mcp_name: 'drop_all' })
  })

  test('ask for more scopes for some tools, all of them at once', async () => {
    const answer = await send(mcpMessage('tools/call', 'delete_one'), { scope: 'notes:read' })
    const metadata = `${site.url}/.well-known/oauth-protected-resource/mcp`
    expectMcpRefusal(
      answer,
      'insufficient_scope',
      `Bearer realm="gatehouse", error="insufficient_scope", scope="notes:read notes:write", resource_metadata="${metadata}"`,
    )
    expectPass(await send(mcpMessage('tools/call', 'read_one'), { scope: 'notes:read' }))
    expectPass(await send(mcpMessage('tools/list'), { scope: 'notes:read' }))
  })

  test('count calls of tools by their rule', async () => {
    const ask = (name: string) => send(mcpMessage('tools/call', name), { sub: 'somebody else' })
    expectPass(await ask('delete_one'))
    expectPass(await ask('delete_two'))
    expectMcpRefusal(await ask('delete_three'), 'quota_exceeded')
    expectPass(await ask('read_one'))
  })

  test('tell resources apart by their URIs, and refuse those that lead elsewhere', async () => {
    const readPage = (uri: string) => send(mcpMessage('resources/read', uri))
    expectPass(await readPage('notes://public/x'))
    expectMcpRefusal(await readPage('notes://secret'), 'forbidden')
    expectMcpRefusal(await readPage('notes://public/../secret'), 'forbidden')
    expect(lastLine()?.reason).toContain('may be resolved to another one')
  })

  test('leave what carries no message to the other rules, and tell it in no log line', async () => {
    for (const method of ['GET', 'DELETE']) {
      expectPass(await send({ ...mcpClient, 'X-Forwarded-Method': method }))
      expect(lastLine()).toMatchObject({ rule: 'default' })
      expect(lastLine()).not.toHaveProperty('mcp_method')
    }
  })

  test('are told in the log, with messages that pass', async () => {
    expectPass(await send(mcpMessage('tools/call', '=?base64?bGlyZV9jYWbDqSI=?=')))
    expect(lastLine()).toMatchObject({
      ...{ code: 'allow', rule: 'default' },
      ...{ mcp_method: 'tools/call', mcp_name: 'lire_café"' },
    })
    expectPass(await send(mcpMessage('tools/call', `x${'y'.repeat(2_000)}`)))
    expect(lastLine()?.mcp_name).toBe(`x${'y'.repeat(199)}…`)
  })
})

describe('on a path that rules about messages name', () => {
  const full = mcpMessage('tools/call', 'read_one')
  const without = (name: string) =>
    Object.fromEntries(Object.entries(full).filter(([header]) => header !== name))

  test.each<[string, Readonly<Record<string, string | readonly string[]>>, string]>([
    ['no version', without('MCP-Protocol-Version'), 'no MCP-Protocol-Version'],
    ['an older version', { ...full, 'MCP-Protocol-Version': '2025-11-25' }, '2026-07-28 and later'],
    ['no method', without('Mcp-Method'), 'no Mcp-Method'],
    ['no name', without('Mcp-Name'), 'no Mcp-Name'],
    ['a name that is none', { ...full, 'Mcp-Name': '=?base64?x?=' }, 'the Mcp-Name is no name'],
    [
      'P-04 two names',
      { ...full, 'Mcp-Name': ['read_one', 'drop_all'] },
      'mcp-name is there twice',
    ],
    ['P-04 one method twice', { ...full, 'Mcp-Method': ['tools/call', 'tools/call'] }, 'twice'],
    [
      'P-04 two versions',
      { ...full, 'MCP-Protocol-Version': ['2026-07-28', '2025-11-25'] },
      'mcp-protocol-version is there twice',
    ],
  ])('a message with %s is refused, whoever sends it', async (_what, headers, reason) => {
    expectMcpRefusal(await send({ ...mcpClient, ...headers }), 'forbidden')
    expect(lastLine()).toMatchObject({ rule: 'MCP messages by their headers' })
    expect(lastLine()?.reason).toContain(reason)
  })

  test.each(['/MCP', '//mcp', '/mcp;x', '/a/../mcp', '/%6Dcp'])(
    'however it is written: %s',
    async (path) => {
      expectMcpRefusal(await send({ ...mcpClient, 'X-Forwarded-Uri': path }), 'forbidden')
    },
  )

  test.each([
    ['P-05 an underscore', { Mcp_Name: 'drop_all' }],
    ['P-05 a dot', { 'Mcp.Method': 'tools/list' }],
    ['H-04 Connection, which takes the version away', { Connection: 'MCP-Protocol-Version' }],
    ['H-04 Connection, which takes the name away', { Connection: 'close, mcp-name' }],
  ])('a header that others read otherwise is refused: %s', async (_what, headers) => {
    expectRefusal(await send({ ...full, ...headers, Accept: '*/*' }), 'bad_forwarded_request')
  })

  test('a page is a program, also without a resource', async () => {
    takeOver(site, fileOf(site.url).replace(resourceOf(site.url), ''))
    const page = { ...mcpAt(), 'X-Forwarded-Method': 'GET', Accept: 'text/html' }
    expectRefusal(await site.validate(page), 'unauthenticated')
    expectRefusal(await site.validate({ ...page, ...mcpAt('/mcp') }), 'forbidden')
    expectMcpRefusal(
      await site.validate({ ...mcpAt(), ...mcpMessage('tools/list') }),
      'unauthenticated',
      'Bearer realm="gatehouse"',
    )
    takeOver(site, fileOf(site.url))
  })
})

test('without rules about messages older versions pass, and their headers are not believed', async () => {
  takeOver(site, `${resourceOf(site.url)}\ndefault: { access: any }`)
  const older = {
    'MCP-Protocol-Version': '2025-06-18',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'a',
  }
  for (const headers of [mcpClient, { ...mcpClient, ...older }]) {
    expectPass(await send(headers))
    expect(lastLine()).not.toHaveProperty('mcp_method')
  }
  takeOver(site, fileOf(site.url))
})
