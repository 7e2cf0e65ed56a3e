import { describe, expect, test } from 'vitest'
import { readRulePath } from '../../../src/config/rule-path.ts'
import { problemsWith, settingsWith, warningsWith } from './environments.ts'

const nothing = { roles: [], groups: [], scopes: [], when: [] }

describe('rules', () => {
  test('are read with what they match and what they ask for', () => {
    const { rules, apps, defaultRule } = settingsWith(`
apps:
  shop:
    hosts: [shop.example.com]
    rules:
      - { match: { paths: [/products/**] }, access: optional, quota: { anonymous: 60/minute } }
rules:
  - name: health
    match: { paths: [/health, /docs/**/], methods: [GET, HEAD] }
    access: public
  - name: admin
    match: { hosts: ["*.example.com", "shop.example.com:8443"], networks: [10.0.0.0/8, "::1", 0.0.0.0/0] }
    access: user
    preflight: true
    credentials: [session, bearer]
    allow: [role:admin, service:backup]
    require:
      roles: [admin]
      groups: [/ops]
      scopes: [tools:write]
      when: [user in teams platform, user with bob not in blocked]
  - match: { paths: ["/v1/models/{id}"] }
    access: any
    resource: "models::{id}"
    quota: { user: 1000/day, service: 5/s }
default: { access: any, allow: [group:staff], credentials: [bearer], quota: { user: 10/h } }
claims_mapping: { groups: teams, department: blocked }
access_policy: [{ permit: { actions: [read], resource: "models::*" } }]`)
    expect(rules).toEqual([
      {
        name: 'health',
        match: { paths: ['/health', '/docs/**'], methods: ['GET', 'HEAD'] },
        access: 'public',
        preflight: false,
        require: nothing,
        quota: {},
      },
      {
        name: 'admin',
        match: {
          hosts: [
            { name: 'example.com', wildcard: true },
            { name: 'shop.example.com', wildcard: false, port: '8443' },
          ],
          networks: ['10.0.0.0/8', '::1', '0.0.0.0/0'],
        },
        access: 'user',
        preflight: true,
        credentials: ['session', 'bearer'],
        allow: [
          { kind: 'role', value: 'admin' },
          { kind: 'service', value: 'backup' },
        ],
        require: {
          roles: ['admin'],
          groups: ['/ops'],
          scopes: ['tools:write'],
          when: [
            { kind: 'attribute', attribute: 'teams', value: 'platform', negated: false },
            { kind: 'attribute', attribute: 'blocked', value: 'bob', negated: true },
          ],
        },
        quota: {},
      },
      {
        name: 'rules[2]',
        match: { paths: ['/v1/models/{id}'] },
        access: 'any',
        preflight: false,
        require: nothing,
        resource: 'models::{id}',
        quota: {
          user: { requests: 1_000, windowMs: 86_400_000 },
          service: { requests: 5, windowMs: 1_000 },
        },
      },
    ])
    expect(apps[0].rules).toEqual([
      {
        name: 'apps.shop.rules[0]',
        match: { paths: ['/products/**'] },
        access: 'optional',
        preflight: false,
        require: nothing,
        quota: { anonymous: { requests: 60, windowMs: 60_000 } },
      },
    ])
    expect(defaultRule).toEqual({
      name: 'default',
      access: 'any',
      preflight: false,
      credentials: ['bearer'],
      allow: [{ kind: 'group', value: 'staff' }],
      require: nothing,
      quota: { user: { requests: 10, windowMs: 3_600_000 } },
    })
  })

  test('without a match, or with an empty one, are about everything', () => {
    const { rules } = settingsWith('rules: [{ access: any }, { access: deny, match: {} }]')
    expect(rules.map(({ match }) => match)).toEqual([{}, {}])
  })

  test.each([
    ['{ match: {} }', 'rules[0].access: is missing'],
    ['{ access: open }', 'rules[0].access: is none of public, optional, user, service, any, deny'],
    [
      '{ access: any, methods: [GET] }',
      'rules[0].methods: is not known; known: name, match, access',
    ],
    ['{ access: any, name: " x" }', 'rules[0].name: is empty, or begins or ends with white space'],
    ['{ access: any, name: default }', 'rules[0].name: "default" is the name of default too;'],
    ['{ access: any, match: { paths: /a } }', 'rules[0].match.paths: is not of the type array'],
    ['{ access: any, match: { paths: [] } }', 'rules[0].match.paths: lists nothing'],
    [
      '{ access: any, match: { paths: [a] } }',
      'rules[0].match.paths[0]: "a" begins with no slash;',
    ],
    [
      '{ access: any, match: { methods: [get] } }',
      'rules[0].match.methods[0]: "get" is never asked for: methods are in upper case; write GET',
    ],
    [
      '{ access: any, match: { methods: [GET, GRAB] } }',
      'rules[0].match.methods[1]: "GRAB" is no HTTP method such as GET or POST',
    ],
    [
      '{ access: any, match: { networks: [10.0.0.0/33] } }',
      'rules[0].match.networks[0]: "10.0.0.0/33" is no address or CIDR, such as 10.0.0.0/8',
    ],
    [
      '{ access: any, match: { networks: [traefik] } }',
      'rules[0].match.networks[0]: "traefik" is no address or CIDR',
    ],
    [
      '{ access: any, match: { networks: ["fe80::1%eth0"] } }',
      'rules[0].match.networks[0]: "fe80::1%eth0" is no address or CIDR',
    ],
    [
      '{ access: any, match: { hosts: ["a b"] } }',
      'rules[0].match.hosts[0]: "a b" is not a host name, or *. and a name',
    ],
    ['{ access: any, allow: [ops] }', 'rules[0].allow: "ops" is none of group:'],
    ['{ access: any, allow: [] }', 'rules[0].allow: lists nothing'],
    ['{ access: any, credentials: [cookie] }', 'rules[0].credentials[0]: is none of session, bear'],
    [
      '{ access: any, require: { scopes: [a b] } }',
      'rules[0].require.scopes[0]: is empty or has wh',
    ],
    [
      '{ access: any, require: { when: [bob is admin] } }',
      'rules[0].require.when[0]: "bob is admin" is no condition; write user in ATTRIBUTE VALUE, user',
    ],
    [
      '{ access: any, require: { when: [user is owner] }, match: { paths: ["/a/{owner}", /b] } }',
      'rules[0].require.when: asks for the owner, and the paths of the rule do not all have {owner}',
    ],
    ['{ access: any, quota: { user: 1000 } }', 'rules[0].quota.user: is not of the type string'],
    [
      '{ access: any, quota: { user: 5/week } }',
      'rules[0].quota.user: is no limit such as 1000/day',
    ],
    [
      '{ access: any, quota: { user: 0/day } }',
      'rules[0].quota.user: is no limit such as 1000/day',
    ],
    [
      '{ access: service, quota: { user: 5/day } }',
      'rules[0].quota.user: never counts anything: access: service refuses every user;',
    ],
    [
      '{ access: user, quota: { service: 5/day } }',
      'rules[0].quota.service: never counts anything: access: user refuses every service;',
    ],
    [
      '{ access: any, require: { when: [user not in teams guests] } }',
      'rules[0].require.when[0]: asks about "teams", and nobody has it; known: roles, groups; claims_m',
    ],
    [
      '{ access: service, credentials: [session] }',
      "rules[0].credentials: lets nobody in: a session is never a service's, which access: service",
    ],
    ['{ access: any, query_token: "a&b" }', 'rules[0].query_token: '],
    [
      '{ access: any, query_token: t, credentials: [session, key] }',
      'rules[0].query_token: does nothing where credentials do not have bearer; add it',
    ],
    [
      '{ access: user, credentials: [key] }',
      "rules[0].credentials: lets nobody in: a key is never a user's, which access: user asks for",
    ],
  ])('%s is refused', (rule, message) => {
    const [line, ...more] = problemsWith(`rules: [${rule}]`)
    expect(line?.slice(0, message.length)).toBe(message)
    expect(more).toEqual([])
  })

  test.each([
    [
      'public',
      'allow: [role:a]',
      'allow: does nothing with access: public, which looks at nobody;',
    ],
    ['public', 'require: {}', 'require: does nothing with access: public'],
    ['public', 'query_token: t', 'query_token: does nothing with access: public'],
    ['deny', 'query_token: t', 'query_token: does nothing with access: deny'],
    ['public', 'credentials: [key]', 'credentials: does nothing with access: public'],
    ['public', 'resource: "a::b"', 'resource: does nothing with access: public'],
    ['public', 'quota: { user: 1/day }', 'quota: does nothing with access: public'],
    ['deny', 'allow: [role:a]', 'allow: does nothing with access: deny, which lets nobody in;'],
    ['deny', 'require: {}', 'require: does nothing with access: deny'],
    ['deny', 'resource: "a::b"', 'resource: does nothing with access: deny'],
    ['deny', 'quota: { user: 1/day }', 'quota: does nothing with access: deny'],
    [
      'optional',
      'allow: [role:a]',
      'allow: can never be met by who is not signed in, whom access:',
    ],
    ['optional', 'require: { roles: [a] }', 'require: can never be met by who is not signed in'],
  ])('access: %s with %s is refused', (access, field, message) => {
    const policy = 'access_policy: [{ permit: { actions: [read], resource: "a::*" } }]'
    const [line, ...more] = problemsWith(`rules: [{ access: ${access}, ${field} }]\n${policy}`)
    expect(line).toContain(`rules[0].${message}`)
    expect(more).toEqual([])
  })

  test('optional goes with a resource and a quota', () => {
    const policy = 'access_policy: [{ permit: { actions: [read], resource: "a::*" } }]'
    const rule = '{ access: optional, resource: "a::b", quota: { anonymous: 1/day, user: 9/day } }'
    expect(problemsWith(`rules: [${rule}]\n${policy}`)).toEqual([])
  })

  test('two of one name are refused: requests are counted by it', () => {
    const app = 'apps: { a: { hosts: [a.example.com], rules: [{ name: x, access: any }] } }'
    expect(problemsWith(`${app}\nrules: [{ name: x, access: any }]`)).toEqual([
      'rules[0].name: "x" is the name of apps.a.rules[0] too; requests are counted by it, so choose another one',
    ])
  })

  test.each([
    ['other.org', false],
    ['"*.other.org"', false],
    ['example.com', true],
    ['"*.example.com"', true],
    ['"*.com"', true],
    ['a.b.example.com', true],
  ])('a host %s that an app has: %s; else it never matches', (host, isOne) => {
    const warning = expect.stringMatching(
      /^rules\[0\]\.match\.hosts\[0\]: ".*" is no host of an app/,
    )
    expect(warningsWith(`rules: [{ access: any, match: { hosts: [${host}] } }]`)).toEqual(
      isOne ? [] : [warning],
    )
  })

  test('hosts of a rule of an app are those of the app', () => {
    const app = (host: string) =>
      `apps: { a: { hosts: ["a.example.com:8443"], rules: [{ access: any, match: { hosts: ["${host}"] } }] }, b: { hosts: ["*.b.example.com"] } }`
    expect(warningsWith(app('a.example.com'))).toEqual([])
    expect(warningsWith(app('*.example.com'))).toEqual([])
    expect(warningsWith(app('a.example.com:9000'))).toHaveLength(1)
    expect(warningsWith(app('c.b.example.com'))).toEqual([
      'apps.a.rules[0].match.hosts[0]: "c.b.example.com" is no host of an app: it never matches',
    ])
  })
})

