import { describe, expect, test } from 'vitest'
import { check, type Probes } from '../../../src/cli/check.ts'
import { complete, secret } from '../config/environments.ts'
import { recordingTerminal } from './recording-terminal.ts'

const well: Probes = {
  discover: async () => ({ facts: [], aheadMs: 400 }),
  pingStore: async () => {},
}

async function checkWith(changes: Record<string, string> = {}, probes: Partial<Probes> = {}) {
  const { terminal, lines, errors } = recordingTerminal()
  const code = await check({ ...complete, ...changes }, { ...well, ...probes }, terminal)
  return { code, lines, errors }
}

/** The line of a setting, its columns apart. */
function setting(lines: readonly string[], name: string) {
  const line = lines.find((candidate) => candidate.startsWith(`  ${name} `)) ?? ''
  return line.trim().split(/ {2,}/)
}

describe('the effective settings', () => {
  test('come each with where they are from', async () => {
    const { lines, code } = await checkWith({
      COOKIE_DOMAIN: '.Example.com',
      OIDC_CLIENT_ID: '',
      KEYCLOAK_CLIENT_ID: 'from-keycloak',
      TRUSTED_PROXIES: 'traefik',
    })
    expect(code).toBe(0)
    expect(setting(lines, 'PUBLIC_URL')).toEqual([
      'PUBLIC_URL',
      'https://auth.example.com',
      'PUBLIC_URL',
    ])
    expect(setting(lines, 'COOKIE_DOMAIN')).toEqual([
      'COOKIE_DOMAIN',
      'example.com',
      'COOKIE_DOMAIN',
    ])
    expect(setting(lines, 'APP_HOSTS')).toEqual([
      'APP_HOSTS',
      'example.com,*.example.com',
      'default',
    ])
    expect(setting(lines, 'SESSION_COOKIE_NAME')).toEqual([
      'SESSION_COOKIE_NAME',
      'gatehouse',
      'default',
    ])
    expect(setting(lines, 'OIDC_CLIENT_ID')).toEqual([
      'OIDC_CLIENT_ID',
      'from-keycloak',
      'KEYCLOAK_CLIENT_ID',
    ])
    expect(setting(lines, 'OIDC_PROMPT')).toEqual(['OIDC_PROMPT', '-', 'default'])
    expect(setting(lines, 'POST_LOGOUT_URL')).toEqual([
      'POST_LOGOUT_URL',
      '/auth/logged-out',
      'default',
    ])
    expect(setting(lines, 'PORT')).toEqual(['PORT', '8080', 'default'])
  })

  test('are those in force where a variable is unset', async () => {
    const { lines } = await checkWith({ AUTH_ALLOWED_AUDIENCES: 'api' })
    expect(setting(lines, 'AUTH_TRUSTED_ISSUERS')).toEqual([
      'AUTH_TRUSTED_ISSUERS',
      'https://idp.example.com/realms/main',
      'default',
    ])
    expect(setting(lines, 'AUTH_BYPASS_USER')).toEqual(['AUTH_BYPASS_USER', '-', 'default'])
    const bypass = await checkWith({ AUTH_MODE: 'bypass', ALLOW_INSECURE: 'true' })
    expect(setting(bypass.lines, 'AUTH_BYPASS_USER')[1]).toBe('testuser:admin,user')
    expect(setting(bypass.lines, 'AUTH_TRUSTED_ISSUERS')[1]).toBe('-')
  })

  test('G-10 show no secret', async () => {
    const { lines, errors } = await checkWith({
      OIDC_CLIENT_SECRET: 'planted-client-secret',
      STORE_URL: 'redis://planted-user:planted-password@valkey:6379',
      OIDC_CLIENT_PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----\nplanted-key\n',
    })
    const output = [...lines, ...errors].join('\n')
    expect(output).not.toContain('planted')
    expect(output).not.toContain(secret)
    expect(setting(lines, 'SESSION_SECRET')).toEqual(['SESSION_SECRET', '***', 'SESSION_SECRET'])
    expect(setting(lines, 'STORE_URL')).toEqual([
      'STORE_URL',
      'redis://***@valkey:6379',
      'STORE_URL',
    ])
  })
})

