import { describe, expect, test } from 'vitest'
import { anonymous } from '../../../src/model/identity.ts'
import type { Proof } from '../../../src/validate/authenticate.ts'
import { mcpCall, mcpPlaces, meantFor } from '../../../src/validate/mcp-places.ts'
import { mcpResource } from '../../support/mcp-resource.ts'
import { testRule } from '../../support/rule.ts'

const host = 'app.example.com'
const outer = mcpResource({ name: 'outer', challengedScopes: ['a', 'b'] })
const inner = mcpResource({ name: 'inner', path: '/mcp/inner', issuers: ['other'] })
const at = mcpPlaces([outer, inner, mcpResource({ name: 'case', path: '/Case' })])
const found = (path: string, from = host) => {
  const places = at(from, path)
  return places && [...places.resources.map(({ name }) => name), ...(places.outside ? ['out'] : [])]
}

describe('where a path lies', () => {
  test.each([
    ['/mcp', ['outer']],
    ['/mcp/', ['outer']],
    ['/mcp/x', ['outer']],
    ['/%6dcp', ['outer']],
    ['/mcp/inner', ['inner']],
    ['/mcp/inner/X', ['inner']],
    ['/mcp/innerx', ['outer']],
    ['/Case/x', ['case']],
  ])('%s is in %j', (path, expected) => {
    expect(found(path)).toEqual(expected)
  })

  test.each(['/', '/mcpx', '/x/mcp', '/x'])('%s is in none', (path) => {
    expect(found(path)).toBeUndefined()
    expect(found('/mcp', 'other.example.com')).toBeUndefined()
    expect(found('/mcp', 'app.example.com:8443')).toBeUndefined()
  })

  test.each([
    ['/MCP', ['outer', 'out']],
    ['/case', ['case', 'out']],
    ['/x/../mcp', ['outer', 'out']],
    ['/mcp/../x', ['outer', 'out']],
    ['/mcp;x=1', ['outer', 'out']],
    ['/mcp/x/../inner', ['outer', 'inner']],
    ['/mcp/INNER', ['outer', 'inner']],
  ])('%s is in every one that some reading leads to: %j', (path, expected) => {
    expect(found(path)).toEqual(expected)
  })
})

describe('an access token', () => {
  const token = (
    audiences: readonly string[],
    forResources = true,
    provider = 'default',
  ): Proof => {
    const identity = { ...anonymous, provider }
    return { kind: 'proven', identity, by: { identity, audiences, forResources } }
  }
  const passes = (proof: Proof, path: string) => meantFor(proof, at(host, path)) === proof
  const ofOuter = token([outer.resource])

  test('is good at the resource that it names, and nowhere else', () => {
    expect(passes(ofOuter, '/mcp')).toBe(true)
    expect(passes(ofOuter, '/mcp/inner')).toBe(false)
    expect(passes(ofOuter, '/page')).toBe(false)
    expect(passes(ofOuter, '/mcp/../page')).toBe(false)
  })

  test('needs an issuer of the resource', () => {
    expect(passes(token([inner.resource]), '/mcp/inner')).toBe(false)
    expect(passes(token([inner.resource], true, 'other'), '/mcp/inner')).toBe(true)
  })

  test('that is good elsewhere is none for a resource, unless it names that as well', () => {
    const usual = token(['api'], false)
    expect(passes(usual, '/page')).toBe(true)
    expect(passes(usual, '/mcp')).toBe(false)
    expect(passes(usual, '/x/../mcp')).toBe(false)
    const both = token(['api', outer.resource], false)
    for (const path of ['/page', '/mcp', '/mcp/../page']) expect(passes(both, path)).toBe(true)
  })

  test('has to name each resource that the path may lead to', () => {
    const path = '/mcp/x/../inner'
    expect(passes(token([outer.resource]), path)).toBe(false)
    expect(passes(token([outer.resource, inner.resource]), path)).toBe(false)
  })

  test('is refused as RFC 6750 says', () => {
    expect(meantFor(ofOuter, undefined)).toMatchObject({ kind: 'unproven', code: 'invalid_token' })
  })

  test('is the only credential with an audience', () => {
    const identity = { ...anonymous, provider: 'key' }
    const key: Proof = { kind: 'proven', identity, by: { identity } }
    expect(passes(key, '/mcp')).toBe(true)
    const none: Proof = { kind: 'unproven', code: 'unauthenticated', reason: 'x' }
    expect(passes(none, '/mcp')).toBe(true)
  })
})

test('a client is told every scope that the request needs, each once', () => {
  const rule = (scopes: string[]) => ({
    rule: testRule({ require: { roles: [], groups: [], scopes, when: [] } }),
    parameters: {},
  })
  expect(mcpCall(at(host, '/mcp'), [rule(['b', 'c']), rule(['d'])])).toEqual({
    resource: outer,
    scopes: ['a', 'b', 'c', 'd'],
  })
  expect(mcpCall(undefined, [rule(['c'])])).toEqual({ resource: undefined, scopes: ['c'] })
})
