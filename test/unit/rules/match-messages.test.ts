import { describe, expect, test } from 'vitest'
import type { RuleSettings } from '../../../src/config/settings.ts'
import type { McpMatch, McpReading } from '../../../src/model/mcp.ts'
import { compileRules } from '../../../src/rules/compile-rules.ts'
import { unreachableRules } from '../../../src/rules/unreachable-rules.ts'
import { testRule, testRuleFor } from '../../support/rule.ts'

const app = { name: 'app', rules: [] }

/** Names of the rules that hold for a POST. */
function rulesWith(...rules: RuleSettings[]) {
  const rulesFor = compileRules({ rules, defaultRule: testRule(), publicPorts: new Set() })
  const names = (mcp: McpReading | undefined, path = '/mcp', method = 'POST') => {
    const request = { host: 'app.example.com', clientAddress: '192.0.2.1', path, method }
    return rulesFor(mcp ? { ...request, mcp } : request, app).map(({ rule }) => rule.name)
  }
  return { names, rulesFor }
}

const about = (mcp: McpMatch, name: string, changes: Partial<RuleSettings> = {}): RuleSettings => ({
  ...testRuleFor({ paths: ['/mcp'], mcp }, { name, access: 'any' }),
  ...changes,
})
const call = (name: string): McpReading => ({ kind: 'message', method: 'tools/call', name })
const read = (name: string, odd?: true): McpReading => ({
  ...{ kind: 'message', method: 'resources/read', name },
  ...(odd && { odd }),
})
const message = (method: string): McpReading => ({ kind: 'message', method })
const closed = ['MCP messages by their headers']

describe('a rule about MCP messages', () => {
  test('holds for the tools it names, also by their beginnings', () => {
    const { names } = rulesWith(about({ tools: ['delete_*', 'purge'] }, 'risky'))
    expect(names(call('delete_all'))).toEqual(['risky'])
    expect(names(call('delete_'))).toEqual(['risky'])
    expect(names(call('purge'))).toEqual(['risky'])
    expect(names(call('purge2'))).toEqual(['default'])
    expect(names(call('undelete_all'))).toEqual(['default'])
    expect(names({ kind: 'message', method: 'prompts/get', name: 'purge' })).toEqual(['default'])
    expect(names(message('tools/list'))).toEqual(['default'])
  })

  test('holds for methods, and for resources and prompts by their own lists', () => {
    const { names } = rulesWith(
      about({ methods: ['tools/*'], tools: ['*'] }, 'tools'),
      about({ resources: ['notes://*'], prompts: ['daily'] }, 'reading'),
      about({ methods: ['server/discover'] }, 'discovery'),
    )
    expect(names(call('x'))).toEqual(['tools'])
    expect(names(message('tools/list'))).toEqual(['default'])
    expect(names(read('notes://a'))).toEqual(['reading'])
    expect(names(read('file:///a'))).toEqual(['default'])
    expect(names({ kind: 'message', method: 'prompts/get', name: 'daily' })).toEqual(['reading'])
    expect(names(message('server/discover'))).toEqual(['discovery'])
  })

  test('that restricts holds for a name in any case, and one that permits for its own alone', () => {
    const { names } = rulesWith(
      about({ tools: ['delete_*'] }, 'denied', { access: 'deny' }),
      about({ tools: ['Read_*'] }, 'open'),
    )
    expect(names(call('DELETE_all'))).toEqual(['default', 'denied'])
    expect(names(call(' delete_all'))).toEqual(['default', 'denied'])
    expect(names(call('ｄelete_all'))).toEqual(['default', 'denied'])
    expect(names(call('Read_it'))).toEqual(['open'])
    expect(names(call('read_it'))).toEqual(['default', 'open'])
    const { names: byMethod } = rulesWith(about({ methods: ['tools/*'] }, 'tools'))
    expect(byMethod(message('Tools/List'))).toEqual(['default', 'tools'])
  })

  test('closes its paths, however they are written, to messages that are not known', () => {
    const rules = rulesWith(about({ tools: ['x'] }, 'x', { access: 'public' }))
    const unreadable: McpReading = { kind: 'unreadable', reason: 'there is no Mcp-Method' }
    for (const path of ['/mcp', '/mcp/', '/MCP', '/a/../mcp', '/%6dcp', '/mcp;v=1', '//mcp']) {
      expect(rules.names(unreadable, path), path).toEqual(closed)
      expect(rules.names(undefined, path), path).toEqual(closed)
    }
    expect(rules.names(unreadable, '/mcp/x')).toEqual(['default'])
    expect(rules.names(unreadable, '/mcpx')).toEqual(['default'])
    const [match] = rules.rulesFor(
      {
        ...{ host: 'a', method: 'POST', path: '/mcp', clientAddress: '192.0.2.1' },
        mcp: unreadable,
      },
      app,
    )
    expect(match.rule).toMatchObject({
      access: 'deny',
      reason: 'rules tell MCP messages apart here, and there is no Mcp-Method',
    })
  })

  test('does not matter to requests that carry no message, and only to those', () => {
    const { names } = rulesWith(about({ methods: ['*'] }, 'messages'))
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS'])
      expect(names(call('x'), '/mcp', method)).toEqual(['default'])
    for (const method of ['POST', 'PUT', 'PATCH', 'QUERY']) {
      expect(names(call('x'), '/mcp', method)).toEqual(['messages'])
      expect(names(undefined, '/mcp', method)).toEqual(closed)
    }
  })

  test('that names resources closes its paths to URIs with several readings', () => {
    const { names } = rulesWith(
      about({ resources: ['file:///public/*'] }, 'public'),
      testRuleFor({ paths: ['/other'], mcp: { tools: ['x'] } }, { name: 'tools', access: 'any' }),
    )
    expect(names(read('file:///public/x'))).toEqual(['public'])
    expect(names(read('file:///public/../secret', true))).toEqual(closed)
    expect(names(read('gitlab://a%2Fb', true), '/other')).toEqual(['default'])
  })

  test('is one of one host, where it says so', () => {
    const rule = about({ tools: ['x'] }, 'x')
    const hosts = [{ name: 'mcp.example.com', wildcard: false }]
    const { rulesFor } = rulesWith({ ...rule, match: { ...rule.match, hosts } })
    const at = (host: string) => ({ host, path: '/mcp' })
    expect(rulesFor.namesMessages(at('mcp.example.com'), app)).toBe(true)
    expect(rulesFor.namesMessages(at('app.example.com'), app)).toBe(false)
    expect(rulesFor.namesMessages({ host: 'mcp.example.com', path: '/x' }, app)).toBe(false)
  })

  test('does not hide a later rule that is about other messages', () => {
    const later = testRuleFor({ paths: ['/mcp'] }, { name: 'later' })
    expect(unreachableRules([about({ tools: ['x'] }, 'x'), later])).toEqual([])
    expect(unreachableRules([later, about({ tools: ['x'] }, 'x')])).toEqual([
      { name: 'x', by: 'later' },
    ])
    expect(unreachableRules([about({ tools: ['x'] }, 'x'), about({ tools: ['x'] }, 'y')])).toEqual([
      { name: 'y', by: 'x' },
    ])
  })
})
