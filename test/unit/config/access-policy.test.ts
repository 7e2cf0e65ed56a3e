import { describe, expect, test } from 'vitest'
import { problemsWith, settingsWith, warningsWith } from './environments.ts'

const rule = 'rules: [{ access: any, resource: "models::{id}", match: { paths: ["/m/{id}"] } }]'

describe('access_policy', () => {
  test('is read as it is written', () => {
    const { accessPolicy } = settingsWith(`
${rule}
claims_mapping: { groups: teams, name: names }
access_policy:
  - permit: { actions: [read], resource: "models::*" }
    when: [user in teams llama-developers]
    description: developers read
  - forbid: { actions: [write, delete], resource: "agents::admin:*" }
    when: user not in roles admin
    unless: user with bob in names
  - permit: { actions: [read], resource: "*" }
  - permit: { actions: [create], resource: "models::llama" }`)
    const none = { when: [], unless: [] }
    expect(accessPolicy).toEqual([
      {
        effect: 'permit',
        actions: ['read'],
        resource: { text: 'models::', prefix: true },
        when: [
          { kind: 'attribute', attribute: 'teams', value: 'llama-developers', negated: false },
        ],
        unless: [],
      },
      {
        effect: 'forbid',
        actions: ['write', 'delete'],
        resource: { text: 'agents::admin:', prefix: true },
        when: [{ kind: 'attribute', attribute: 'roles', value: 'admin', negated: true }],
        unless: [{ kind: 'attribute', attribute: 'names', value: 'bob', negated: false }],
      },
      { effect: 'permit', actions: ['read'], resource: { text: '', prefix: true }, ...none },
      {
        effect: 'permit',
        actions: ['create'],
        resource: { text: 'models::llama', prefix: false },
        ...none,
      },
    ])
  })

  test.each([
    ['[]', 'access_policy: lists nothing'],
    ['[{}]', 'access_policy[0]: has neither permit nor forbid; a statement has one of them'],
    [
      '[{ permit: { actions: [read], resource: "a::b" }, forbid: { actions: [read], resource: "a::b" } }]',
      'access_policy[0]: has both permit and forbid; a statement has one of them',
    ],
    [
      '[{ permit: { actions: [], resource: "a::b" } }]',
      'access_policy[0].permit.actions: lists not',
    ],
    [
      '[{ permit: { actions: [look], resource: "a::b" } }]',
      'access_policy[0].permit.actions[0]: is none of read, write, create, update, delete',
    ],
    ['[{ permit: { actions: [read] } }]', 'access_policy[0].permit.resource: is missing'],
    [
      '[{ permit: { actions: [read], resource: "a::*b" } }]',
      'access_policy[0].permit.resource: "a::*b" has a * that is not at its end',
    ],
    [
      '[{ forbid: { actions: [read], resource: "a::{id}" } }]',
      'access_policy[0].forbid.resource: "a::{id}" has braces; here a * at the end stands for any',
    ],
    [
      '[{ permit: { actions: [read], resource: models } }]',
      'access_policy[0].permit.resource: "models" is no type, :: and a name, such as models::llama',
    ],
    [
      '[{ permit: { actions: [read], resource: "models::" } }]',
      'access_policy[0].permit.resource: "models::" names nothing; all of a type are models::*',
    ],
    [
      '[{ permit: { actions: [read], resource: "a::b", principal: bob } }]',
      'access_policy[0].permit.principal: is not known; say in when whom a statement is about',
    ],
    [
      '[{ permit: { actions: [read], resource: "a::b" }, when: user likes cats }]',
      'access_policy[0].when: "user likes cats" is no condition; write user in ATTRIBUTE VALUE',
    ],
    [
      '[{ permit: { actions: [read], resource: "a::b" }, unless: [user is owner, nobody] }]',
      'access_policy[0].unless[1]: "nobody" is no condition',
    ],
  ])('%s is refused', (policy, message) => {
    const [line, ...more] = problemsWith(`${rule}\naccess_policy: ${policy}`)
    expect(line?.slice(0, message.length)).toBe(message)
    expect(more).toEqual([])
  })

  test('that judges nothing is a warning', () => {
    const policy = 'access_policy: [{ permit: { actions: [read], resource: "a::b" } }]'
    expect(warningsWith(`${policy}\nrules: [{ access: any }]`)).toEqual([
      'access_policy: has no effect: no rule has a resource, so it judges nothing',
    ])
    expect(warningsWith(`${policy}\n${rule}`)).toEqual([])
  })

  test('that asks for an owner whom no path names is a warning', () => {
    const policy =
      'access_policy: [{ permit: { actions: [read], resource: "a::*" }, when: user is owner }]'
    expect(warningsWith(`${policy}\n${rule}`)).toEqual([
      'access_policy[0]: asks for the owner, and no rule with a resource has {owner} in its paths: nobody is one',
    ])
    expect(warningsWith(`${policy}\n${rule.replace('/m/', '/{owner}/')}`)).toEqual([])
  })
})

