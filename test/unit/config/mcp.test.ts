import { describe, expect, test } from 'vitest'
import { problemsWith, settingsWith } from './environments.ts'

const api = { AUTH_ALLOWED_AUDIENCES: 'https://api.example.com' }
const noIssuer = { OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' }
const notes = (more = '', resource = 'https://app.example.com/mcp') =>
  `mcp: { notes: { resource: "${resource}"${more} } }`

describe('an MCP resource', () => {
  test('is of the first issuer, and takes tokens for its own URI', () => {
    const { mcp, issuers } = settingsWith(notes(), api)
    expect(mcp).toEqual([
      {
        name: 'notes',
        resource: 'https://app.example.com/mcp',
        host: 'app.example.com',
        path: '/mcp',
        issuers: ['default'],
        scopes: [],
        challengedScopes: [],
        audiences: ['https://app.example.com/mcp'],
        clientRegistration: false,
      },
    ])
    expect(issuers).toMatchObject([
      { audiences: [api.AUTH_ALLOWED_AUDIENCES], resourceAudiences: [mcp[0]?.resource] },
    ])
  })

  test('is as it is written', () => {
    const { mcp, issuers } = settingsWith(
      `
issuers:
  ci: { issuer: "https://ci.example", audiences: [ci], required_scope: [call, run] }
  main: { issuer: "https://idp.example.com/realms/main", audiences: [main], required_scope: [run] }
mcp:
  notes:
    resource: https://app.example.com:8443
    title: Notes
    issuers: [ci, default]
    scopes: [notes:read]
    audiences: [notes, more]
    client_registration: true
  other: { resource: https://app.example.com/other, issuers: [ci], audiences: [other, more] }`,
      { APP_HOSTS: 'app.example.com,app.example.com:8443' },
    )
    expect(mcp).toMatchObject([
      {
        host: 'app.example.com:8443',
        path: '',
        title: 'Notes',
        issuers: ['ci', 'default'],
        scopes: ['notes:read'],
        // Whichever issuer a client chooses: what both want, and the resource.
        challengedScopes: ['run', 'notes:read'],
        audiences: ['notes', 'more'],
        clientRegistration: true,
      },
      { path: '/other', challengedScopes: ['call', 'run'] },
    ])
    const audiencesOf = (name: string) =>
      issuers.find((one) => one.name === name)?.resourceAudiences
    expect(audiencesOf('ci')).toEqual(['notes', 'more', 'other'])
    expect(audiencesOf('default')).toEqual(['notes', 'more'])
  })

  test('makes the provider an issuer, whose tokens are good for the resource alone', () => {
    expect(settingsWith(notes()).issuers).toMatchObject([
      { name: 'default', audiences: [], resourceAudiences: ['https://app.example.com/mcp'] },
    ])
    expect(settingsWith('').issuers).toEqual([])
  })

  test('needs no AUTH_ALLOWED_AUDIENCES beside, nor anybody who signs in', () => {
    const { providers, issuers, mcp } = settingsWith(notes(), {
      ...{ OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '', AUTH_REQUIRED_SCOPE: 'call' },
    })
    expect(providers).toEqual([])
    expect(issuers).toMatchObject([{ name: 'default', audiences: [], requiredScopes: ['call'] }])
    expect(mcp[0]?.challengedScopes).toEqual(['call'])
  })

  test.each([
    ['https://app.example.com/mcp/', 'canonical form; write https://app.example.com/mcp'],
    ['https://APP.example.com/mcp', 'canonical form; write https://app.example.com/mcp'],
    ['https://app.example.com:443/mcp', 'canonical form; write https://app.example.com/mcp'],
    ['https://app.example.com/', 'canonical form; write https://app.example.com'],
    ['HTTPS://app.example.com/mcp', 'canonical form'],
    ['https://app.example.com/mcp?x=1', 'query or a fragment'],
    ['https://app.example.com/mcp#x', 'query or a fragment'],
    ['https://app.example.com/mcp#', 'query or a fragment'],
    ['https://app.example.com/a/../mcp', 'canonical form; write https://app.example.com/mcp'],
    ['https://app.example.com//mcp', 'servers read in several ways'],
    ['https://app.example.com/m%63p', 'servers read in several ways'],
    ['https://app.example.com/m cp', 'servers read in several ways'],
    ['https://user:hush@app.example.com/mcp', 'no http or https URL'],
    ['app.example.com/mcp', 'no http or https URL'],
    ['urn:notes', 'no http or https URL'],
    ['', 'no http or https URL'],
    ['http://app.example.com/mcp', 'another scheme than PUBLIC_URL'],
    ['https://other.example.net/mcp', '"other.example.net" is the host of no app'],
  ])('cannot be %s', (resource, message) => {
    const problems = problemsWith(notes('', resource))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^mcp\.notes\.resource: /)
    expect(problems[0]).toContain(message)
    expect(problems[0]).not.toContain('hush')
  })

  test('is plain http where PUBLIC_URL is, on this machine', () => {
    const local = { PUBLIC_URL: 'http://auth.gate.localhost:8080', COOKIE_DOMAIN: 'gate.localhost' }
    const { mcp } = settingsWith(notes('', 'http://app.gate.localhost:8080/mcp'), local)
    expect(mcp[0]?.host).toBe('app.gate.localhost:8080')
  })

  test.each([
    [
      ', issuers: [ci]',
      'mcp.notes.issuers: "ci" is no issuer whose tokens are taken; known: default',
    ],
    [', issuers: []', 'mcp.notes.issuers: lists nothing'],
    [', audiences: []', 'mcp.notes.audiences: lists nothing'],
    [', scopes: ["a b"]', 'mcp.notes.scopes[0]: is no scope'],
    [', scopes: ["a\\"b"]', 'mcp.notes.scopes[0]: is no scope'],
    [', scopes: [offline_access]', 'mcp.notes.scopes: has offline_access'],
    [', title: ""', 'mcp.notes.title: '],
    [', scope: [a]', 'mcp.notes.scope: is not known; did you mean scopes?'],
  ])('with %s is refused', (more, message) => {
    const problems = problemsWith(notes(more))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })

  test('is one by its URI and its name', () => {
    expect(
      problemsWith(
        'mcp: { a: { resource: "https://app.example.com/x" }, b: { resource: "https://app.example.com/x" } }',
      ),
    ).toEqual(['mcp.b.resource: is that of mcp.a too; one entry speaks of one resource'])
    expect(problemsWith('mcp: { Notes: { resource: "https://app.example.com/x" } }')[0]).toContain(
      'is no name',
    )
  })

  test('needs an issuer', () => {
    expect(
      problemsWith(notes(), { ...noIssuer, AUTH_ENABLED: 'false', ALLOW_INSECURE: 'true' }),
    ).toEqual([expect.stringMatching(/^mcp\.notes\.issuers: is missing, and there is no issuer/)])
  })
})

