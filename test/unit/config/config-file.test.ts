import { describe, expect, test } from 'vitest'
import { problemsOf, settingsOf, warningsOf } from './environments.ts'

const domain = { COOKIE_DOMAIN: 'example.com' }

const settings = (text: string, env: Record<string, string> = {}) =>
  settingsOf({ ...domain, CONFIG_FILE: '/f', ...env }, { '/f': text })
const problems = (text: string, env: Record<string, string> = {}) =>
  problemsOf({ ...domain, CONFIG_FILE: '/f', ...env }, { '/f': text })

describe('CONFIG_FILE', () => {
  test('may be empty, and then says nothing', () => {
    const { namesApps, apps } = settings('# nothing yet\n')
    expect([namesApps, apps.length]).toEqual([false, 1])
  })

  test.each([
    ['apps: [', /^CONFIG_FILE: the file "\/f" is not YAML: line 1: /],
    ['a: 1\na: 2', /is not YAML: line 2: Map keys must be unique/],
    ['apps: *x', /is not YAML: Unresolved alias/],
    ['- apps', /^CONFIG_FILE: is not of the type object$/],
    ['app: {}', /^app: is not known; did you mean apps\?$/],
    ['tokens: []', /^tokens: is not known; known: providers, issuers, headers, apps, rules, def/],
    ['quota: { kvstore: {} }', /^quota\.kvstore: is not known; requests are counted in the store/],
    ['apps: {}', /^apps: lists nothing$/],
    ['apps: { a: {} }', /^apps\.a\.hosts: is missing$/],
    ['apps: { a: { hosts: [] } }', /^apps\.a\.hosts: lists nothing$/],
    ['apps: { a: { hosts: a.example.com } }', /^apps\.a\.hosts: is not of the type array$/],
    ['apps: { a: { hosts: [1] } }', /^apps\.a\.hosts\[0\]: is not of the type string$/],
    ['apps: { A: { hosts: [a.example.com] } }', /^apps\.A: is no name: /],
    [
      'apps: { a: { hosts: [a.example.com], tokn: id } }',
      /^apps\.a\.tokn: is not known; did you mean token\?$/,
    ],
    [
      'apps: { a: { hosts: [a.example.com], token: all } }',
      /^apps\.a\.token: is none of off, access, id$/,
    ],
    [
      'apps: { a: { hosts: [a.example.com], sign_in: { max_age: soon } } }',
      /^apps\.a\.sign_in\.max_age: is not a duration such as 90s, 15m, 8h or 30d$/,
    ],
    [
      'apps: { a: { hosts: [a.example.com], sign_in: { acr: ["a b"] } } }',
      /^apps\.a\.sign_in\.acr\[0\]: is empty or has white space$/,
    ],
    [
      `providers: { p: { client_id: "\${env.NOT_THERE}" } }`,
      /^providers\.p\.client_id: needs the variable NOT_THERE, which is not set/,
    ],
  ])('%s is refused with its place', (text, message) => {
    const [line, ...more] = problems(text)
    expect(line).toMatch(message)
    expect(more.filter((other) => !other.startsWith('providers.p'))).toEqual([])
  })

  test('that cannot be read is named', () => {
    expect(problemsOf({ ...domain, CONFIG_FILE: '/none' })).toEqual([
      'CONFIG_FILE: the file "/none" cannot be read (ENOENT)',
    ])
  })

  test('takes variables, with a default where they are not set', () => {
    const text = `
apps:
  a: { hosts: ["\${env.GRAFANA_HOST}"], audience: "\${env.NONE:https://a.example.com/x}" }`
    const [app] = settings(text, { GRAFANA_HOST: 'a.example.com' }).apps
    expect(app.hosts).toEqual([{ name: 'a.example.com', wildcard: false }])
    expect(app.audience).toBe('https://a.example.com/x')
  })
})