describe('what holds without a rule', () => {
  test.each(['public', 'optional'])('P-18 is never %s', (access) => {
    expect(problemsWith(`default: { access: ${access} }`)).toEqual([
      'default.access: is none of user, service, any, deny; what is public or optional needs a rule with paths, so that nothing is open by oversight',
    ])
  })

  test.each([
    ['{ access: deny, allow: [role:a] }', 'default.allow: does nothing with access: deny'],
    ['{ require: { when: [user is owner] } }', 'default.require.when: asks for the owner'],
    ['{ quota: { anonymous: 1/day } }', 'default.quota.anonymous: never counts anything'],
    ['{ resource: "a::b" }', 'default.resource: is not known'],
  ])('%s is refused', (rule, message) => {
    expect(problemsWith(`default: ${rule}`)).toEqual([expect.stringContaining(message)])
  })
})

describe('a resource', () => {
  const policy = 'access_policy: [{ permit: { actions: [read], resource: "models::*" } }]'
  const rule = (resource: string, paths: string) =>
    `rules: [{ access: any, resource: "${resource}", match: { paths: [${paths}] } }]`

  test('needs a policy that judges it', () => {
    expect(problemsWith(rule('models::all', '/a'))).toEqual([
      'rules[0].resource: is judged by access_policy, and there is none; write one, or remove the resource',
    ])
  })

  test('has parameters that each of the paths has', () => {
    expect(problemsWith(`${rule('models::{id}', '"/a/{id}", "/b/{id}/{x}"')}\n${policy}`)).toEqual(
      [],
    )
    expect(
      problemsWith(`${rule('models::{id}/{x}', '"/a/{id}", "/b/{id}/{x}"')}\n${policy}`),
    ).toEqual([
      'rules[0].resource: has {x}, which not every path of the rule has; write it in each of match.paths',
    ])
  })

  test.each(['models', 'models:a', '::a', 'models::', 'models::*', 'models::a b', 'models::{a'])(
    '%s is refused',
    (resource) => {
      expect(problemsWith(`${rule(resource, '"/{a}"')}\n${policy}`)).toEqual([
        expect.stringMatching(/^rules\[0\]\.resource: ".*" is no type, :: and a name, such as/),
      ])
    },
  )
})

