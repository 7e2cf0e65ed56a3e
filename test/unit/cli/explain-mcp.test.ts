import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../../src/cli/run.ts'
import { complete } from '../config/environments.ts'
import { recordingTerminal } from './recording-terminal.ts'

const file = `
mcp: { notes: { resource: "https://app.example.com/mcp", scopes: [notes:read] } }
rules:
  - { name: never, match: { paths: [/mcp], mcp: { tools: ["drop, all"] } }, access: deny }
default: { access: any }`

describe('explain, of an MCP message', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'))
    writeFileSync(join(folder, 'gatehouse.yaml'), file)
    const person = { username: 'bob', scopes: ['notes:write'] }
    writeFileSync(join(folder, 'bob.json'), JSON.stringify(person))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function explain(...options: string[]) {
    const { terminal, lines } = recordingTerminal()
    const env = {
      ...complete,
      COOKIE_DOMAIN: 'example.com',
      CONFIG_FILE: join(folder, 'gatehouse.yaml'),
    }
    const question = ['explain', 'POST', 'https://app.example.com/mcp']
    const as = ['--as', join(folder, 'bob.json')]
    await run([...question, ...as, ...options], env, terminal)
    return lines.map((line) => line.trim().replaceAll(/ {2,}/g, ' | '))
  }

  test('shows the rule of its tool, also where the name has to be encoded', async () => {
    const lines = await explain('--mcp-method', 'tools/call', '--mcp-name', 'drop, all')
    expect(lines).toContain('rule | never (access: deny)')
    expect(lines.at(-1)).toBe('answer | 403 forbidden: the rule never denies')
  })

  test('shows the scopes of the resource', async () => {
    const lines = await explain('--mcp-method', 'tools/list')
    const fault = 'the MCP resource needs the scope notes:read'
    expect(lines).toContain(`default: scopes of the MCP resource | fails: ${fault}`)
    expect(lines.at(-1)).toBe(`answer | 403 insufficient_scope: ${fault}`)
  })

  test('shows why one that is not told is refused', async () => {
    expect((await explain()).at(-1)).toBe(
      'answer | 403 forbidden: rules tell MCP messages apart here, and there is no MCP-Protocol-Version',
    )
  })
})
