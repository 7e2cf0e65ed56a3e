import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from '../../../src/config/load.ts'
import { identityHeaderNames } from '../../../src/model/header-names.ts'
import {
  type Callers,
  callersOf,
  keysLine,
  startCallers,
  takeOver,
  uri,
} from '../../support/callers.ts'
import { expectPass, expectRefusal, expectSignIn, headerValues } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'

/** Alice passes wherever nothing but the default holds; nobody passes where something is open. */
const file = `
${keysLine}
rules:
  - { name: public, match: { paths: [/public/**, /docs] }, access: public }
  - { name: optional, match: { paths: [/optional/**] }, access: optional }
  - { name: closed, match: { paths: [/admin/**] }, access: user, require: { roles: [root] } }
  - { name: reports, match: { paths: [/Reports/**] }, access: user, require: { roles: [root] } }
  - { name: denied, match: { paths: [/secret/*/keys] }, access: deny }
  - { name: read, match: { paths: [/read], methods: [GET, HEAD] }, access: public }
  - { name: cors, match: { paths: [/api/**] }, access: user, preflight: true }
`

let site: TestGateway
let callers: Callers
beforeAll(async () => {
  const started = await startCallers({ file: () => file })
  site = started.site
  callers = started.callers
})
afterAll(() => site[Symbol.asyncDispose]())

const nobody = (path: string, more = {}) =>
  site.validate({ ...callers.nobody, ...uri(path), ...more })
const alice = (path: string, more = {}) =>
  site.validate({ ...callers.session, ...uri(path), ...more })

type Variation = readonly [id: string, path: string]

/** Ways to write `/admin/users`, and `/Reports`, that some server reads as that. */
const restricted: readonly Variation[] = [
  ['P-07', '/admin/users?x=/public'],
  ['P-07', '/admin/users?/docs'],
  ['P-09', '/public/../admin/users'],
  ['P-09', '/public/./x/../../admin/users'],
  ['P-09', '/../admin/./users'],
  ['P-09', '/x/..//admin/users'],
  ['P-10', '/public/%2e%2e/admin/users'],
  ['P-10', '/public/.%2E/admin/users'],
  ['P-10', '/%2e/admin/%2E/users'],
  ['P-10', '/public/%2E%2e%2fadmin/users'],
  ['P-11', '/admin%2fusers'],
  ['P-11', '/admin%2Fusers'],
  ['P-11', '/admin%5cusers'],
  ['P-11', '/public%2f..%2fadmin%2fusers'],
  ['P-11', '/public%5c..%5cadmin/users'],
  ['P-12', '/%2561dmin/users'],
  ['P-12', '/public/%252e%252e/admin/users'],
  ['P-12', '/admin%252fusers'],
  ['P-12', '/%25%36%31dmin/users'],
  ['P-12', '/public/%25252e%25252e/admin/users'],
  ['P-12', '/public/%c0%ae%c0%ae/admin/users'],
  ['P-13', '/public/..;/admin/users'],
  ['P-13', '/public/..;x=1/admin/users'],
  ['P-13', '/admin;x=/public/users'],
  ['P-13', '/admin/users;jsessionid=1'],
  ['P-13', '/;x/admin/users'],
  ['P-13', '/admin%3bx/users'],
  ['P-14', '//admin/users'],
  ['P-14', '/admin//users'],
  ['P-14', '/admin/users/'],
  ['P-14', '/admin/users///'],
  ['P-14', '///admin///users'],
  ['P-14', '/admin'],
  ['P-14', '/admin/'],
  ['P-16', '/%61dmin/users'],
  ['P-16', '/%61%64%6d%69%6e/users'],
  ['P-16', '/ADMIN/users'],
  ['P-16', '/aDmIn/uSeRs'],
  ['P-16', '/%41DMIN/users'],
  ['P-16', '/%EF%BC%A1dmin/users'],
  ['P-16', '/%C5%BFecret/../admin/users'],
  ['P-16', '/admin./users'],
  ['P-16', '/admin%20/users'],
  ['P-16', '/adm%c4%b1n/../admin/users'],
  ['P-16', '/Reports/a'],
  ['P-16', '/reports/a'],
  ['P-16', '/REPORTS'],
  ['P-16', '/%52eports/a'],
]

describe('a restrictive rule', () => {
  test.each(restricted)('%s holds for %s', async (_id, path) => {
    expectRefusal(await alice(path), 'forbidden')
    expect((await nobody(path)).status).toBe(401)
  })

  test.each([
    ['P-09', '/secret/x/../y/keys'],
    ['P-11', '/secret%2fx%2fkeys'],
    ['P-12', '/secret/x/%256beys'],
    ['P-13', '/secret;a/x;b/keys;c'],
    ['P-14', '//secret/x//keys/'],
    ['P-16', '/SECRET/X/KEYS'],
    ['P-16', '/%53ecret/x/keys'],
    ['P-16', '/%C5%BFecret/x/keys'],
  ] satisfies Variation[])('%s denies %s', async (_id, path) => {
    expectRefusal(await nobody(path), 'forbidden')
    expectRefusal(await alice(path), 'forbidden')
  })

  test.each([
    ['P-07', '/x?/admin/users'],
    ['P-09', '/admin/../x'],
    ['P-15', '/administrators'],
    ['P-15', '/x/admin/users'],
    ['P-15', '/secret/keys'],
    ['P-15', '/secret/x/keys/more'],
  ] satisfies Variation[])('%s: %s is decided by its own rule', async (id, path) => {
    // What a server may take for it too is refused: it does not resolve dot segments, for one.
    if (id === 'P-09') expectRefusal(await alice(path), 'forbidden')
    else expectPass(await alice(path))
  })
})