describe('a path of a rule', () => {
  test.each([
    ['/', '/', []],
    ['/docs/', '/docs', []],
    ['/**', '/**', []],
    ['/**/', '/**', []],
    ['/a/*/b/**/c', '/a/*/b/**/c', []],
    ['/v1/{id}/x/{name_2}', '/v1/{id}/x/{name_2}', ['id', 'name_2']],
    ['/%61dmin', '/admin', []],
    ['/caf%C3%A9/ü/a b', '/café/ü/a b', []],
    ['/100%25/$metadata/a(1)', '/100%/$metadata/a(1)', []],
    ['/%3F%23', '/?#', []],
  ])('%s is %s', (text, path, parameters) => {
    expect(readRulePath(text)).toEqual({ path, parameters })
  })

  test.each([
    ['admin', 'begins with no slash'],
    ['^/admin', 'begins with no slash; a path is its segments, and no regular expression'],
    ['/a?b=c', 'has a "?": the query does not count'],
    ['/a#b', 'has a "#"'],
    ['/a;b', 'has a ";"'],
    ['/a\\b', 'has a "\\"'],
    ['/admin|ops', 'has a "|"; paths are no regular expressions (write /admin/** for a path and'],
    ['/(^a)', 'has a "^"; paths are no regular expressions'],
    ['/[a-z]', 'has a "["; paths are no regular expressions'],
    ['/admin$', 'has a "$"; paths are no regular expressions'],
    ['/a//b', 'has two slashes together'],
    ['//', 'has two slashes together'],
    ['/a/.', 'has dot segments'],
    ['/a/../b', 'has dot segments'],
    ['/a/%2e%2E/b', 'has dot segments'],
    ['/a%2Fb', 'has an escape of "/"'],
    ['/a%5cb', 'has an escape of "\\\\"'],
    ['/a%3Bb', 'has an escape of ";"'],
    ['/%2A', 'has an escape of "*"'],
    ['/%7Bid%7D', 'has an escape of "{"'],
    ['/a%00', 'has an escape of "\\u0000"'],
    ['/a%zz', 'has "a%zz", whose escapes are no UTF-8'],
    ['/%C3', 'has "%C3", whose escapes are no UTF-8'],
    ['/*.js', 'has "*.js": a * stands for a whole segment'],
    ['/admin.*', 'has "admin.*": a * stands for a whole segment'],
    ['/***', 'has "***": a * stands for a whole segment'],
    ['/a-{id}', 'has "a-{id}": a parameter is a whole segment'],
    ['/{}', 'has "{}": a parameter is a whole segment'],
    ['/{__proto__}', 'has "{__proto__}": a parameter is a whole segment'],
    ['/{id}/{id}', 'names {id} twice'],
  ])('P-15 %s is refused', (text, fault) => {
    expect(readRulePath(text)).toEqual({ fault: expect.stringContaining(fault) })
  })
})
