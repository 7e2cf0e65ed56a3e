import { createHmac, timingSafeEqual } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from '../../../src/config/load.ts'
import { renderProblem } from '../../../src/config/problem.ts'
import { signatureHeaderNames, signedHeaderNames } from '../../../src/model/header-names.ts'
import { keyId } from '../../../src/validate/request-signatures.ts'
import {
  type CallerName,
  type Callers,
  keysLine,
  startCallers,
  uri,
} from '../../support/callers.ts'
import { expectRefusal, headerValues } from '../../support/decisions.ts'
import { clientSecret, sessionSecret, type TestGateway } from '../../support/gateway.ts'
import { startReplica } from '../../support/replica.ts'

const hmacKey = 'kV7xqZr2LmT9wYb4NcPd8sHf3JgA6uEe'
const nextHmacKey = 'w8Zt_0pQm5-LrY2vKc7NdXa1BfGhTjUeSo9Ri3Mq6Wz'

let site: TestGateway
let callers: Callers
beforeAll(async () => {
  const started = await startCallers({
    env: { INTERNAL_HMAC_KEY: `${hmacKey},${nextHmacKey}` },
    file: () => `
${keysLine}
rules:
  - { match: { paths: [/public] }, access: public }
  - { match: { paths: [/optional] }, access: optional }
  - { match: { paths: [/api] }, access: user, preflight: true }
default: { access: any }`,
  })
  site = started.site
  callers = started.callers
})
afterAll(() => site[Symbol.asyncDispose]())

interface SignedRequest {
  readonly method: string
  readonly host: string
  readonly uri: string
  /** As the app receives them. */
  readonly headers: Readonly<Record<string, string>>
}

