import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { problemsOf, settingsOf, warningsOf } from './environments.ts'

const provider = (changes: Record<string, string>) => settingsOf(changes).providers[0]

function privateKeyPem(kind: 'ec' | 'weak' | 'dsa'): string {
  const { privateKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : kind === 'weak'
        ? generateKeyPairSync('rsa', { modulusLength: 1024 })
        : generateKeyPairSync('x25519')
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

describe('OIDC_ISSUER', () => {
  test.each([
    'https://idp.example.com/realms/main',
    'https://tenant.auth0.example/',
    'http://localhost:9000',
    'http://keycloak.gatehouse.localhost:8000/realms/gatehouse',
  ])('%s is kept as it is written', (issuer) => {
    expect(provider({ OIDC_ISSUER: issuer })?.issuer).toBe(issuer)
  })

  test.each([
    ['idp.example.com', 'is not an http or https URL'],
    ['https://idp.example.com?x', 'is not an http or https URL'],
    ['https://idp.example.com#x', 'is not an http or https URL'],
    ['https://me:hunter2@idp.example.com', 'is not an http or https URL'],
    ['https://idp.example.com/.well-known/openid-configuration', 'without /.well-known'],
    ['http://idp.example.com', 'must be https'],
    ['http://keycloak:8080/realms/main', 'must be https'],
  ])('%s is refused', (issuer, message) => {
    const lines = problemsOf({ OIDC_ISSUER: issuer })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^OIDC_ISSUER: .*; for example OIDC_ISSUER=https:\/\/keycloak/)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain('hunter2')
  })

  test('an internal URL does not excuse a plain http issuer', () => {
    const changes = { OIDC_ISSUER: 'http://idp.example.com', OIDC_INTERNAL_URL: 'http://idp:80' }
    expect(problemsOf(changes)).toEqual([expect.stringContaining('must be https')])
  })

  test('ALLOW_INSECURE=true admits plain http with a warning', () => {
    const changes = { OIDC_ISSUER: 'http://idp.example.com', ALLOW_INSECURE: 'true' }
    expect(problemsOf(changes)).toEqual([])
    expect(warningsOf(changes)).toContain(
      'OIDC_ISSUER: is plain http: secrets and tokens travel in the clear',
    )
  })

  test.each([
    'https://accounts.google.com',
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    'https://appleid.apple.com',
    'https://gitlab.com',
  ])('%s, where anyone can register, needs ALLOW', (issuer) => {
    expect(problemsOf({ OIDC_ISSUER: issuer })).toEqual([
      expect.stringMatching(/^ALLOW: is missing, and anyone can register at .*ALLOW=\*/),
    ])
    expect(problemsOf({ OIDC_ISSUER: issuer, ALLOW: '*' })).toEqual([])
    expect(problemsOf({ OIDC_ISSUER: issuer, ALLOW: 'domain:example.com' })).toEqual([])
  })

  test('a tenant of its own does not', () => {
    const issuer = 'https://login.microsoftonline.com/2f1d6c3e-0b52-4f1e-9d0a-9c1f7a3b5d11/v2.0'
    expect(problemsOf({ OIDC_ISSUER: issuer })).toEqual([])
  })
})

describe('OIDC_INTERNAL_URL', () => {
  test.each([
    ['http://keycloak:8080', 'http://keycloak:8080'],
    ['http://keycloak:80/', 'http://keycloak'],
  ])('%s is the origin %s', (url, origin) => {
    expect(provider({ OIDC_INTERNAL_URL: url })?.internalOrigin).toBe(origin)
  })

  test.each(['http://keycloak:8080/realms/main', 'keycloak:8080', 'http://keycloak:8080/?a'])(
    '%s is refused',
    (url) => {
      expect(problemsOf({ OIDC_INTERNAL_URL: url })).toEqual([
        expect.stringMatching(/^OIDC_INTERNAL_URL: .* is not an origin: .*http:\/\/keycloak:8080$/),
      ])
    },
  )
})

describe('the client', () => {
  test.each(['client_secret_basic', 'client_secret_post'])('%s needs a secret', (auth) => {
    expect(provider({ OIDC_CLIENT_AUTH: auth })?.clientSecret).toBe('of-the-client')
    expect(problemsOf({ OIDC_CLIENT_AUTH: auth, OIDC_CLIENT_SECRET: '' })).toEqual([
      `OIDC_CLIENT_SECRET: is missing, and OIDC_CLIENT_AUTH=${auth} needs it; a public client without a secret has OIDC_CLIENT_AUTH=none`,
    ])
  })

  test('none sends no secret, and says so of one that is set', () => {
    expect(provider({ OIDC_CLIENT_AUTH: 'none' })).not.toHaveProperty('clientSecret')
    expect(warningsOf({ OIDC_CLIENT_AUTH: 'none' })).toEqual([
      'OIDC_CLIENT_SECRET: is not used with OIDC_CLIENT_AUTH=none',
    ])
    expect(warningsOf({ OIDC_CLIENT_AUTH: 'none', OIDC_CLIENT_SECRET: '' })).toEqual([])
  })

  test('private_key_jwt takes a PKCS #8 key', () => {
    const pem = privateKeyPem('ec')
    const changes = { OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_SECRET: '' }
    expect(provider({ ...changes, OIDC_CLIENT_PRIVATE_KEY: pem })).toMatchObject({
      clientAuth: 'private_key_jwt',
      clientPrivateKey: pem,
    })
  })

  test('a key that is not used is a warning', () => {
    expect(warningsOf({ OIDC_CLIENT_PRIVATE_KEY: privateKeyPem('ec') })).toEqual([
      'OIDC_CLIENT_PRIVATE_KEY: is not used with OIDC_CLIENT_AUTH=client_secret_basic',
    ])
  })

  test.each([
    ['missing', '', 'is missing, and OIDC_CLIENT_AUTH=private_key_jwt needs it'],
    ['PKCS #1', '-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----', 'PKCS #8'],
    ['garbage', '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----', 'PKCS #8'],
    ['short', privateKeyPem('weak'), 'fewer than 2048 bits'],
    ['of another kind', privateKeyPem('dsa'), 'is a key of type x25519'],
  ])('G-10 a private key that is %s is refused without showing it', (_, pem, message) => {
    const lines = problemsOf({
      OIDC_CLIENT_AUTH: 'private_key_jwt',
      OIDC_CLIENT_SECRET: '',
      OIDC_CLIENT_PRIVATE_KEY: pem,
    })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^OIDC_CLIENT_PRIVATE_KEY: /)
    expect(lines[0]).toContain(message)
    expect(lines[0]).not.toContain('hunter2')
  })

  test.each(['nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
    'OIDC_CA %j is refused',
    (pem) => {
      expect(problemsOf({ OIDC_CA: pem })).toEqual([
        'OIDC_CA: is not one or more certificates in PEM; name the file in OIDC_CA_FILE',
      ])
    },
  )
})

describe('OIDC_SCOPES', () => {
  test('is cleaned of spaces and repetitions', () => {
    expect(provider({ OIDC_SCOPES: ' openid  groups openid ' })?.scopes).toBe('openid groups')
  })

  test.each([
    ['profile email', 'lacks openid'],
    ['openid,profile', '"openid,profile" is not a scope; separate scopes by spaces'],
    ['openid "x"', 'is not a scope'],
    ['openid ž', 'is not a scope'],
  ])('%s is refused', (scopes, message) => {
    const lines = problemsOf({ OIDC_SCOPES: scopes })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^OIDC_SCOPES: .*; for example OIDC_SCOPES=openid profile email$/)
    expect(lines[0]).toContain(message)
  })
})