test('what to register at the provider', async () => {
  const { lines } = await checkWith({
    PUBLIC_URL: 'https://example.com/gate',
    AUTH_PATH: '/sso',
  })
  expect(lines).toEqual(
    expect.arrayContaining([
      '  redirect URI               https://example.com/gate/sso/callback',
      '  post-logout redirect URI   https://example.com/gate/sso/logged-out',
      '  back-channel logout URL    https://example.com/gate/sso/backchannel-logout',
      expect.stringContaining('it has to reach that address'),
    ]),
  )
})

test('without a provider nothing is to be registered or tested there', async () => {
  const { lines, errors, code } = await checkWith({
    AUTH_ENABLED: 'false',
    ALLOW_INSECURE: 'true',
    OIDC_ISSUER: '',
    OIDC_CLIENT_ID: '',
    OIDC_CLIENT_SECRET: '',
  })
  expect(code).toBe(0)
  expect(lines.join('\n')).not.toContain('Register')
  expect(lines.at(-1)).toBe('  ok      the store answers')
  expect(errors).toContainEqual(expect.stringMatching(/^warning: AUTH_ENABLED: is false/))
})

describe('the tests', () => {
  const tests = (lines: readonly string[]) => lines.slice(lines.indexOf('Tests') + 1)

  test('all well', async () => {
    const { lines, errors, code } = await checkWith()
    expect(code).toBe(0)
    expect(errors).toEqual([])
    expect(tests(lines)).toEqual([
      '  ok      discovery of https://idp.example.com/realms/main',
      "  ok      the clock agrees with the provider's",
      '  ok      the store answers',
    ])
  })

  test.each([
    [30_000, "  ok      the clock agrees with the provider's"],
    [-30_000, "  ok      the clock agrees with the provider's"],
    [31_000, /^ {2}warning the clock is 31 s behind the provider's/],
    [-3_600_000, /^ {2}warning the clock is 3600 s ahead of the provider's/],
    [undefined, /^ {2}warning the provider sends no Date/],
  ])('F-12 a provider whose clock is ahead by %s ms', async (aheadMs, line) => {
    const { lines, code } = await checkWith({}, { discover: async () => ({ facts: [], aheadMs }) })
    expect(code).toBe(0)
    expect(tests(lines)[1]).toEqual(typeof line === 'string' ? line : expect.stringMatching(line))
  })

  test('what the provider lacks is a warning', async () => {
    const discover = async () => ({ facts: ['the provider has no end'], aheadMs: 0 })
    const { lines, code } = await checkWith({}, { discover })
    expect(code).toBe(0)
    expect(tests(lines)).toContain('  warning the provider has no end')
  })

  test('both failures are told, each with its cause, and the exit code is 1', async () => {
    const { lines, code } = await checkWith(
      {},
      {
        discover: async () => {
          throw new Error('no answer', { cause: new Error('connection refused') })
        },
        pingStore: async () => {
          throw new Error('no connection')
        },
      },
    )
    expect(code).toBe(1)
    expect(tests(lines)).toEqual([
      '  failed  discovery of https://idp.example.com/realms/main: no answer: connection refused',
      '  failed  the store: no connection',
    ])
  })
})

test('wrong settings: every problem on a line, nothing tested, exit code 78', async () => {
  const probe = async () => {
    throw new Error('asked')
  }
  const { lines, errors, code } = await checkWith(
    { SESSION_SECRET: 'short', COOKIE_DOMAIN: 'com', OPS_HOST: 'x' },
    { discover: probe, pingStore: probe },
  )
  expect(code).toBe(78)
  expect(lines).toEqual([])
  expect(errors).toEqual([
    'warning: OPS_HOST: is not known and ignored; did you mean OPS_PORT?',
    expect.stringMatching(/^COOKIE_DOMAIN: com is a single label/),
    expect.stringMatching(/^SESSION_SECRET: has 5 bytes/),
  ])
})
