import type { JWTPayload } from 'jose'
import { expect } from 'vitest'
import { type Code, codes, errorWord } from '../../src/model/codes.ts'
import { accessToken } from './access-token.ts'
import type { TestGateway } from './gateway.ts'
import type { RawAnswer } from './raw-request.ts'

/** What clients of every revision send. */
export const mcpClient = { Accept: 'application/json, text/event-stream' }

/** The headers of a message as clients of revision 2026-07-28 send them. */
export const mcpMessage = (method: string, name?: string) => ({
  ...mcpClient,
  'X-Forwarded-Method': 'POST',
  'MCP-Protocol-Version': '2026-07-28',
  'Mcp-Method': method,
  ...(name !== undefined && { 'Mcp-Name': name }),
})

/** A path of the resource, as the proxy tells it. */
export const mcpAt = (path = '/mcp') => ({ 'X-Forwarded-Method': 'POST', 'X-Forwarded-Uri': path })

/** `Authorization` with a token of the provider. */
export async function bearer(site: TestGateway, claims: JWTPayload = {}) {
  return { Authorization: `Bearer ${await accessToken(site, claims)}` }
}

/** A refusal as clients of an MCP resource get it: JSON-RPC, and never a page to go to. */
export function expectMcpRefusal(answer: RawAnswer, code: Code, challenge?: string) {
  const { status, title } = codes[code]
  expect(answer.headers['content-type']).toBe('application/json')
  expect(JSON.parse(answer.body)).toMatchObject({
    jsonrpc: '2.0',
    id: null,
    error: { code: status, message: title, data: { status, code, error: errorWord(code) } },
  })
  expect(answer.status).toBe(status)
  expect(answer.headers).not.toHaveProperty('location')
  expect(answer.headers['www-authenticate']).toBe(challenge)
  expect(Buffer.byteLength(answer.body)).toBeLessThan(4_096)
}