/** Not the normal form of a path of the two rules, though some server may read it as one. */
const notNormal = (root: string): readonly Variation[] => [
  ['P-07', `/?${root}/a`],
  ['P-07', `/x?x=${root}`],
  ['P-09', `${root}/../x`],
  ['P-09', `${root}/a/../b`],
  ['P-09', `/./${root.slice(1)}/a`],
  ['P-09', `${root}/.`],
  ['P-10', `${root}/%2e%2e/x`],
  ['P-10', `${root}/a/%2E`],
  ['P-11', `${root}%2fa`],
  ['P-11', `${root}/a%2Fb`],
  ['P-11', `${root}/a%5cb`],
  ['P-12', `${root}/%252e%252e/x`],
  ['P-12', `${root}/100%25`],
  ['P-12', `${root}/%2561`],
  ['P-13', `${root}/a;b`],
  ['P-13', `${root};x=1/a`],
  ['P-13', `${root}/..;/x`],
  ['P-13', `${root}/a%3bb`],
  ['P-14', `/${root}/a`],
  ['P-14', `${root}//a`],
  ['P-15', `${root}x`],
  ['P-15', `${root}.html`],
  ['P-15', `/x${root}`],
  ['P-15', root.slice(0, -1)],
  ['P-16', root.toUpperCase()],
  ['P-16', `${root[0]}${root[1]?.toUpperCase()}${root.slice(2)}/a`],
  ['P-16', `/%${root.charCodeAt(1).toString(16)}${root.slice(2)}`],
  ['P-16', `${root}/%61`],
]

describe('a permissive rule', () => {
  test.each([
    ['P-07', '/public'],
    ['P-07', '/public?x=/admin/users'],
    ['P-14', '/public/'],
    ['P-15', '/public/a/b.html'],
    ['P-15', '/docs'],
    ['P-16', '/public/a%20b/%C3%A9'],
  ] satisfies Variation[])('%s holds for %s', async (_id, path) => {
    expectPass(await nobody(path), { 'x-auth-kind': 'anonymous' })
    expectPass(await alice(path), { 'x-user-id': '' })
    const optional = path.replace(/^\/(?:public|docs)/, '/optional')
    expectPass(await nobody(optional), { 'x-auth-kind': 'anonymous' })
    expectPass(await alice(optional), { 'x-username': 'alice' })
  })

  test.each(notNormal('/public'))('%s does not hold for %s', async (_id, path) => {
    expectRefusal(await nobody(path), 'unauthenticated')
    const page = await site.validate({ ...callers.page, ...uri(path) })
    expect([page.status, page.headers.location?.startsWith(`${site.url}/auth/login?`)]).toEqual([
      302,
      true,
    ])
  })

  test.each(notNormal('/optional'))('%s does not hold for %s', async (_id, path) => {
    expectRefusal(await nobody(path), 'unauthenticated')
    expectPass(await alice(path), { 'x-username': 'alice' })
  })

  test('P-15 ends where its last segment does', async () => {
    for (const path of ['/docs/a', '/docsx', '/docs-secret', '/docs.html', '/publi', '/'])
      expectRefusal(await nobody(path), 'unauthenticated')
  })

  test('P-15 has no regular expressions: they stop the start', () => {
    for (const path of ['^/public', '/public.*', '/(a|b)+$', '/public*', '/pub**'])
      expect(problems(`rules: [{ match: { paths: ["${path}"] }, access: public }]`)).toHaveLength(1)
  })
})

const problems = (text: string) => {
  const loaded = loadSettings({ ...site.env, CONFIG_FILE: text }, (content) => content)
  return loaded.kind === 'ok' ? [] : loaded.problems
}

describe('P-18 where no rule matches', () => {
  test('P-18 the default holds, which asks for somebody', async () => {
    expectSignIn(
      await site.validate({ ...callers.page, ...uri('/nowhere') }),
      site.url,
      `${site.url}/nowhere`,
    )
    for (const path of ['/', '/nowhere', '/read/more'])
      expectRefusal(await nobody(path), 'unauthenticated')
    const elsewhere = { 'X-Forwarded-Host': 'evil.example' }
    expectRefusal(await nobody('/public', elsewhere), 'unknown_host')
  })

  test('P-18 a default that opens, and a rule that says nothing, stop the start', () => {
    expect(problems('default: { access: public }')).toHaveLength(1)
    expect(problems('default: { access: optional }')).toHaveLength(1)
    expect(problems('rules: [{ match: { paths: [/a] } }]')).toHaveLength(1)
    expect(problems('rules: [{ match: { paths: [] }, access: public }]')).toHaveLength(1)
    expect(problems('default: { access: deny }')).toEqual([])
  })
})

