import { describe, expect, test } from 'vitest'
import { asymmetricAlgorithms } from '../../../src/config/issuer-settings.ts'
import { problemsOf, settingsOf, warningsOf } from './environments.ts'

const main = 'https://idp.example.com/realms/main'
const audience = { AUTH_ALLOWED_AUDIENCES: 'api' }
const noClient = { OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' }
const noProvider = { ...noClient, OIDC_ISSUER: '' }
const staff = {
  OIDC_PROVIDERS: 'staff',
  OIDC_STAFF_ISSUER: 'https://idp.example.com/realms/staff',
  OIDC_STAFF_CLIENT_ID: 'gatehouse',
  OIDC_STAFF_CLIENT_SECRET: 'of-staff',
}
const missing = (name: string) =>
  `AUTH_ALLOWED_AUDIENCES: is missing, and ${name} set: without it, a token that was made for any other service would be taken; for example AUTH_ALLOWED_AUDIENCES=https://api.example.com`

describe('bearer tokens', () => {
  test('are refused until there is an audience', () => {
    expect(settingsOf().issuers).toEqual([])
  })

  test('of OIDC_ISSUER are taken with one, as its provider is set up', () => {
    const { issuers, providers } = settingsOf({
      AUTH_AUDIENCE: 'api',
      KEYCLOAK_AUDIENCE: 'reports',
      OIDC_INTERNAL_URL: 'http://keycloak:8080',
      ALLOW: 'role:admin',
      AUTH_REQUIRED_SCOPE: 'call,read',
      KEYCLOAK_JWKS_URI: 'http://keycloak:8080/certs',
    })
    expect(issuers).toEqual([
      {
        name: 'default',
        issuer: main,
        internalOrigin: 'http://keycloak:8080',
        audiences: ['api', 'reports'],
        algorithms: asymmetricAlgorithms,
        jwksUri: 'http://keycloak:8080/certs',
        keyRecheckMs: 3_600_000,
        introspection: 'opaque',
        client: {
          clientId: 'gatehouse',
          clientSecret: 'of-the-client',
          clientAuth: 'client_secret_basic',
        },
        requiredScopes: ['call', 'read'],
        trustsClaims: true,
        allow: [{ kind: 'role', value: 'admin' }],
        claims: providers[0]?.claims,
        serviceMarkers: {},
      },
    ])
  })

  test('are not introspected for a public client', () => {
    const { issuers } = settingsOf({
      ...audience,
      ...noClient,
      OIDC_CLIENT_ID: 'a',
      OIDC_CLIENT_AUTH: 'none',
    })
    expect(issuers[0]?.introspection).toBe('off')
  })

  test('of other issuers give no roles; those of providers are as these', () => {
    const { issuers } = settingsOf({
      ...audience,
      ...staff,
      ALLOW: 'group:ops',
      AUTH_TRUSTED_ISSUERS: `https://Partner.example.com/realms/x/,${staff.OIDC_STAFF_ISSUER},${main}`,
    })
    expect(issuers.map(({ name, introspection }) => [name, introspection])).toEqual([
      ['partner-example-com-realms-x', 'off'],
      ['staff', 'opaque'],
      ['default', 'off'],
    ])
    expect(issuers[0]).toEqual({
      name: 'partner-example-com-realms-x',
      issuer: 'https://Partner.example.com/realms/x/',
      audiences: ['api'],
      algorithms: asymmetricAlgorithms,
      keyRecheckMs: 3_600_000,
      introspection: 'off',
      requiredScopes: [],
      trustsClaims: false,
      allow: [{ kind: 'group', value: 'ops' }],
      claims: { roles: [], groups: [], groupsAllowlist: [], kept: [], admins: [] },
      serviceMarkers: {},
    })
    expect(issuers[1]?.claims.roles).toEqual(['realm_access.roles', 'roles'])
  })

  test('AUTH_TRUSTED_ISSUERS may leave OIDC_ISSUER out', () => {
    const { issuers } = settingsOf({ ...audience, AUTH_TRUSTED_ISSUERS: 'https://p.example' })
    expect(issuers.map(({ name }) => name)).toEqual(['p-example'])
  })

  test.each([
    [{ AUTH_TRUSTED_ISSUERS: main }, 'AUTH_TRUSTED_ISSUERS is'],
    [{ AUTH_REQUIRED_SCOPE: 'api' }, 'AUTH_REQUIRED_SCOPE is'],
    [{ AUTH_MODE: 'direct_keycloak' }, 'AUTH_MODE=direct_keycloak is'],
    [
      { AUTH_TRUSTED_ISSUERS: main, AUTH_REQUIRED_SCOPE: 'api' },
      'AUTH_TRUSTED_ISSUERS and AUTH_REQUIRED_SCOPE are',
    ],
  ])('B-08 with %o the start is refused without an audience', (changes, name) => {
    expect(problemsOf(changes)).toEqual([missing(name)])
  })

  test.each([
    [{ AUTH_ALLOWED_AUDIENCES: ' , ' }, /^AUTH_ALLOWED_AUDIENCES: lists nothing/],
    [
      { ...audience, AUTH_TRUSTED_ISSUERS: 'partner.example' },
      /^AUTH_TRUSTED_ISSUERS: "partner.example" is not an http or https URL/,
    ],
    [
      { ...audience, AUTH_TRUSTED_ISSUERS: 'http://partner.example' },
      /^AUTH_TRUSTED_ISSUERS: "http:\/\/partner.example" must be https/,
    ],
    [
      { ...audience, AUTH_TRUSTED_ISSUERS: 'https://a.example/b,https://a.example.b' },
      /^AUTH_TRUSTED_ISSUERS: "https:\/\/a.example.b" would have the name a-example-b, as has "https:\/\/a.example\/b"/,
    ],
    [
      { ...audience, AUTH_TRUSTED_ISSUERS: 'https://accounts.google.com' },
      /^ALLOW: is missing, and anyone can register at accounts.google.com/,
    ],
    [
      { ...audience, AUTH_JWKS_URI: 'http://idp.example.com/certs' },
      /^AUTH_JWKS_URI: "http:.*" must be https, or whoever is on the way could answer with keys/,
    ],
    [
      { ...audience, AUTH_JWKS_URI: 'certs' },
      /^AUTH_JWKS_URI: "certs" is not an http or https URL without credentials and fragment/,
    ],
    [
      { ...audience, AUTH_REQUIRED_SCOPE: 'a b' },
      /^AUTH_REQUIRED_SCOPE: "a b" is not a scope; separate scopes by commas; for example .*=api,reports$/,
    ],
    [
      { AUTH_MODE: 'direct' },
      /^AUTH_MODE: "direct" is none of kong_headers, direct_keycloak, bypass/,
    ],
  ])('%o is refused', (changes, message) => {
    expect(problemsOf(changes)).toEqual([expect.stringMatching(message)])
  })

  test('keys may be at an address with a query', () => {
    const uri = 'https://idp.example.com/keys?p=policy'
    expect(settingsOf({ ...audience, AUTH_JWKS_URI: uri }).issuers[0]?.jwksUri).toBe(uri)
  })

  test('what has no effect is a warning', () => {
    expect(warningsOf({ AUTH_JWKS_URI: 'https://idp.example.com/keys' })).toEqual([
      'AUTH_JWKS_URI: has no effect without AUTH_ALLOWED_AUDIENCES',
    ])
    const open = { ...noProvider, ...audience, AUTH_ENABLED: 'false', ALLOW_INSECURE: 'true' }
    expect(warningsOf(open)).toContainEqual(
      expect.stringMatching(/^AUTH_ALLOWED_AUDIENCES: has no effect: there is no issuer whose/),
    )
  })

  test('an issuer that differs from a provider by a slash is a warning', () => {
    expect(warningsOf({ ...audience, AUTH_TRUSTED_ISSUERS: `${main}/` })).toEqual([
      `AUTH_TRUSTED_ISSUERS: "${main}/" is not the issuer of the provider default, which is "${main}": issuers are compared exactly`,
    ])
  })
})

describe('without OIDC_CLIENT_ID', () => {
  test('nobody signs in, and tokens of OIDC_ISSUER are taken', () => {
    const { providers, issuers } = settingsOf({
      ...noClient,
      ...audience,
      OIDC_INTERNAL_URL: 'http://keycloak:8080',
      AUTH_ROLES_CLAIM: 'r',
    })
    expect(providers).toEqual([])
    expect(issuers).toMatchObject([
      {
        name: 'default',
        issuer: main,
        internalOrigin: 'http://keycloak:8080',
        audiences: ['api'],
        introspection: 'off',
        claims: { roles: ['r'], groups: ['groups'] },
      },
    ])
    expect(issuers[0]).not.toHaveProperty('client')
    expect(warningsOf({ ...noClient, ...audience })).toEqual([])
  })

  test('a secret is not used, and that is a warning', () => {
    expect(warningsOf({ ...audience, OIDC_CLIENT_ID: '' })).toEqual([
      'OIDC_CLIENT_SECRET: is not used without OIDC_CLIENT_ID: nobody signs in',
    ])
  })

  test('and without an audience the id is missing, with both ways out', () => {
    expect(problemsOf({ OIDC_CLIENT_ID: '' })).toEqual([
      "OIDC_CLIENT_ID: is missing: the gateway's client id at the provider; without one nobody signs in, and bearer tokens need AUTH_ALLOWED_AUDIENCES; for example OIDC_CLIENT_ID=gatehouse",
    ])
  })

  test.each([
    [{ OIDC_ISSUER: 'http://idp.example.com' }, /^OIDC_ISSUER: .* must be https/],
    [{ OIDC_ISSUER: 'https://gitlab.com' }, /^ALLOW: is missing, and anyone can register/],
    [{ OIDC_INTERNAL_URL: 'keycloak' }, /^OIDC_INTERNAL_URL: "keycloak" is not an origin/],
    [{ OIDC_CA: 'x' }, /^OIDC_CA: is not one or more certificates/],
  ])('the issuer is checked all the same: %o', (changes, message) => {
    expect(problemsOf({ ...noClient, ...audience, ...changes })).toEqual([
      expect.stringMatching(message),
    ])
  })

  test('AUTH_TRUSTED_ISSUERS are enough, and what belongs to OIDC_ISSUER is refused', () => {
    const changes = { ...noProvider, ...audience, AUTH_TRUSTED_ISSUERS: 'https://p.example' }
    const { providers, issuers } = settingsOf(changes)
    expect([providers, issuers.map(({ name }) => name)]).toEqual([[], ['p-example']])
    expect(problemsOf({ ...changes, OIDC_CLIENT_SECRET: 'x' })).toEqual([
      expect.stringMatching(
        /^OIDC_CLIENT_SECRET: belongs to the provider of OIDC_ISSUER, which is/,
      ),
    ])
  })

  test('a provider cannot have the name that OIDC_ISSUER has', () => {
    const file =
      'providers: { default: { issuer: "https://p.example", client_id: a, client_auth: none } }'
    const changes = { ...noClient, ...audience, CONFIG_FILE: '/f' }
    expect(problemsOf(changes, { '/f': file })).toContainEqual(
      expect.stringMatching(/^OIDC_ISSUER: has the name default, as has a provider/),
    )
  })
})

describe('AUTH_MODE=direct_keycloak', () => {
  const direct = { ...audience, AUTH_MODE: 'direct_keycloak' }

  test('asks about every token of OIDC_ISSUER, and of no other issuer', () => {
    const { issuers } = settingsOf({
      ...direct,
      ...staff,
      AUTH_TRUSTED_ISSUERS: `${staff.OIDC_STAFF_ISSUER},${main}`,
    })
    expect(issuers.map(({ name, introspection }) => [name, introspection])).toEqual([
      ['staff', 'off'],
      ['default', 'always'],
    ])
  })

  test.each([
    [
      { OIDC_CLIENT_AUTH: 'none' },
      /^AUTH_MODE: direct_keycloak asks the provider .*: set OIDC_CLIENT_ID/,
    ],
    [
      noClient,
      /^AUTH_MODE: direct_keycloak asks the provider .*: set OIDC_CLIENT_ID and OIDC_CLIENT_S/,
    ],
    [
      { ...noProvider, AUTH_TRUSTED_ISSUERS: 'https://p.example' },
      /^AUTH_MODE: direct_keycloak asks the provider of OIDC_ISSUER/,
    ],
    [
      { AUTH_TRUSTED_ISSUERS: 'https://p.example' },
      /^AUTH_MODE: .* tokens of OIDC_ISSUER, and AUTH_TRUSTED_ISSUERS leaves it out; add it there/,
    ],
  ])('with %o it is refused', (changes, message) => {
    expect(problemsOf({ ...direct, ...changes })).toEqual([expect.stringMatching(message)])
  })
})
