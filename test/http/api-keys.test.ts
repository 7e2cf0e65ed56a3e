import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyHash } from '../../src/bearer/api-keys.ts'
import { newKey } from '../../src/cli/key.ts'
import { apiKey, type Callers, keysLine, startCallers, takeOver, uri } from '../support/callers.ts'
import { expectPass, expectRefusal, expectSignIn, headerValues } from '../support/decisions.ts'
import type { TestGateway } from '../support/gateway.ts'

const otherKey = `ghk_${randomBytes(32).toString('base64url')}`
const shortKey = `ghk_${randomBytes(32).toString('base64url')}`
const entry = (name: string, key: string, more: string) =>
  `{ name: ${name}, hash: "sha256:${keyHash(key)}", ${more} }`

const day = (after: number) => new Date(Date.now() + after * 86_400_000).toISOString().slice(0, 10)
const file = `
keys:
  - ${entry('backup', apiKey, 'expires: 2099-01-01, roles: [backup, reader], groups: [ops], scopes: [read]')}
  - ${entry('other', otherKey, 'expires: 2099-01-01')}
  - ${entry('short', shortKey, `expires: ${day(3)}`)}
rules:
  - { match: { paths: [/public] }, access: public }
  - { match: { paths: [/optional] }, access: optional }
  - { match: { paths: [/people] }, access: user }
  - { match: { paths: [/listed] }, access: service, allow: ["service:backup"] }
  - { match: { paths: [/reader] }, access: service, require: { roles: [reader] } }
  - { match: { paths: [/ops] }, access: service, require: { groups: [ops] } }
  - { match: { paths: [/write] }, access: service, require: { scopes: [write] } }
  - { match: { paths: [/session] }, access: any, credentials: [session, bearer] }
default: { access: any }
`

let site: TestGateway
let callers: Callers
beforeAll(async () => {
  const started = await startCallers({ file: () => file })
  site = started.site
  callers = started.callers
})
afterAll(() => site[Symbol.asyncDispose]())

const ask = (headers: Record<string, string | readonly string[]>, path = '/page') =>
  site.validate({ Accept: '*/*', ...uri(path), ...headers })
const withKey = (key: string) => ({ 'X-Api-Key': key })
const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })
const basic = (text: string) => ({
  Authorization: `Basic ${Buffer.from(text).toString('base64')}`,
})

describe('an API key', () => {
  test.each([
    ['X-Api-Key', withKey(apiKey)],
    ['a bearer token', bearer(apiKey)],
    ['a bearer token, in any case of the scheme', { Authorization: `bEARER ${apiKey}` }],
    ['the password of Basic', basic(`anybody:${apiKey}`)],
    ['the password of Basic without a name', basic(`:${apiKey}`)],
    ['the same key twice', { ...withKey(apiKey), ...bearer(apiKey) }],
  ])('as %s is the service of its name', async (_name, headers) => {
    expectPass(await ask(headers), {
      'x-user-id': '',
      'x-username': '',
      'x-user-roles': '',
      'x-user-groups': 'ops',
      'x-user-scopes': 'read',
      'x-client-id': 'backup',
      'x-auth-source': 'key',
      'x-auth-kind': 'service',
      'x-auth-provider': 'key',
      'x-service-name': 'backup',
      'x-service-id': 'backup',
      'x-service-roles': 'backup,reader',
      'x-session-id': '',
    })
  })

  test('is never passed on: every 200 holds X-Api-Key empty', async () => {
    for (const [headers, path] of [
      [withKey(apiKey), '/page'],
      [bearer(apiKey), '/page'],
      [callers.session, '/page'],
      [withKey('anything'), '/public'],
      [{}, '/optional'],
      [{ ...callers.session, 'X-Api-Key': 'own' }, '/session'],
    ] as const) {
      const answer = await ask(headers, path)
      expect(answer.status).toBe(200)
      expect(headerValues(answer, 'x-api-key')).toEqual([''])
    }
  })

  test('H-02 under a twin of the header is refused', async () => {
    for (const twin of ['X_Api_Key', 'X.Api.Key', 'x-api_key'])
      expectRefusal(await ask({ [twin]: apiKey }), 'bad_forwarded_request')
  })

  test('is held to the rules by its name, roles, groups and scopes', async () => {
    for (const path of ['/listed', '/reader', '/ops']) {
      expectPass(await ask(withKey(apiKey), path))
      expectRefusal(await ask(withKey(otherKey), path), 'forbidden')
    }
    expect((await ask(withKey(apiKey), '/write')).headers['www-authenticate']).toContain(
      'error="insufficient_scope", scope="write"',
    )
    expectRefusal(await ask(withKey(apiKey), '/people'), 'wrong_identity_kind')
  })

  test('is not looked at where keys do not count', async () => {
    expectRefusal(await ask(withKey(apiKey), '/session'), 'unauthenticated')
    expectRefusal(await ask(bearer(apiKey), '/session'), 'unauthenticated')
    expectPass(await ask({ ...callers.session, ...withKey('x') }, '/session'))
  })
})

