import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiKeyPrefix, keyHash } from '../../../src/bearer/api-keys.ts'
import { run } from '../../../src/cli/run.ts'
import { complete } from '../config/environments.ts'
import { recordingTerminal } from './recording-terminal.ts'

const key = `${apiKeyPrefix}of-the-backup`
const rules = `
apps:
  shop: { hosts: [shop.example.com], allow: [group:ops, service:backup] }
rules:
  - { name: health, match: { paths: [/health] }, access: public }
  - name: admin
    match: { paths: ["/admin/{area}"] }
    access: any
    require: { roles: [admin] }
    quota: { user: 10/minute }
keys:
  - { name: backup, hash: "sha256:${keyHash(key)}", roles: [admin], expires: 2999-01-01 }
`

describe('explain', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'))
    writeFileSync(join(folder, 'gatehouse.yaml'), rules)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function explain(url: string, ...options: string[]) {
    const { terminal, lines, errors } = recordingTerminal()
    const env = {
      ...complete,
      COOKIE_DOMAIN: 'example.com',
      CONFIG_FILE: join(folder, 'gatehouse.yaml'),
    }
    const code = await run(['explain', 'GET', url, ...options], env, terminal)
    return { code, lines: lines.map((line) => line.trim().replaceAll(/ {2,}/g, ' | ')), errors }
  }

  function person(fields: object): string {
    const path = join(folder, 'person.json')
    writeFileSync(path, JSON.stringify(fields))
    return path
  }

  test('shows the rule, each check with its outcome, and the answer', async () => {
    const as = person({ username: 'bob', groups: ['ops'], roles: ['admin'] })
    const { code, lines } = await explain('https://shop.example.com/admin/users?x=1', '--as', as)
    expect(code).toBe(0)
    expect(lines).toEqual([
      'GET https://shop.example.com/admin/users?x=1',
      'app | shop',
      'rule | admin (access: any), area=users',
      'identity | user bob of default, by session; roles admin; groups ops',
      'admin: access | ok',
      'admin: ALLOW and the list of the app | ok',
      'admin: allow | ok',
      "admin: list in the middleware's address | ok",
      'admin: required scope | ok',
      'admin: scopes of the MCP resource | ok',
      'admin: require.scopes | ok',
      'admin: require.roles | ok',
      'admin: require.groups | ok',
      'admin: require.when | ok',
      'admin: access_policy | ok',
      'counts against | rule admin: 10 in 60 s',
      'answer | 200',
    ])
  })

  test('shows which check fails', async () => {
    const as = person({ sub: 'b0b', preferred_username: 'bob' })
    const { lines } = await explain('https://shop.example.com/admin/users', '--as', as)
    expect(lines).toContain(
      'admin: ALLOW and the list of the app | fails: the account is not among those of apps.shop.allow',
    )
    expect(lines).toContain(
      'admin: require.roles | fails: the rule admin requires one of the roles admin',
    )
    expect(lines.at(-1)).toBe(
      'answer | 403 forbidden: the account is not among those of apps.shop.allow',
    )
  })

  test('shows every rule that a reading of the path meets', async () => {
    const { lines } = await explain('https://shop.example.com/x/..%2fadmin/users')
    expect(lines.filter((line) => /^(?:rule|and)/.test(line))).toEqual([
      'rule | default (access: user)',
      'and, read otherwise | admin (access: any), area=users',
    ])
  })

  test('answers nobody as the gateway does', async () => {
    const health = await explain('https://shop.example.com/health')
    expect(health.lines.at(-1)).toBe('answer | 200')
    const page = await explain('https://shop.example.com/page')
    expect(page.lines).toContain('identity | none is needed, or none was proven')
    expect(page.lines.at(-1)).toBe('answer | 401 unauthenticated: there is no credential')
    const stranger = await explain('https://other.example.org/')
    expect(stranger.lines.at(-1)).toMatch(/^answer \| 403 unknown_host: /)
    const own = await explain(`${complete.PUBLIC_URL}/auth/login`)
    expect(own.lines.at(-1)).toMatch(/^answer \| 403 (?:own_route|unknown_host): /)
  })

  test('takes an API key, and shows none of it', async () => {
    const { lines } = await explain('https://shop.example.com/admin/users', '--token', key)
    expect(lines).toContain('identity | service backup of key, by key; roles admin')
    expect(lines.at(-1)).toBe('answer | 200')
    expect(lines.join('\n')).not.toContain(key)
    const wrong = await explain('https://shop.example.com/', '--token', `${key}x`)
    expect(wrong.lines.at(-1)).toMatch(/^answer \| 401 invalid_token: the API key is not among/)
  })

  test.each([
    ['{', 'is no JSON object'],
    ['[]', 'is no JSON object'],
    ['{"name": 1}', 'has name of the wrong type'],
    ['{"roles": "admin"}', 'has roles of the wrong type'],
    ['{"role": ["admin"]}', 'has "role", which is not known; known: subject, username'],
    ['{"kind": "robot"}', 'has a kind that is neither user nor service'],
  ])('says what is wrong with %s', async (json, fault) => {
    const path = join(folder, 'wrong.json')
    writeFileSync(path, json)
    const { code, lines, errors } = await explain('https://shop.example.com/', '--as', path)
    expect({ code, lines }).toEqual({ code: 64, lines: [] })
    expect(errors[0]).toContain(`gatehouse: ${path} ${fault}`)
  })

  test('says what is wrong with the question', async () => {
    expect((await explain('/admin')).errors[0]).toBe('gatehouse: "/admin" is no URL')
    expect((await explain('https://shop.example.com/%zz')).errors[0]).toMatch(
      /^gatehouse: the request cannot be read: the value of the header x-forwarded-uri/,
    )
    const both = await explain('https://shop.example.com/', '--token', 'x', '--as', 'y')
    expect(both.errors[0]).toContain('gatehouse: explain takes --token or --as, not both')
  })
})
