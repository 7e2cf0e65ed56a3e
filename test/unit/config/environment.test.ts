import { describe, expect, test } from 'vitest'
import {
  complete,
  load,
  otherSecret,
  problemsOf,
  secret,
  settingsOf,
  warningsOf,
} from './environments.ts'

function sourcesOf(changes: Record<string, string>, files?: Record<string, string>) {
  const loaded = load({ ...complete, ...changes }, files)
  return loaded.kind === 'ok' ? loaded.sources : new Map()
}

describe('files', () => {
  test.each(['of-the-file', 'of-the-file\n', 'of-the-file\r\n'])('%j is the same value', (text) => {
    const changes = { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: '/run/secrets/client' }
    const files = { '/run/secrets/client': text }
    expect(settingsOf(changes, files).providers[0]?.clientSecret).toBe('of-the-file')
    expect(sourcesOf(changes, files).get('OIDC_CLIENT_SECRET')).toEqual([
      { name: 'OIDC_CLIENT_SECRET_FILE', path: '/run/secrets/client' },
    ])
  })

  test('only one line end is cut from a secret', () => {
    const changes = { OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: '/s' }
    expect(settingsOf(changes, { '/s': ' a\n\n' }).providers[0]?.clientSecret).toBe(' a\n')
  })

  test('an alias has a file too', () => {
    const changes = { OIDC_CLIENT_SECRET: '', KEYCLOAK_CLIENT_SECRET_FILE: '/s' }
    expect(settingsOf(changes, { '/s': 'x' }).providers[0]?.clientSecret).toBe('x')
  })

  test('one that cannot be read is a problem that names it, and no second one', () => {
    expect(problemsOf({ SESSION_SECRET: '', SESSION_SECRET_FILE: '/run/secrets/none' })).toEqual([
      'SESSION_SECRET_FILE: the file "/run/secrets/none" cannot be read (ENOENT)',
    ])
    expect(problemsOf({ PUBLIC_URL: '', PUBLIC_URL_FILE: './none' })).toEqual([
      'PUBLIC_URL_FILE: the file "./none" cannot be read (ENOENT)',
    ])
  })

  test('G-10 a secret in place of a path is not shown', () => {
    expect(problemsOf({ OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: 'hunter2' })).toEqual([
      'OIDC_CLIENT_SECRET_FILE: the file it names cannot be read (ENOENT)',
    ])
  })

  test.each([
    ['', 'the file it names is empty'],
    ['\n', 'the file it names is empty'],
    ['\uFFFDbinary', 'the file it names is not UTF-8 text'],
  ])('content %j is a problem', (text, message) => {
    expect(problemsOf({ OIDC_CLIENT_SECRET_FILE: '/s' }, { '/s': text })).toEqual([
      `OIDC_CLIENT_SECRET_FILE: ${message}`,
    ])
  })
})