describe('OIDC_PROMPT', () => {
  test.each(['none', 'login', 'login consent', 'select_account'])('%s is sent', (prompt) => {
    expect(provider({ OIDC_PROMPT: prompt })?.prompt).toBe(prompt)
  })

  test('is not sent by default', () => {
    expect(provider({})).not.toHaveProperty('prompt')
  })

  test.each([
    ['always', '"always" is none of none, login, consent, select_account'],
    ['login,consent', '"login,consent" is none of'],
    ['none login', 'none stands alone'],
  ])('%s is refused', (prompt, message) => {
    const lines = problemsOf({ OIDC_PROMPT: prompt })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(`OIDC_PROMPT: ${message}`)
  })
})

describe('OIDC_AUTHORIZATION_PARAMS', () => {
  test('are read as a query string, prompt among them', () => {
    const changes = { OIDC_AUTHORIZATION_PARAMS: 'access_type=offline&prompt=consent&hd=a%20b' }
    expect(provider(changes)).toMatchObject({
      authorizationParams: { access_type: 'offline', hd: 'a b' },
      prompt: 'consent',
    })
    expect(provider(changes)?.authorizationParams).not.toHaveProperty('prompt')
    expect(problemsOf({ ...changes, OIDC_PROMPT: 'consent' })).toEqual([])
  })

  test('two different prompts are refused', () => {
    const changes = { OIDC_AUTHORIZATION_PARAMS: 'prompt=consent', OIDC_PROMPT: 'login' }
    expect(problemsOf(changes)).toEqual([
      'OIDC_PROMPT: and prompt in OIDC_AUTHORIZATION_PARAMS give different values; keep one of them',
    ])
  })

  test.each([
    'client_id',
    'client_secret',
    'code_challenge',
    'code_challenge_method',
    'nonce',
    'redirect_uri',
    'request',
    'request_uri',
    'response_mode',
    'response_type',
    'scope',
    'state',
  ])('L-12 %s is refused: the gateway sets it', (name) => {
    expect(problemsOf({ OIDC_AUTHORIZATION_PARAMS: `a=b&${name}=x` })).toEqual([
      expect.stringContaining(`OIDC_AUTHORIZATION_PARAMS: ${name} is set by the gateway itself`),
    ])
  })

  test.each([
    ['a=1&a=2', 'a is there twice'],
    ['=x', '"" is not the name of a parameter'],
    ['a b=x', '"a b" is not the name'],
    ['__proto__=x', '"__proto__" is not the name'],
  ])('C-14 %s is refused', (params, message) => {
    expect(problemsOf({ OIDC_AUTHORIZATION_PARAMS: params })).toEqual([
      expect.stringContaining(`OIDC_AUTHORIZATION_PARAMS: ${message}`),
    ])
  })
})