describe('the method', () => {
  const method = (name: string) => ({ 'X-Forwarded-Method': name })

  test('P-19 is the one that the proxy tells, in upper case', async () => {
    expectPass(await nobody('/read', method('HEAD')))
    expectRefusal(await nobody('/read', method('get')), 'bad_forwarded_request')
    for (const name of ['POST', 'PROPFIND', 'DELETE']) {
      const overridden = { ...method(name), 'X-HTTP-Method-Override': 'GET', 'X-Method': 'GET' }
      expectRefusal(await nobody('/read', overridden), 'unauthenticated')
      expectRefusal(await nobody('/read?_method=GET', method(name)), 'unauthenticated')
    }
  })

  const preflight = {
    ...method('OPTIONS'),
    Origin: 'https://evil.example',
    'Access-Control-Request-Method': 'GET',
  }

  test('P-20 OPTIONS opens no door that a rule does not', async () => {
    expectPass(await nobody('/api/a', preflight))
    for (const path of ['/admin/users', '/x', '/read'])
      expectRefusal(await nobody(path, preflight), 'unauthenticated')
    expectRefusal(await nobody('/secret/x/keys', preflight), 'forbidden')
    for (const mark of ['Origin', 'Access-Control-Request-Method'])
      expectRefusal(await nobody('/api/a', { ...preflight, [mark]: undefined }), 'unauthenticated')
    expectRefusal(await nobody('/api/a', method('OPTIONS')), 'unauthenticated')
  })

  test.each([
    ['P-20', '/api/../api/a'],
    ['P-20', '/api/%61'],
    ['P-20', '/api//a'],
    ['P-20', '/API/a'],
    ['P-20', '/api/a;b'],
    ['P-20', '/api/..%2fadmin'],
    ['P-20', '/apix'],
  ] satisfies Variation[])('%s a preflight for %s does not pass', async (_id, path) => {
    expectRefusal(await nobody(path, preflight), 'unauthenticated')
  })
})

describe('what is open', () => {
  const names = [...identityHeaderNames, 'x-api-key', 'x-auth-assertion']
  const forged = Object.fromEntries(names.map((name) => [name, ['forged', 'twice']]))
  const preflight = {
    'X-Forwarded-Method': 'OPTIONS',
    Origin: 'https://evil.example',
    'Access-Control-Request-Method': 'GET',
  }

  test('H-03 answers the whole set empty, whatever the client sends', async () => {
    await using full = await startTestGateway({
      env: { AUTH_ASSERTION: 'true', PASS_TOKEN: 'access' },
      file: () => file,
    })
    const { session, key } = await callersOf(full)
    for (const asked of [uri('/public/a'), { ...uri('/api/a'), ...preflight }]) {
      for (const by of [{}, session, key, { Authorization: 'Bearer forged' }]) {
        const answer = await full.validate({ ...forged, ...by, ...asked })
        expect(answer.status).toBe(200)
        for (const name of ['x-auth-kind', 'x-auth-source'])
          expect(headerValues(answer, name)).toEqual(['anonymous'])
        const known = ['x-auth-kind', 'x-auth-source', 'x-request-id']
        const others = [...names, 'authorization'].filter((name) => !known.includes(name))
        for (const name of others) expect(headerValues(answer, name), name).toEqual([''])
        expect(JSON.stringify(answer.rawHeaders)).not.toMatch(/forged|twice/)
      }
    }
  })

  test('H-05 a bad credential is no anonymity, and what is none proves nobody', async () => {
    const as = (headers: Record<string, string>) => nobody('/optional/a', headers)
    for (const token of ['Bearer', 'bearer x', 'Bearer e30.e30.', 'BEARER\tx', 'Bearer,x'])
      expectRefusal(await as({ Authorization: token }), 'invalid_token')
    for (const key of ['', 'ghk_x', 'own key'])
      expectRefusal(await as({ 'X-Api-Key': key }), 'invalid_token')
    const [Cookie = ''] = /gatehouse=[^;]+/.exec(callers['ended session'].Cookie ?? '') ?? []
    expectRefusal(await as({ Cookie }), 'session_expired')
    for (const broken of [`${Cookie}x`, Cookie.slice(0, -1), 'gatehouse=', 'gatehouse=x.y'])
      expectPass(await as({ Cookie: broken }), { 'x-auth-kind': 'anonymous', 'x-user-id': '' })
    for (const own of ['Basic eDp5', 'Digest x', 'Token x'])
      expectPass(await as({ Authorization: own }), { 'x-auth-kind': 'anonymous' })
  })
})

test('P-18 rules that are put in force are the ones that hold', async () => {
  takeOver(site, 'rules: [{ match: { paths: [/public] }, access: deny }]')
  expectRefusal(await nobody('/public'), 'forbidden')
  takeOver(site, file)
  expectPass(await nobody('/public'))
})