describe('a key that is none', () => {
  test.each([
    ['of nobody', `ghk_${'x'.repeat(43)}`],
    ['cut', apiKey.slice(0, -1)],
    ['longer', `${apiKey}k`],
    ['in another case', apiKey.toUpperCase()],
    ['without its beginning', apiKey.slice(4)],
    ['the hash of one', keyHash(apiKey)],
    ['the hash as the file has it', `sha256:${keyHash(apiKey)}`],
    ['empty', ''],
    ['of the app', 'my-own-key'],
    ['very long', `ghk_${'k'.repeat(9_000)}`],
  ])('%s is refused wherever somebody may be asked for', async (_name, key) => {
    for (const path of ['/page', '/optional', '/listed'])
      expectRefusal(await ask(withKey(key), path), 'invalid_token')
    expectRefusal(await ask({ ...withKey(key), ...callers.session }), 'invalid_token')
    expectRefusal(await ask({ ...withKey(key), Accept: 'text/html' }, '/listed'), 'invalid_token')
  })

  test.each([
    ['Bearer', bearer(`ghk_${'x'.repeat(43)}`)],
    ['Basic', basic(`a:ghk_${'x'.repeat(43)}`)],
  ])('as %s is refused, with a session too', async (_name, headers) => {
    expectRefusal(await ask({ ...headers, ...callers.session }), 'invalid_token')
  })

  test('as Basic that does not look like one is the app’s own', async () => {
    for (const own of [basic('user:password'), basic(apiKey), basic(`${apiKey}:`)]) {
      expectRefusal(await ask(own), 'unauthenticated')
      expectPass(await ask({ ...own, ...callers.session }), { 'x-username': 'alice' })
    }
  })
})

describe('a key beside another credential', () => {
  test('decides in place of a session', async () => {
    const both = { ...callers.session, ...withKey(apiKey) }
    expectPass(await ask(both), { 'x-service-name': 'backup', 'x-username': '' })
    expectPass(await ask({ ...callers.session, ...bearer(apiKey) }), { 'x-auth-source': 'key' })
    expectPass(await ask({ ...callers['ended session'], ...withKey(apiKey) }))
  })

  test('that is another one too is ambiguous', async () => {
    for (const headers of [
      { ...callers["person's token"], ...withKey(apiKey) },
      { ...callers['bad token'], ...withKey(apiKey) },
      { ...bearer(otherKey), ...withKey(apiKey) },
      { ...basic(`x:${otherKey}`), ...withKey(apiKey) },
      { Authorization: [`Bearer ${apiKey}`, `Bearer ${apiKey}`] },
      { 'X-Api-Key': [apiKey, otherKey] },
      { 'X-Api-Key': [apiKey, apiKey] },
    ])
      expectRefusal(await ask(headers), 'conflicting_credentials')
  })
})

describe('what the gateway knows of a key', () => {
  test('is its hash, in settings, log and answers', async () => {
    await ask(withKey(apiKey))
    await ask(withKey(`${apiKey}-wrong`))
    expect(JSON.stringify(site.settings.keys)).toContain(keyHash(apiKey))
    expect(JSON.stringify(site.settings)).not.toContain(apiKey)
    expect(JSON.stringify(site.log)).not.toContain(apiKey.slice(0, 20))
  })

  test('is what gatehouse key new prints', async () => {
    const lines: string[] = []
    newKey('made', Date.now(), {
      out: (text: string) => void lines.push(text),
      error: (text: string) => void lines.push(text),
    } as Parameters<typeof newKey>[2])
    const [printed = ''] = lines
    const [made = ''] = /ghk_[\w-]{43}/.exec(printed) ?? []
    takeOver(site, `${printed.slice(printed.indexOf('keys:'), printed.indexOf('}') + 1)}\n${any}`)
    expectPass(await ask(withKey(made)), { 'x-service-name': 'made' })
    expectRefusal(await ask(withKey(apiKey)), 'invalid_token')
    takeOver(site, file)
  })

  test('is told to the audit log, once a minute for each', async () => {
    const told = () => site.log.filter(({ event }) => event === 'key_used')
    await ask(withKey(apiKey))
    site.clock.advance(60_000)
    const before = told().length
    for (const key of [apiKey, apiKey, otherKey, 'none', apiKey]) await ask(withKey(key))
    const since = told().slice(before)
    expect(since.map(({ subject }) => subject)).toEqual(['backup', 'other'])
    expect(since[0]).toMatchObject({ audit: true, kind: 'service', provider: 'key' })
    site.clock.advance(60_000)
    await ask(bearer(apiKey))
    expect(told()).toHaveLength(before + 3)
  })
})

const any = 'default: { access: any }'

test('without keys X-Api-Key is the app’s own, and never read', async () => {
  takeOver(site, any)
  for (const key of [apiKey, 'own', '']) {
    expectRefusal(await ask(withKey(key)), 'unauthenticated')
    const answer = await ask({ ...withKey(key), ...callers.session })
    expectPass(answer, { 'x-username': 'alice' })
    expect(answer.headers).not.toHaveProperty('x-api-key')
  }
  expectRefusal(await ask(bearer(apiKey)), 'invalid_token')
  expectRefusal(await ask(basic(`a:${apiKey}`)), 'unauthenticated')
  expectSignIn(await ask({ ...withKey(apiKey), Accept: 'text/html' }), site.url, `${site.url}/page`)
  expectPass(await ask({ ...callers["person's token"], ...withKey(apiKey) }))
  takeOver(site, file)
})

test('a key that has expired, or was taken away, does not count from then on', async () => {
  expectPass(await ask(withKey(shortKey)), { 'x-service-name': 'short' })
  site.clock.advance(3 * 86_400_000)
  expectRefusal(await ask(withKey(shortKey)), 'invalid_token')
  expectPass(await ask(withKey(apiKey)))
  takeOver(site, `${keysLine.replace('backup', 'renamed')}\n${any}`)
  expectPass(await ask(withKey(apiKey)), {
    'x-service-name': 'renamed',
    'x-service-roles': 'backup',
  })
  expectRefusal(await ask(withKey(otherKey)), 'invalid_token')
  takeOver(site, file)
})
