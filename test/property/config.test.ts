import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadSettings } from '../../src/config/load.ts'
import { renderProblem } from '../../src/config/problem.ts'
import { readRulePath } from '../../src/config/rule-path.ts'
import { describeVariable, variableNames } from '../../src/config/variables.ts'

const names = [
  ...variableNames.flatMap((name) => {
    const { aliases = [], joined } = describeVariable(name)
    return [name, ...aliases, ...(joined?.names ?? [])]
  }),
].flatMap((name) => [name, `${name}_FILE`])

/** Values that are nearly right, and pieces that break parsers. */
const piece = fc.constantFrom(
  ...[
    'https://',
    'http://',
    'auth.example.com',
    'localhost',
    '.localhost',
    'example.com',
    'github.io',
  ],
  ...[
    '127.0.0.1',
    '[::1]',
    '::ffff:1.2.3.4',
    '0.0.0.0',
    '/8',
    '/0',
    '/999',
    ':8080',
    ':0',
    '*.',
    ',',
  ],
  ...[
    '/',
    '//',
    '/auth',
    '..',
    '\\',
    '?a=b',
    '#',
    '@',
    '%',
    '%00',
    '%zz',
    '&',
    '=',
    ' ',
    '\n',
    '\0',
  ],
  ...[
    'openid',
    'none',
    'login',
    'lax',
    'true',
    'false',
    'traefik',
    'private_ranges',
    '__Host-',
    'é',
  ],
  ...['redis://', 'sqlite:', '__proto__', 'constructor', '\uD800', '-----BEGIN PRIVATE KEY-----'],
  ...[
    '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
    '9'.repeat(20),
    'x'.repeat(300),
  ],
)
const value = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary' }),
  fc.string(),
)
const environment = fc.dictionary(
  fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...names) }, fc.string()),
  value,
  {
    maxKeys: 25,
    noNullPrototype: false,
  },
)

/** What would start, so that single changes reach the checks between settings. */
const started = {
  PUBLIC_URL: 'https://auth.example.com',
  COOKIE_DOMAIN: 'example.com',
  OIDC_ISSUER: 'https://idp.example.com',
  OIDC_CLIENT_ID: 'gatehouse',
  OIDC_CLIENT_SECRET: 'of-the-client',
  SESSION_SECRET: 'Jx2-kd93_sdkFj39dKslw03jdkWlw93kDlsw02kdQsp',
}

const outcomeOf = (env: Record<string, string>, file: string) =>
  loadSettings(env, (path) => {
    if (path.length % 3 === 0) throw new Error('cannot be read')
    return file
  })

test('no environment makes loading throw; it ends in settings or in problems', () => {
  fc.assert(
    fc.property(environment, value, (env, file) => {
      const loaded = outcomeOf(env, file)
      expect(['ok', 'problems']).toContain(loaded.kind)
      if (loaded.kind === 'ok') return
      for (const problem of loaded.problems) {
        const line = renderProblem(problem)
        expect(line).not.toContain('\n')
        expect(line.isWellFormed()).toBe(true)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('no few changes to a good environment do either, and settings that pass are consistent', () => {
  let passed = 0
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3, noNullPrototype: false }),
      value,
      (changes, file) => {
        const loaded = outcomeOf({ ...started, ...changes }, file)
        if (loaded.kind === 'problems') return
        passed += 1
        const { sites, apps, trustedProxies, session, listen } = loaded.settings
        const isReached = (name: string) =>
          sites.some(({ origin, cookieDomain: domain }) =>
            domain === undefined
              ? name === new URL(origin).hostname
              : name === domain || name.endsWith(`.${domain}`),
          )
        expect(sites.filter(({ origin }) => !isReached(new URL(origin).hostname))).toEqual([])
        const hosts = apps.flatMap((app) => app.hosts)
        expect(hosts.filter(({ name }) => !isReached(name))).toEqual([])
        expect(trustedProxies.filter((entry) => /\/0*[0-6]$/.test(entry))).toEqual([])
        expect(session.secrets.filter((text) => Buffer.byteLength(text) < 32)).toEqual([])
        expect(listen.port === listen.opsPort && listen.port !== 0).toBe(false)
        const { issuers } = loaded.settings
        expect(issuers.filter(({ audiences }) => audiences.length === 0)).toEqual([])
        expect(new Set(issuers.map(({ name }) => name)).size).toBe(issuers.length)
        expect(
          issuers.filter(({ introspection }) => introspection !== 'off').length,
        ).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 3_000 },
  )
  expect(passed).toBeGreaterThan(100)
})

test('G-10 no message shows the value of a secret variable', () => {
  const secrets = variableNames
    .filter((name) => describeVariable(name).secret)
    .flatMap((name) => [name, ...(describeVariable(name).aliases ?? [])])
  fc.assert(
    fc.property(
      fc.constantFrom(...secrets),
      fc.constantFrom('', '_FILE'),
      fc.array(fc.constantFrom('planted', ',', '@', ' ', '-----BEGIN PRIVATE KEY-----', '\n', 'é')),
      fc.constantFrom('client_secret_basic', 'private_key_jwt', 'none'),
      (name, suffix, pieces, OIDC_CLIENT_AUTH) => {
        const planted = ['planted', ...pieces].join('')
        const env = { ...started, OIDC_CLIENT_AUTH, [`${name}${suffix}`]: planted }
        const loaded = outcomeOf(env, planted)
        const found =
          loaded.kind === 'ok' ? loaded.warnings : [...loaded.problems, ...loaded.warnings]
        expect(found.map(renderProblem).join('\n')).not.toContain('planted')
      },
    ),
    { numRuns: 1_000 },
  )
})

test('P-15 a path of a rule is refused, or is one that cleaned requests have', () => {
  const part = fc.oneof(
    fc.constantFrom(
      '/',
      '//',
      'a',
      '*',
      '**',
      '{id}',
      '{',
      '}',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '%2A',
    ),
    fc.constantFrom('%7B', '%', '%00', ';', '?', '#', '\\', '|', '^', '$', 'é', '\uD800', ' '),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const read = readRulePath(`/${parts.join('')}`)
      if ('fault' in read) return
      expect(read.path).toMatch(/^\/([^/\\]|(?<=[^/])\/(?=.))*$/)
      for (const segment of read.path.slice(1).split('/')) {
        expect(['.', '..']).not.toContain(segment)
        if (/[*{}]/.test(segment)) expect(segment).toMatch(/^(\*\*?|\{[A-Za-z]\w*\})$/)
      }
      const names = [...read.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(read.parameters).toEqual(names)
    }),
    { numRuns: 3_000 },
  )
})
