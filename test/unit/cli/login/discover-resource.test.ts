import { describe, expect, test } from 'vitest'
import { challengeParameters } from '../../../../src/cli/login/discover-resource.ts'
import { plain } from '../../../../src/cli/login/failure.ts'
import { covers, resourceUrl } from '../../../../src/cli/login/resource-url.ts'

const metadata = 'https://api.example.com/.well-known/oauth-protected-resource'

describe('challengeParameters', () => {
  test.each([
    ['alone', `Bearer resource_metadata="${metadata}"`],
    ['after others', `Bearer realm="x", error="invalid_token",resource_metadata="${metadata}"`],
    ['of the second challenge', `Basic realm="x", Bearer resource_metadata="${metadata}"`],
    ['without quotes, in capitals', `bearer RESOURCE_METADATA=${metadata}`],
    ['twice', `Bearer resource_metadata="${metadata}", resource_metadata="https://evil.example/"`],
    [
      'after a text that looks like one',
      String.raw`Bearer error_description="\", resource_metadata=\"https://evil.example/", resource_metadata="${metadata}"`,
    ],
  ])('finds a parameter %s', (_, header) => {
    expect(challengeParameters(header).resource_metadata).toBe(metadata)
  })

  test('reads scopes, and nothing where nothing is', () => {
    expect(challengeParameters('Bearer scope="tools:read tools:write"').scope).toBe(
      'tools:read tools:write',
    )
    expect(challengeParameters('Negotiate')).toEqual({})
    expect(challengeParameters('')).toEqual({})
  })
})

describe('covers', () => {
  const url = new URL('https://api.example.com/mcp/tools')
  test.each([
    'https://api.example.com',
    'https://api.example.com/',
    'https://api.example.com/mcp',
    'https://api.example.com/mcp/',
    'https://api.example.com/mcp/tools',
  ])('%s covers it', (resource) => expect(covers(resource, url)).toBe(true))

  test.each([
    'https://api.example.com/mc',
    'https://api.example.com/mcp/tools/x',
    'https://api.example.com:8443/',
    'http://api.example.com/',
    'https://api.example.com.evil.example/',
    'https://evil.example/mcp',
    'https://me@api.example.com/',
    'https://api.example.com/?x=1',
    'https://api.example.com/#mcp',
    'https://api.example\n.com/',
    'mcp',
  ])('%j does not', (resource) => expect(covers(resource, url)).toBe(false))
})

describe('resourceUrl', () => {
  test('is origin and path', () => {
    expect(resourceUrl('https://api.example.com/a?b=c#d').href).toBe('https://api.example.com/a')
    expect(resourceUrl('http://app.localhost:8000').href).toBe('http://app.localhost:8000/')
  })

  test.each([
    ['api.example.com', 'is no URL'],
    ['ftp://api.example.com', 'is no URL'],
    ['https://me:secret@api.example.com', 'is no URL'],
    ['http://api.example.com/', 'plain http'],
  ])('refuses %s', (text, message) => expect(() => resourceUrl(text)).toThrow(message))
})

test('plain leaves nothing that a terminal would obey', () => {
  expect(plain('a\u001b[31mb\r\nc\u009bd\u202ee')).toBe('a\uFFFD[31mb\uFFFD\uFFFDc\uFFFDd\uFFFDe')
})