describe('a rule about MCP messages', () => {
  const rule = (match: string) => `rules: [{ access: any, match: { ${match} } }]`

  test('has methods, tools, resources and prompts', () => {
    const match =
      'paths: [/mcp], methods: [POST], mcp: { methods: [tools/*, resources/read, prompts/get], tools: [a, "b_*"], resources: ["notes://*"], prompts: ["*"] }'
    expect(settingsWith(rule(match)).rules[0]?.match.mcp).toEqual({
      methods: ['tools/*', 'resources/read', 'prompts/get'],
      tools: ['a', 'b_*'],
      resources: ['notes://*'],
      prompts: ['*'],
    })
  })

  test.each([
    ['mcp: { tools: [a] }', 'rules[0].match.mcp: needs paths beside it'],
    ['paths: [/mcp], mcp: {}', 'rules[0].match.mcp: lists nothing'],
    ['paths: [/mcp], mcp: { tools: [] }', 'rules[0].match.mcp.tools: lists nothing'],
    [
      'paths: [/mcp], mcp: { tools: ["a*b"] }',
      'rules[0].match.mcp.tools[0]: is neither a text nor',
    ],
    ['paths: [/mcp], mcp: { tools: ["*a"] }', 'rules[0].match.mcp.tools[0]: is neither a text nor'],
    [
      'paths: [/mcp], mcp: { tools: ["a**"] }',
      'rules[0].match.mcp.tools[0]: is neither a text nor',
    ],
    ['paths: [/mcp], mcp: { tools: [" a"] }', 'rules[0].match.mcp.tools[0]: is neither a text nor'],
    ['paths: [/mcp], mcp: { tools: [""] }', 'rules[0].match.mcp.tools[0]: is neither a text nor'],
    [
      'paths: [/mcp], mcp: { tool: [a] }',
      'rules[0].match.mcp.tool: is not known; did you mean tools?',
    ],
    ['paths: [/mcp], methods: [GET], mcp: { tools: [a] }', 'rules[0].match.methods: has no POST'],
    [
      'paths: [/mcp], mcp: { methods: [tools/list], tools: [a] }',
      'rules[0].match.mcp.methods: does not have tools/call, with which alone a message is about tools',
    ],
  ])('cannot be { %s }', (match, message) => {
    const problems = problemsWith(rule(match))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })
})