/** An app behind the gateway that believes only what the gateway signed, up to five minutes ago. */
function appTakes(
  { method, host, uri, headers }: SignedRequest,
  nowMs: number,
  keys: readonly string[] = [hmacKey],
): boolean {
  const { 'x-authz-kid': kid, 'x-authz-ts': ts, 'x-authz-signature': signature } = headers
  const key = keys.find((known) => keyId(known) === kid)
  if (!key || kid === undefined || ts === undefined || signature === undefined) return false
  if (Math.abs(nowMs / 1_000 - Number(ts)) > 300) return false
  // A header that is not there is not an empty one.
  if (signedHeaderNames.some((name) => name !== 'x-auth-assertion' && headers[name] === undefined))
    return false
  const named = signedHeaderNames.map((name) => headers[name] ?? '')
  const text = [kid, ts, method, host, uri, ...named]
    .map((value) => `${Buffer.byteLength(value, 'latin1')}:${value},`)
    .join('')
  const expected = createHmac('sha256', key).update(`v2${text}`, 'latin1').digest()
  const given = Buffer.from(signature, 'base64')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

async function signed(by: CallerName = 'session', path = '/page?x=1'): Promise<SignedRequest> {
  const { host } = new URL(site.url)
  const answer = await site.validate({ ...callers[by], ...uri(path) })
  expect(answer.status).toBe(200)
  return { method: 'GET', host, uri: path, headers: answer.headers }
}

describe('a signed request', () => {
  test.each(['session', "person's token", 'key'] as const)('S-05 of %s is taken', async (by) => {
    expect(appTakes(await signed(by), site.clock.now())).toBe(true)
  })

  test('S-03 is of no other request, however its parts are shifted', async () => {
    const request = await signed()
    const { host, headers } = request
    const { 'x-user-id': id = '', 'x-username': name = '', 'x-user-roles': roles = '' } = headers
    const shifted: Partial<SignedRequest>[] = [
      { method: 'GE', host: `T${host}` },
      { method: `GET${host[0]}`, host: host.slice(1) },
      { host: `${host}/`, uri: 'page?x=1' },
      { host: host.slice(0, -1), uri: `${host.at(-1)}/page?x=1` },
      { headers: { ...headers, 'x-user-id': id + name[0], 'x-username': name.slice(1) } },
      { headers: { ...headers, 'x-user-id': name, 'x-username': id } },
      { headers: { ...headers, 'x-user-roles': '', 'x-user-groups': roles } },
      { headers: { ...headers, 'x-username': `${name},5:admin` } },
    ]
    for (const change of shifted)
      expect(appTakes({ ...request, ...change }, site.clock.now()), JSON.stringify(change)).toBe(
        false,
      )
  })

  test('S-04 can be refused when it is old: its time is a part of what is signed', async () => {
    const request = await signed()
    const now = site.clock.now()
    expect(appTakes(request, now + 299_000)).toBe(true)
    expect(appTakes(request, now + 302_000)).toBe(false)
    expect(appTakes(request, now - 302_000)).toBe(false)
    const later = String(Math.floor(now / 1_000) + 302)
    const renewed = { ...request, headers: { ...request.headers, 'x-authz-ts': later } }
    expect(appTakes(renewed, now + 302_000)).toBe(false)
    site.clock.advance(30_000)
    const next = await signed()
    expect(next.headers['x-authz-ts']).not.toBe(request.headers['x-authz-ts'])
    expect(appTakes(next, site.clock.now())).toBe(true)
  })

  test('S-05 is of no other app, path, query or person, and every header counts', async () => {
    const request = await signed()
    const takes = (change: Partial<SignedRequest>) =>
      appTakes({ ...request, ...change }, site.clock.now())
    for (const change of [
      { method: 'POST' },
      { host: 'other.example.com' },
      { host: request.host.toUpperCase() },
      { uri: '/page' },
      { uri: '/page?x=2' },
      { uri: '/Page?x=1' },
    ])
      expect(takes(change), JSON.stringify(change)).toBe(false)
    for (const name of signedHeaderNames)
      expect(takes({ headers: { ...request.headers, [name]: 'other' } }), name).toBe(false)
    const { 'x-user-roles': _, ...without } = request.headers
    expect(takes({ headers: without })).toBe(false)
    const { headers } = await signed("person's token")
    const signature = { 'x-authz-signature': headers['x-authz-signature'] ?? '' }
    expect(takes({ headers: { ...request.headers, ...signature } })).toBe(false)
  })

  test('S-06 names its key, and one that is not known is none', async () => {
    const request = await signed()
    expect(request.headers['x-authz-kid']).toBe(keyId(hmacKey))
    expect(appTakes(request, site.clock.now(), [nextHmacKey])).toBe(false)
    for (const kid of ['__proto__', 'constructor', '', keyId(nextHmacKey)]) {
      const renamed = { ...request, headers: { ...request.headers, 'x-authz-kid': kid } }
      expect(appTakes(renamed, site.clock.now(), [hmacKey, nextHmacKey]), kid).toBe(false)
    }
    await using rotated = await startReplica(site, { signatureKeys: [nextHmacKey, hmacKey] })
    const asked = { ...callers["person's token"], ...uri('/page?x=1') }
    const { headers } = await rotated.validate(asked)
    expect(headers['x-authz-kid']).toBe(keyId(nextHmacKey))
    expect(appTakes({ ...request, headers }, site.clock.now(), [hmacKey, nextHmacKey])).toBe(true)
  })

  test('S-06 an API key is looked up by its hash and by nothing that a client sends', async () => {
    for (const key of ['__proto__', 'constructor', 'toString', 'backup', '0', 'ghk___proto__'])
      expectRefusal(await site.validate({ ...callers.nobody, 'X-Api-Key': key }), 'invalid_token')
  })

  test('S-08 never is what the client sent: every 200 has its own signature, once', async () => {
    const forged = Object.fromEntries(signatureHeaderNames.map((name) => [name, ['forged', 'x']]))
    const preflight = {
      'X-Forwarded-Method': 'OPTIONS',
      Origin: site.url,
      'Access-Control-Request-Method': 'GET',
    }
    for (const [by, path, more] of [
      ['session', '/page', {}],
      ["person's token", '/page', {}],
      ['key', '/page', {}],
      ['nobody', '/public', {}],
      ['session', '/public', {}],
      ['nobody', '/optional', {}],
      ['nobody', '/api', preflight],
    ] as const) {
      const answer = await site.validate({ ...callers[by], ...forged, ...uri(path), ...more })
      expect(answer.status).toBe(200)
      for (const name of signatureHeaderNames) expect(headerValues(answer, name)).toHaveLength(1)
      const method = path === '/api' ? 'OPTIONS' : 'GET'
      const request = { method, host: new URL(site.url).host, uri: path, headers: answer.headers }
      expect(appTakes(request, site.clock.now()), `${by} ${path}`).toBe(true)
    }
    for (const twin of ['X_Authz_Signature', 'X.Authz.Ts', 'X-Authz_Kid'])
      expectRefusal(
        await site.validate({ ...callers.session, [twin]: 'x' }),
        'bad_forwarded_request',
      )
  })
})

describe('S-07 one secret for two purposes', () => {
  const problems = (changes: Readonly<Record<string, string>>) => {
    const loaded = loadSettings({ ...site.env, ...changes }, (text) => text)
    return loaded.kind === 'ok' ? [] : loaded.problems.map(renderProblem)
  }

  test.each([
    [{ INTERNAL_HMAC_KEY: sessionSecret }],
    [{ INTERNAL_HMAC_KEY: `${hmacKey},${sessionSecret}` }],
    [{ SESSION_SECRET: `${sessionSecret},${hmacKey}` }],
    [{ SESSION_SECRET: clientSecret }],
    [{ INTERNAL_HMAC_KEY: clientSecret }],
  ])('S-07 %j stops the start, and is not shown', (changes) => {
    const found = problems(changes)
    expect(found).toHaveLength(1)
    for (const secret of Object.values(changes).flatMap((text) => text.split(',')))
      expect(found.join()).not.toContain(secret)
  })

  test('S-07 different ones are taken', () => {
    expect(problems({ INTERNAL_HMAC_KEY: nextHmacKey })).toEqual([])
  })
})