describe('aliases', () => {
  test.each([
    [{ PUBLIC_URL: '', AUTH_CALLBACK_BASE_URL: 'https://a.example.com' }],
    [{ OIDC_ISSUER: '', MOZAIKS_OIDC_AUTHORITY: 'https://a.example.com' }],
    [{ OIDC_ISSUER: '', KEYCLOAK_ISSUER: 'https://a.example.com' }],
    [{ OIDC_ISSUER: '', KEYCLOAK_REALM_URL: 'https://a.example.com' }],
    [{ KEYCLOAK_INTERNAL_URL: 'https://a.example.com' }],
    [{ OIDC_CLIENT_ID: '', KEYCLOAK_CLIENT_ID: 'https://a.example.com' }],
    [{ OIDC_CLIENT_SECRET: '', KEYCLOAK_CLIENT_SECRET: 'https://a.example.com' }],
    [{ REDIS_URL: 'redis://a.example.com' }],
  ])('%o is read', (changes) => {
    expect(JSON.stringify(settingsOf(changes as Record<string, string>))).toContain(
      '//a.example.com',
    )
  })

  test.each([
    ['https://kc.example.com', 'main', 'https://kc.example.com/realms/main'],
    ['https://kc.example.com/auth/', 'my realm', 'https://kc.example.com/auth/realms/my%20realm'],
  ])('KEYCLOAK_URL=%s with KEYCLOAK_REALM=%s is %s', (url, realm, issuer) => {
    const changes = { OIDC_ISSUER: '', KEYCLOAK_URL: url, KEYCLOAK_REALM: realm }
    expect(settingsOf(changes).providers[0]?.issuer).toBe(issuer)
    expect(sourcesOf(changes).get('OIDC_ISSUER')).toEqual([
      { name: 'KEYCLOAK_URL' },
      { name: 'KEYCLOAK_REALM' },
    ])
  })

  test('KEYCLOAK_URL and KEYCLOAK_REALM need each other', () => {
    expect(problemsOf({ OIDC_ISSUER: '', KEYCLOAK_URL: 'https://kc.example.com' })).toContain(
      'KEYCLOAK_URL: has no effect without KEYCLOAK_REALM; set both, or neither',
    )
    expect(problemsOf({ OIDC_ISSUER: '', KEYCLOAK_REALM: 'main' })).toContain(
      'KEYCLOAK_REALM: has no effect without KEYCLOAK_URL; set both, or neither',
    )
    expect(warningsOf({ KEYCLOAK_URL: 'https://kc.example.com' })).toEqual([
      'KEYCLOAK_URL: has no effect without KEYCLOAK_REALM',
    ])
  })
})

describe('several sources of one value', () => {
  test.each([
    [
      { AUTH_CALLBACK_BASE_URL: 'https://other.example.com' },
      'PUBLIC_URL',
      'AUTH_CALLBACK_BASE_URL',
    ],
    [{ KEYCLOAK_ISSUER: 'https://other.example.com' }, 'OIDC_ISSUER', 'KEYCLOAK_ISSUER'],
    [
      { KEYCLOAK_URL: 'https://kc.example.com', KEYCLOAK_REALM: 'main' },
      'OIDC_ISSUER',
      'KEYCLOAK_URL + KEYCLOAK_REALM',
    ],
    [{ OIDC_CLIENT_SECRET_FILE: '/s' }, 'OIDC_CLIENT_SECRET', 'OIDC_CLIENT_SECRET_FILE'],
  ])('%o is refused, naming both', (changes, first, second) => {
    const lines = problemsOf(changes as Record<string, string>, { '/s': 'another' })
    expect(lines).toEqual([
      `${first}: ${first} and ${second} give different values; keep one of them`,
    ])
  })

  test('the same value twice passes', () => {
    const changes = { OIDC_CLIENT_SECRET_FILE: '/s', KEYCLOAK_CLIENT_ID: 'gatehouse' }
    expect(problemsOf(changes, { '/s': 'of-the-client' })).toEqual([])
  })

  test('lists add up', () => {
    const files = { '/s': `${otherSecret}\n`, '/h': 'b.example.com' }
    const changes = {
      COOKIE_DOMAIN: 'example.com',
      SESSION_SECRET_FILE: '/s',
      APP_HOSTS: 'a.example.com',
      APP_HOSTS_FILE: '/h',
    }
    const settings = settingsOf(changes, files)
    expect(settings.session.secrets).toEqual([secret, otherSecret])
    expect(settings.apps[0].hosts.map(({ name }) => name)).toEqual([
      'a.example.com',
      'b.example.com',
    ])
    expect(sourcesOf(changes, files).get('APP_HOSTS')).toEqual([
      { name: 'APP_HOSTS' },
      { name: 'APP_HOSTS_FILE', path: '/h' },
    ])
  })
})

test('empty and blank values are unset', () => {
  expect(settingsOf({ PORT: '', LOG_LEVEL: '  ', OIDC_PROMPT: '', TRUSTED_PROXIES: '' })).toEqual(
    settingsOf(),
  )
})

test('what is not set has no source', () => {
  expect([...sourcesOf({}).keys()].toSorted()).toEqual(Object.keys(complete).toSorted())
})
