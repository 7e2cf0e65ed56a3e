import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { asymmetricAlgorithms } from '../../../src/config/issuer-settings.ts'
import { problemsWith, settingsWith, warningsWith } from './environments.ts'

const main = 'https://idp.example.com/realms/main'
const noProvider = { OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' }
const ci = (more = '') =>
  `issuers: { ci: { issuer: "https://ci.example", audiences: [api]${more} } }`

describe('issuers of the file', () => {
  test('are taken as they are written, and give no roles of themselves', () => {
    const { issuers } = settingsWith(
      `
issuers:
  ci:
    issuer: https://ci.example/x
    audiences: [api, reports]
    algorithms: [ES256, EdDSA]
    jwks_uri: https://ci.example/keys
    key_recheck: 15m
    internal_url: http://ci:8080
    clients: [deploy]
    required_scope: [run]
    introspection: opaque
    client_id: us
    client_secret: \${env.SECRET_OF_CI}
    client_auth: client_secret_post
    allow: [group:ops]
    roles_claim: [roles]
    groups_claim: [teams]
    service: { roles: [service, service-account], typ: [service], gty: [client-credentials], idtyp: [app] }
  plain: { issuer: "https://plain.example", audiences: [api] }`,
      { SECRET_OF_CI: 'hush', AUTH_REQUIRED_SCOPE: 'call', ALLOW: 'role:admin' },
    )
    expect(issuers).toEqual([
      {
        name: 'ci',
        issuer: 'https://ci.example/x',
        internalOrigin: 'http://ci:8080',
        audiences: ['api', 'reports'],
        algorithms: ['ES256', 'EdDSA'],
        jwksUri: 'https://ci.example/keys',
        keyRecheckMs: 900_000,
        clients: ['deploy'],
        introspection: 'opaque',
        client: { clientId: 'us', clientSecret: 'hush', clientAuth: 'client_secret_post' },
        requiredScopes: ['call', 'run'],
        trustsClaims: false,
        allow: [{ kind: 'group', value: 'ops' }],
        claims: { roles: ['roles'], groups: ['teams'], groupsAllowlist: [], kept: [], admins: [] },
        serviceMarkers: {
          roles: ['service', 'service-account'],
          typ: ['service'],
          gty: ['client-credentials'],
          idtyp: ['app'],
        },
      },
      {
        name: 'plain',
        issuer: 'https://plain.example',
        audiences: ['api'],
        algorithms: asymmetricAlgorithms,
        keyRecheckMs: 3_600_000,
        introspection: 'off',
        requiredScopes: ['call'],
        trustsClaims: false,
        allow: [{ kind: 'role', value: 'admin' }],
        claims: { roles: [], groups: [], groupsAllowlist: [], kept: [], admins: [] },
        serviceMarkers: {},
      },
    ])
  })

  test('alone are enough: nobody signs in', () => {
    const { providers, issuers } = settingsWith(ci(), noProvider)
    expect([providers, issuers.map(({ name }) => name)]).toEqual([[], ['ci']])
    expect(warningsWith(ci(), noProvider)).toEqual([])
  })

  test('roles mark services where an issuer without roles would have them', () => {
    const [issuer] = settingsWith(ci(', service: { roles: [service] }')).issuers
    expect(issuer?.serviceMarkers).toEqual({
      'realm_access.roles': ['service'],
      roles: ['service'],
    })
  })

  test('speak of the tokens of a provider with the same issuer', () => {
    const { issuers } = settingsWith(
      `issuers: { tokens: { issuer: "${main}", clients: [spa], groups_claim: [], service: { roles: [service] } } }`,
      { AUTH_ALLOWED_AUDIENCES: 'api', AUTH_JWKS_URI: `${main}/certs`, ALLOW: 'role:admin' },
    )
    expect(issuers).toMatchObject([
      {
        name: 'default',
        issuer: main,
        audiences: ['api'],
        jwksUri: `${main}/certs`,
        clients: ['spa'],
        introspection: 'opaque',
        client: { clientId: 'gatehouse', clientSecret: 'of-the-client' },
        allow: [{ kind: 'role', value: 'admin' }],
        claims: { roles: ['realm_access.roles', 'roles'], groups: [] },
        serviceMarkers: { 'realm_access.roles': ['service'], roles: ['service'] },
      },
    ])
  })

  test('come in place of the same ones of the environment', () => {
    const { issuers } = settingsWith(ci(', roles_claim: [r]'), {
      AUTH_ALLOWED_AUDIENCES: 'x',
      AUTH_TRUSTED_ISSUERS: `https://ci.example,${main}`,
    })
    expect(issuers.map(({ name, audiences }) => [name, audiences])).toEqual([
      ['default', ['x']],
      ['ci', ['api']],
    ])
  })

  test.each([
    ['', 'opaque', 'off'],
    [', introspection: off', 'opaque', 'off'],
    [', introspection: opaque, client_id: us, client_secret: s', 'off', 'opaque'],
    [', introspection: always, client_id: us, client_secret: s', 'off', 'always'],
  ])('one at most is asked about tokens, and the file comes first: %s', (more, first, other) => {
    const { issuers } = settingsWith(ci(more), { AUTH_ALLOWED_AUDIENCES: 'x' })
    expect(issuers.map(({ introspection }) => introspection)).toEqual([first, other])
  })

  test.each([
    ['issuers: { ci: { audiences: [api] } }', /^issuers\.ci\.issuer: is missing$/],
    ['issuers: { CI: { issuer: "https://a.example" } }', /^issuers\.CI: is no name/],
    [
      'issuers: { ci: { issuer: "https://ci.example" } }',
      /^issuers\.ci\.audiences: is missing: without it, a token that the issuer made for any other/,
    ],
    [
      `issuers: { ci: { issuer: "${main}" } }`,
      /^issuers\.ci\.audiences: is missing: without it, a token that the issuer made for any other/,
    ],
    [
      'issuers: { ci: { issuer: "https://ci.example", audiences: [] } }',
      /^issuers\.ci\.audiences: lists nothing$/,
    ],
    [
      'issuers: { ci: { issuer: "http://ci.example", audiences: [api] } }',
      /^issuers\.ci\.issuer: .*https/,
    ],
    [
      'issuers: { ci: { issuer: ci, audiences: [api] } }',
      /^issuers\.ci\.issuer: "ci" is not an http/,
    ],
    [
      'issuers: { ci: { issuer: "https://gitlab.com", audiences: [api] } }',
      /^issuers\.ci\.allow: is missing, and anyone can register at gitlab.com/,
    ],
    [ci(', algorithms: [none]'), /^issuers\.ci\.algorithms\[0\]: "none" is no signature: anybody/],
    [
      ci(', algorithms: [RS256, HS256]'),
      /^issuers\.ci\.algorithms\[1\]: "HS256" is symmetric: who/,
    ],
    [ci(', algorithms: [RS1]'), /^issuers\.ci\.algorithms\[0\]: "RS1" is none of RS256, RS384/],
    [ci(', jwks_uri: "http://ci.example/keys"'), /^issuers\.ci\.jwks_uri: .* must be https/],
    [ci(', key_recheck: often'), /^issuers\.ci\.key_recheck: is not a duration/],
    [ci(', internal_url: ci'), /^issuers\.ci\.internal_url: "ci" is not an origin/],
    [ci(', ca: x'), /^issuers\.ci\.ca: is not one or more certificates/],
    [ci(', allow: [ops]'), /^issuers\.ci\.allow: "ops" is none of group:/],
    [ci(', allow: []'), /^issuers\.ci\.allow: lists nobody/],
    [
      ci(', introspection: sometimes'),
      /^issuers\.ci\.introspection: is none of off, opaque, always$/,
    ],
    [
      ci(', introspection: opaque'),
      /^issuers\.ci\.client_id: is missing, and introspection: opaque needs it, and a client_secret/,
    ],
    [
      ci(', introspection: always, client_id: a, client_auth: none'),
      /^issuers\.ci\.client_id: is of a client that cannot prove itself, and introspection: always/,
    ],
    [
      ci(', introspection: opaque, client_id: a'),
      /^issuers\.ci\.client_secret: is missing, and issuers\.ci\.client_auth=client_secret_basic/,
    ],
    [
      ci(', introspection: opaque, client_id: a, client_auth: private_key_jwt'),
      /^issuers\.ci\.client_private_key: is missing/,
    ],
    [
      ci(', service: { role: [x] }'),
      /^issuers\.ci\.service\.role: is not known; did you mean roles/,
    ],
    [
      'issuers: { default: { issuer: "https://ci.example", audiences: [api] } }',
      /^issuers\.default: is the name of a provider with another issuer; choose another one$/,
    ],
  ])('%s is refused', (file, message) => {
    const [line, ...more] = problemsWith(file)
    expect(line).toMatch(message)
    expect(more).toEqual([])
  })

  test('H-11 two of one issuer are refused', () => {
    const one = '{ issuer: "https://ci.example", audiences: [api] }'
    expect(problemsWith(`issuers: { a: ${one}, b: ${one} }`)).toEqual([
      'issuers.b.issuer: is that of issuers.a too; one entry speaks of one issuer',
    ])
  })

  test('H-11 two of one name are refused', () => {
    const changes = {
      AUTH_ALLOWED_AUDIENCES: 'x',
      AUTH_TRUSTED_ISSUERS: 'https://partner.example',
    }
    const file = 'issuers: { partner-example: { issuer: "https://ci.example", audiences: [api] } }'
    expect(problemsWith(file, changes)).toEqual([
      expect.stringMatching(
        /^issuers\.partner-example: "https:\/\/ci.example" would have the name part/,
      ),
    ])
  })

  test('two that are asked about tokens are refused, by their names', () => {
    const asked = (name: string) =>
      `${name}: { issuer: "https://${name}.example", audiences: [api], introspection: opaque, client_id: a, client_secret: s }`
    expect(problemsWith(`issuers: { ${asked('a')}, ${asked('b')} }`)).toEqual([
      'issuers.b.introspection: b and a are both asked about tokens; an opaque token does not say whose it is, so write introspection: off for one of them',
    ])
    const direct = { AUTH_ALLOWED_AUDIENCES: 'x', AUTH_MODE: 'direct_keycloak' }
    expect(problemsWith(`issuers: { ${asked('a')} }`, direct)).toEqual([
      expect.stringMatching(
        /^issuers\.a\.introspection: a and default are both asked about tokens/,
      ),
    ])
  })

  test('AUTH_MODE=direct_keycloak and another introspection contradict each other', () => {
    const file = `issuers: { x: { issuer: "${main}", audiences: [a], introspection: off } }`
    expect(problemsWith(file, { AUTH_MODE: 'direct_keycloak' })).toEqual([
      'issuers.x.introspection: is off, and AUTH_MODE=direct_keycloak asks about every token of OIDC_ISSUER; keep one of them',
    ])
  })

  test('a client that asks nothing is a warning', () => {
    expect(warningsWith(ci(', client_id: a, client_secret: s'))).toEqual([
      'issuers.ci.client_id: is not used while introspection is off',
    ])
  })

  test('an issuer that differs from a provider by a slash is a warning', () => {
    const file = `issuers: { x: { issuer: "${main}/", audiences: [a] } }`
    expect(warningsWith(file)).toEqual([
      `issuers.x.issuer: "${main}/" is not the issuer of the provider default, which is "${main}": issuers are compared exactly`,
    ])
  })

  test('problems of a provider are told once', () => {
    const file = `issuers: { x: { issuer: "${main}" } }`
    const changes = { AUTH_ALLOWED_AUDIENCES: 'api', OIDC_CLIENT_SECRET: '' }
    expect(problemsWith(file, changes)).toEqual([
      expect.stringMatching(/^OIDC_CLIENT_SECRET: is missing/),
    ])
  })

  test('G-10 no message shows a secret or a key', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const pem = JSON.stringify(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const file = ci(
      `, introspection: opaque, client_id: a, client_secret: planted, client_auth: private_key_jwt, client_private_key: ${pem}`,
    )
    const lines = [...problemsWith(file), ...warningsWith(file)]
    expect(lines).toEqual([
      expect.stringMatching(/^issuers\.ci\.client_private_key: is an RSA key of fewer than 2048/),
      expect.stringMatching(/^issuers\.ci\.client_secret: is not used with/),
    ])
    expect(lines.join()).not.toMatch(/planted|BEGIN/)
  })
})
