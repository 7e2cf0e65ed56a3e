import { describe, expect, test } from 'vitest'
import { publicMetadata } from '../../../src/mcp/authorization-server-metadata.ts'
import { resourceMetadataUrl, withResource } from '../../../src/mcp/challenge.ts'
import { resourceAt, resourceMetadata } from '../../../src/mcp/resource-metadata.ts'
import { mcpResource } from '../../support/mcp-resource.ts'
import { testSite } from '../../support/site.ts'

describe('metadata of a resource', () => {
  test('names the issuers themselves, and what is known of the resource', () => {
    const issuers = { default: 'https://idp.example/realms/main', other: 'https://other.example' }
    const issuerOf = (name: string) => issuers[name as keyof typeof issuers]
    const full = mcpResource({
      issuers: ['default', 'other'],
      title: 'Notes "A"',
      challengedScopes: ['notes:read'],
    })
    expect(resourceMetadata(full, issuerOf)).toEqual({
      resource: 'https://app.example.com/mcp',
      authorization_servers: ['https://idp.example/realms/main', 'https://other.example'],
      scopes_supported: ['notes:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes "A"',
    })
    expect(Object.keys(resourceMetadata(mcpResource(), issuerOf))).toEqual([
      'resource',
      'authorization_servers',
      'bearer_methods_supported',
    ])
  })

  test.each([
    ['https://auth.example.com', '', 'https://auth.example.com/%/app.example.com/mcp'],
    ['https://auth.example.com', '/gate', 'https://auth.example.com/gate/%/app.example.com/mcp'],
    ['https://app.example.com', '', 'https://app.example.com/%/mcp'],
    ['https://app.example.com', '/gate', 'https://app.example.com/gate/%/app.example.com/mcp'],
  ])('is where the gateway is: at %s%s it is %s', (origin, basePath, url) => {
    const site = testSite({ origin, host: new URL(origin).host, basePath })
    const expected = url.replace('%', '.well-known/oauth-protected-resource')
    expect(resourceMetadataUrl(site, mcpResource())).toBe(expected)
  })

  test('is found by host and path, or on a public host with both in the path', () => {
    const all = [mcpResource(), mcpResource({ path: '', name: 'root' })]
    const find = (host: string, below: string) =>
      resourceAt(all, { host, below }, ['auth.example.com'])?.name
    expect(find('app.example.com', '/mcp')).toBe('notes')
    expect(find('app.example.com', '/mcp/')).toBe('notes')
    expect(find('app.example.com', '')).toBe('root')
    expect(find('auth.example.com', '/app.example.com/mcp')).toBe('notes')
    expect(find('auth.example.com', '/app.example.com')).toBe('root')
    expect(find('auth.example.com', '/mcp')).toBeUndefined()
    expect(find('app.example.com', '/app.example.com/mcp')).toBeUndefined()
    expect(find('app.example.com:8443', '/mcp')).toBeUndefined()
  })
})

test('a challenge names scopes where there are some', () => {
  const metadataUrl = 'https://auth.example.com/m'
  expect(withResource('Bearer realm="x"', { scopes: ['a', 'b'], metadataUrl })).toBe(
    'Bearer realm="x", scope="a b", resource_metadata="https://auth.example.com/m"',
  )
  expect(withResource('Bearer realm="x"', { scopes: [], metadataUrl })).toBe(
    'Bearer realm="x", resource_metadata="https://auth.example.com/m"',
  )
})

describe('metadata of an issuer', () => {
  const address = { issuer: 'https://idp.example/realms/main', internalOrigin: 'http://idp:8080' }
  const metadata = {
    issuer: address.issuer,
    token_endpoint: 'http://idp:8080/realms/main/token',
    jwks_uri: 'http://idp:80801/keys',
    registration_endpoint: 'http://idp:8080/register',
    mtls_endpoint_aliases: { token_endpoint: 'http://idp:8080/token' },
    scopes_supported: ['openid', 'http://idp:8080/scope'],
    request_uri_parameter_supported: true,
  }

  test('names no address inside', () => {
    const told = publicMetadata(metadata, address, undefined)
    expect(told).toEqual({
      issuer: address.issuer,
      token_endpoint: 'https://idp.example/realms/main/token',
      jwks_uri: 'http://idp:80801/keys',
      mtls_endpoint_aliases: { token_endpoint: 'https://idp.example/token' },
      scopes_supported: ['openid', 'https://idp.example/scope'],
      request_uri_parameter_supported: true,
    })
  })

  test('is as it is without an internal address', () => {
    const { registration_endpoint: _, ...rest } = metadata
    expect(publicMetadata(metadata, { issuer: address.issuer }, undefined)).toEqual(rest)
  })

  test('leads to our registration only where the issuer has one', () => {
    const ours = 'https://auth.example.com/auth/mcp/notes/register'
    expect(publicMetadata(metadata, address, ours)).toMatchObject({ registration_endpoint: ours })
    const { registration_endpoint: _, ...without } = metadata
    expect(publicMetadata(without, address, ours)).not.toHaveProperty('registration_endpoint')
  })

  test('tells of client ID metadata documents where the issuer does', () => {
    const name = 'client_id_metadata_document_supported'
    expect(publicMetadata(metadata, address, undefined)).not.toHaveProperty(name)
    for (const says of [true, false])
      expect(publicMetadata({ ...metadata, [name]: says }, address, undefined)).toMatchObject({
        [name]: says,
      })
  })
})
