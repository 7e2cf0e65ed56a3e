import { describe, expect, test } from 'vitest'
import { problemsOf, settingsOf, warningsOf } from './environments.ts'

const staff = {
  OIDC_STAFF_ISSUER: 'https://idp.example.com/realms/staff',
  OIDC_STAFF_CLIENT_ID: 'gatehouse',
  OIDC_STAFF_CLIENT_SECRET: 'of-staff',
}
const only = { OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' }

describe('OIDC_PROVIDERS', () => {
  test('adds providers after that of OIDC_ISSUER, each with its own variables', () => {
    const { providers } = settingsOf(
      {
        OIDC_PROVIDERS: 'staff,big-partner',
        ...staff,
        OIDC_BIG_PARTNER_ISSUER: 'https://partner.example',
        OIDC_BIG_PARTNER_CLIENT_ID: 'us',
        OIDC_BIG_PARTNER_CLIENT_AUTH: 'none',
        OIDC_BIG_PARTNER_LABEL: 'Big Ltd',
        OIDC_BIG_PARTNER_ALLOW_FILE: '/allow',
        OIDC_BIG_PARTNER_ROLES_CLAIM: '-',
        OIDC_BIG_PARTNER_PROMPT: 'login',
        ALLOW: 'role:admin',
      },
      { '/allow': 'domain:partner.example' },
    )
    expect(providers.map(({ name, label }) => [name, label])).toEqual([
      ['default', 'idp.example.com'],
      ['staff', 'Staff'],
      ['big-partner', 'Big Ltd'],
    ])
    expect(providers[1]).toMatchObject({
      issuer: 'https://idp.example.com/realms/staff',
      clientSecret: 'of-staff',
      allow: [{ kind: 'role', value: 'admin' }],
      claims: { roles: ['realm_access.roles', 'roles'], groups: ['groups'] },
    })
    expect(providers[2]).toMatchObject({
      clientAuth: 'none',
      prompt: 'login',
      allow: [{ kind: 'domain', value: 'partner.example' }],
      claims: { roles: [], groups: ['groups'] },
    })
  })

  test('stands alone without OIDC_ISSUER', () => {
    const { providers } = settingsOf({ ...only, OIDC_PROVIDERS: 'staff', ...staff })
    expect(providers.map(({ name }) => name)).toEqual(['staff'])
    expect(warningsOf({ ...only, OIDC_PROVIDERS: 'staff', ...staff })).toEqual([])
  })

  test.each([
    [{ OIDC_STAFF_ISSUER: '' }, 'OIDC_PROVIDERS: "staff" has no OIDC_STAFF_ISSUER'],
    [{ OIDC_STAFF_CLIENT_ID: '' }, 'OIDC_STAFF_CLIENT_ID: is missing'],
    [
      { OIDC_STAFF_CLIENT_SECRET: '' },
      'OIDC_STAFF_CLIENT_SECRET: is missing, and OIDC_STAFF_CLIENT_AUTH=client_secret_basic needs it',
    ],
    [{ OIDC_STAFF_ISSUER: 'http://idp.example.com' }, 'OIDC_STAFF_ISSUER: "http://idp'],
    [{ OIDC_STAFF_SCOPES: 'profile' }, 'OIDC_STAFF_SCOPES: lacks openid'],
    [{ OIDC_STAFF_CLIENT_AUTH: 'basic' }, 'OIDC_STAFF_CLIENT_AUTH: "basic" is none of'],
    [{ OIDC_STAFF_ALLOW: 'ops' }, 'OIDC_STAFF_ALLOW: "ops" is none of group:'],
    [
      { OIDC_STAFF_ISSUER: 'https://accounts.google.com' },
      'OIDC_STAFF_ALLOW: is missing, and anyone can register at accounts.google.com',
    ],
    [
      { OIDC_STAFF_ISSUER: 'https://idp.example.com/realms/main' },
      'OIDC_PROVIDERS: default and staff have the same issuer',
    ],
    [{ OIDC_PROVIDERS: 'Staff' }, 'OIDC_PROVIDERS: "Staff" is no name'],
    [{ OIDC_PROVIDERS: 'client' }, 'OIDC_PROVIDERS: "client" would share the variable'],
    [{ OIDC_PROVIDERS: 'staff,default' }, 'OIDC_PROVIDERS: "default" has no'],
    [{ ...only, OIDC_CLIENT_ID: 'x' }, 'OIDC_CLIENT_ID: belongs to the provider of OIDC_ISSUER'],
  ])('with %o is refused', (changes, message) => {
    const lines = problemsOf({ OIDC_PROVIDERS: 'staff', ...staff, ...changes })
    expect(lines.filter((line) => line.startsWith(message))).toHaveLength(1)
  })

  test('a misspelt variable of a provider is pointed at', () => {
    const changes = { OIDC_PROVIDERS: 'staff', ...staff, OIDC_STAFF_CLIENTID: 'x' }
    expect(warningsOf(changes)).toEqual([expect.stringMatching(/^OIDC_STAFF_CLIENTID: is not/)])
  })

  test('G-10 no message shows a secret', () => {
    const changes = { OIDC_PROVIDERS: 'staff', ...staff, OIDC_STAFF_CLIENT_AUTH: 'none' }
    const lines = [...problemsOf(changes), ...warningsOf(changes)]
    expect(lines).toEqual([
      'OIDC_STAFF_CLIENT_SECRET: is not used with OIDC_STAFF_CLIENT_AUTH=none',
    ])
  })
})

describe('providers of the file', () => {
  test('are like those of the environment', () => {
    const text = `
providers:
  partner:
    issuer: https://partner.example
    client_id: us
    client_secret: \${env.SECRET_OF_PARTNER}
    par: true
    allow: [domain:partner.example]
    groups_claim: []`
    const { providers } = settingsOf(
      { CONFIG_FILE: '/f', SECRET_OF_PARTNER: 'hush' },
      { '/f': text },
    )
    expect(providers[1]).toMatchObject({
      name: 'partner',
      clientSecret: 'hush',
      pushedAuthorizationRequests: true,
      allow: [{ kind: 'domain', value: 'partner.example' }],
      claims: { groups: [] },
    })
  })

  test('with a problem are named by their path', () => {
    const text = 'providers: { partner: { issuer: ftp://x, client_id: us, client_auth: secret } }'
    expect(problemsOf({ CONFIG_FILE: '/f' }, { '/f': text })).toEqual([
      expect.stringMatching(/^providers\.partner\.client_auth: "secret" is none of/),
      expect.stringMatching(/^providers\.partner\.issuer: "ftp:\/\/x" is not an http/),
      expect.stringMatching(/^providers\.partner\.client_secret: is missing, and providers\.par/),
    ])
  })
})