describe('claims_mapping', () => {
  const mapping = '{ groups: teams, realm_access: roles, "https://x.example/dept": dept }'

  test('feeds attributes, and its claims are kept for sessions and tokens', () => {
    const file = `claims_mapping: ${mapping}\nheaders: { X-Dept: claims.department }`
    const { claimsMapping, providers, issuers } = settingsWith(file, {
      AUTH_ALLOWED_AUDIENCES: 'api',
    })
    expect(claimsMapping).toEqual({
      groups: 'teams',
      realm_access: 'roles',
      'https://x.example/dept': 'dept',
    })
    const kept = ['department', 'groups', 'https://x.example/dept', 'realm_access']
    expect(providers[0]?.claims.kept).toEqual(kept)
    expect(issuers[0]?.claims.kept).toEqual(kept)
  })

  test.each(['sub', 'preferred_username', 'email', 'name'])(
    'X-16 %s that feeds roles is a warning: people could name themselves after one',
    (claim) => {
      expect(warningsWith(`claims_mapping: { ${claim}: roles }`)).toEqual([
        `claims_mapping.${claim}: feeds roles: somebody who is named like a role has it in conditions; give it an attribute of its own`,
      ])
      expect(warningsWith(`claims_mapping: { ${claim}: names }`)).toEqual([])
    },
  )

  test.each([
    ['{ groups: "my teams" }', 'claims_mapping.groups: is no attribute: letters, digits'],
    ['{ groups: [teams] }', 'claims_mapping.groups: is not of the type string'],
    [
      '{ " groups": teams }',
      'claims_mapping. groups: is empty, or begins or ends with white space',
    ],
  ])('%s is refused', (written, message) => {
    expect(problemsWith(`claims_mapping: ${written}`)).toEqual([expect.stringContaining(message)])
  })
})

describe('admins', () => {
  const partner =
    'providers: { partner: { issuer: "https://p.example", client_id: us, client_auth: none } }'

  test('are people of the first provider, by their sessions and their tokens', () => {
    const { providers, issuers } = settingsWith(`admins: [Alice@Example.com]\n${partner}`, {
      AUTH_ALLOWED_AUDIENCES: 'api',
      AUTH_TRUSTED_ISSUERS:
        'https://idp.example.com/realms/main,https://p.example,https://q.example',
    })
    expect(providers.map(({ claims }) => claims.admins)).toEqual([['alice@example.com'], []])
    expect(issuers.map(({ claims }) => claims.admins)).toEqual([['alice@example.com'], [], []])
  })

  test.each(['alice', 'alice@', 'a@b@c', '@example.com'])('%s is refused', (address) => {
    expect(problemsWith(`admins: ["${address}"]`)).toEqual([
      expect.stringMatching(/^admins\[0\]: ".*" is no e-mail address such as bob@example.com$/),
    ])
  })

  test('without a provider they are nobody, and a warning says so', () => {
    const nobody = { OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' }
    const file = 'issuers: { ci: { issuer: "https://ci.example", audiences: [api] } }'
    expect(warningsWith(`${file}\nadmins: [a@example.com]`, nobody)).toEqual([
      'admins: gives nobody a role: there is no provider whose people it speaks of',
    ])
  })
})

describe('an attribute that nobody has', () => {
  const permit = 'permit: { actions: [read], resource: "a::*" }'
  const forbid = 'forbid: { actions: [read], resource: "a::*" }'

  test.each([
    [forbid, 'when', 'user in teams x'],
    [forbid, 'unless', 'user not in teams x'],
    [permit, 'when', 'user not in teams x'],
    [permit, 'unless', 'user in teams x'],
  ])('is refused where it would let requests pass: %s, %s, %s', (statement, key, condition) => {
    const file = `access_policy: [{ ${statement}, ${key}: ${condition} }]`
    expect(problemsWith(file)).toEqual([
      `access_policy[0].${key}: asks about "teams", and nobody has it; known: roles, groups; claims_mapping makes attributes of claims`,
    ])
  })

  test.each([
    [forbid, 'when', 'user not in teams x'],
    [forbid, 'unless', 'user in teams x'],
    [permit, 'when', 'user in teams x'],
    [permit, 'unless', 'user not in teams x'],
  ])('is warned of where it stops them: %s, %s, %s', (statement, key, condition) => {
    const file = `access_policy: [{ ${statement}, ${key}: ${condition} }]`
    expect(warningsWith(file)).toContainEqual(expect.stringContaining('asks about "teams"'))
    expect(warningsWith(`${file}\nclaims_mapping: { groups: teams }`)).not.toContainEqual(
      expect.stringContaining('asks about'),
    )
  })
})