describe('apps', () => {
  test('say who may use them, what they receive and how one signs in', () => {
    const { apps, namesApps } = settings(
      `
headers: { X-Dept: claims.department }
apps:
  grafana:
    hosts: [grafana.example.com]
    allow: [group:ops, service:backup]
    headers: [x-webauth, { X-Login: username }]
  payroll:
    hosts: [payroll.example.com, "*.payroll.example.com"]
    token: access
    headers: { X-Cost-Center: claims.cost.center }
    sign_in: { providers: [default], acr: [mfa], max_age: 15m }`,
      { IDENTITY_HEADERS: 'x-user,remote' },
    )
    expect(namesApps).toBe(true)
    expect(apps).toEqual([
      {
        name: 'grafana',
        hosts: [{ name: 'grafana.example.com', wildcard: false }],
        allow: [
          { kind: 'group', value: 'ops' },
          { kind: 'service', value: 'backup' },
        ],
        headers: {
          sets: ['x-webauth'],
          own: [
            { name: 'x-dept', from: 'claims.department' },
            { name: 'x-login', from: 'username' },
          ],
        },
        token: 'off',
        signIn: {},
        rules: [],
      },
      {
        name: 'payroll',
        hosts: [
          { name: 'payroll.example.com', wildcard: false },
          { name: 'payroll.example.com', wildcard: true },
        ],
        headers: {
          sets: ['x-user', 'remote'],
          own: [
            { name: 'x-dept', from: 'claims.department' },
            { name: 'x-cost-center', from: 'claims.cost.center' },
          ],
        },
        token: 'access',
        signIn: { providers: ['default'], acr: ['mfa'], maxAgeMs: 900_000 },
        rules: [],
      },
    ])
  })

  test('the claims that their headers hold are kept', () => {
    const text = 'headers: { X-A: claims.a, X-B: claims.b.c, X-N: name }'
    expect(settings(text).providers[0]?.claims.kept).toEqual(['a', 'b.c'])
  })

  test.each([
    ['hosts: [a.example.org]', /^apps\.a\.hosts: "a.example.org" would never receive/],
    ['hosts: ["a b"]', /^apps\.a\.hosts: "a b" is not a host name/],
    ['hosts: [b.example.com]', /^apps\.b\.hosts: "b.example.com" is a host of the app a too$/],
    ['allow: [ops]', /^apps\.a\.allow: "ops" is none of .*service:/],
    ['allow: []', /^apps\.a\.allow: lists nobody/],
    ['sign_in: { providers: [partner] }', /^apps\.a\.sign_in\.providers: "partner" is no provider/],
    ['headers: { Authorization: email }', /^apps\.a\.headers\.Authorization: is a header with a/],
    ['headers: { Cookie: email }', /Cookie: is a header with a meaning of its own/],
    ['headers: { Host: email }', /Host: is a header with a meaning of its own/],
    ['headers: { Connection: email }', /Connection: is a header with a meaning of its own/],
    ['headers: { Transfer-Encoding: email }', /is a header with a meaning of its own/],
    ['headers: { X-Forwarded-Uri: email }', /is a header with a meaning of its own/],
    ['headers: { Sec-Fetch-Mode: email }', /is a header with a meaning of its own/],
    ['headers: { Content-Length: email }', /is a header with a meaning of its own/],
    ['headers: { X_Dept: email }', /X_Dept: is no header name/],
    ['headers: { X-User-Id: email }', /is one of the gateway's own identity headers/],
    ['headers: { Remote-User: email }', /is one of the gateway's own identity headers/],
    ['headers: { X-Authz-Kid: email }', /is one of the gateway's own identity headers/],
    ['headers: { X-A: password }', /X-A: "password" is neither claims. and a claim nor/],
    ['headers: [{ X-A: email }, { x-a: name }]', /x-a: is there twice: from email and name/],
    ['headers: [x-usr]', /^apps\.a\.headers\[0\]: is /],
  ])('H-02 with %s are refused', (entry, message) => {
    const own = entry.startsWith('hosts') ? entry : `hosts: [a.example.com], ${entry}`
    const lines = problems(`apps: { a: { ${own} }, b: { hosts: [b.example.com] } }`)
    expect(lines.join('\n')).toMatch(new RegExp(message.source, 'm'))
  })

  test('APP_HOSTS beside them is refused', () => {
    const text = 'apps: { a: { hosts: [a.example.com] } }'
    expect(problems(text, { APP_HOSTS: 'a.example.com' })).toEqual([
      'APP_HOSTS: and apps in CONFIG_FILE are there both; keep one of them',
    ])
  })
})

describe('ALLOW', () => {
  test('is a list, also from a file of lines with comments', () => {
    const files = { '/allow': '# operators\ngroup:ops\r\nuser:bob # since May\n\nrole:c#\n' }
    const { providers } = settingsOf({ ALLOW: 'role:admin', ALLOW_FILE: '/allow' }, files)
    expect(providers[0]?.allow).toEqual([
      { kind: 'role', value: 'admin' },
      { kind: 'group', value: 'ops' },
      { kind: 'user', value: 'bob' },
      { kind: 'role', value: 'c#' },
    ])
  })

  test('that is everyone is said to be so', () => {
    expect(settingsOf({ ALLOW: '*,role:admin' }).providers[0]?.allow).toBe('anyone')
    expect(warningsOf({ ALLOW: '*,role:admin' })).toEqual([expect.stringMatching(/^ALLOW: has \*/)])
  })

  test.each(['ops', 'email:bob', 'service:backup', 'domain:@example.com'])(
    'with %s is refused',
    (entry) => {
      expect(problemsOf({ ALLOW: entry })).toEqual([expect.stringMatching(/^ALLOW: ".*" is /)])
    },
  )
})
