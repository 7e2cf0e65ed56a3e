import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import {
  clientSecret,
  sessionSecret,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'

let site: TestGateway
let agent: Agent

beforeAll(async () => {
  site = await startTestGateway()
  agent = (await site.signIn()).agent
})
afterAll(() => site[Symbol.asyncDispose]())

const program = { accept: 'application/json' }
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

describe('G-04 a request id of the client', () => {
  test.each(['abc', 'A.b_c-1', 'x'.repeat(64)])('G-04 %j is taken as it is', async (id) => {
    const passed = await site.validateAs(agent, { 'X-Request-Id': id })
    expect(passed.headers['x-request-id']).toBe(id)
    const refused = await site.validate({ ...program, 'X-Request-Id': id })
    expect(JSON.parse(refused.body)).toMatchObject({
      request_id: id,
      decision_id: expect.stringMatching(uuid),
    })
    const route = await agent.fetch(`${site.url}/auth/session`, { headers: { 'x-request-id': id } })
    expect([route.headers.get('x-request-id'), route.json()]).toMatchObject([
      id,
      { request_id: id },
    ])
  })

  test.each([
    ['too long', 'x'.repeat(65)],
    ['empty', ''],
    ['with markup', '<b>x</b>'],
    ['with spaces', 'a b'],
    ['two of them', ['a', 'b']],
    ['a quote', 'a"b'],
  ])('G-04 %s gets one of ours', async (_name, id) => {
    const passed = await site.validateAs(agent, { 'X-Request-Id': id })
    expect(passed.headers['x-request-id']).toMatch(uuid)
    const route = await rawRequest(site.gateway.origin, 'GET', '/session', { 'X-Request-Id': id })
    expect(route.headers['x-request-id']).toMatch(uuid)
  })

  test('G-04 the id of a decision is always ours', async () => {
    const ids = new Set<string>()
    for (let index = 0; index < 5; index += 1) {
      const { body } = await site.validate({ ...program, 'X-Request-Id': 'same' })
      ids.add(JSON.parse(body).decision_id)
    }
    expect(ids.size).toBe(5)
  })
})

describe('G-05 an error', () => {
  test('G-05 shows no internal address, file or stack', async () => {
    await using broken = await startTestGateway({
      env: { OIDC_INTERNAL_URL: 'http://127.0.0.1:1' },
    })
    const texts = await Promise.all([
      new Agent().fetch(`${broken.url}/auth/login`).then(({ text }) => text),
      new Agent().fetch(`${broken.url}/auth/login`, { headers: program }).then(({ text }) => text),
      new Agent().fetch(`${broken.url}/nothing`).then(({ text }) => text),
      rawRequest(broken.gateway.origin, 'GET', '/%zz', {}).then(({ body }) => body),
      rawRequest(broken.gateway.origin, 'GET', '/validate', {}).then(({ body }) => body),
    ])
    for (const text of texts) {
      expect(text).not.toMatch(/127\.0\.0\.1|ECONN|fetch failed|\.ts|at .*\(|FST_|Fastify|Node/)
    }
  })

  test('G-05 no answer names the software behind it', async () => {
    for (const path of ['/health', '/auth/session', '/validate', '/nothing']) {
      const { headers } = await rawRequest(site.gateway.origin, 'GET', path, {})
      expect(headers).not.toHaveProperty('server')
      expect(headers).not.toHaveProperty('x-powered-by')
    }
  })
})

describe('G-06 the session endpoints', () => {
  test.each([
    ['GET', '/auth/session'],
    ['GET', '/session'],
    ['GET', '/api/session'],
    ['GET', '/api/auth/session'],
    ['POST', '/auth/session/refresh'],
  ])('G-06 %s %s answers without tokens, nosniff and no-store', async (method, path) => {
    const answer = await agent.fetch(site.url + path, { method, headers: program })
    expect(answer.status).toBe(200)
    expect(Object.keys(answer.json() as object).sort()).toEqual([
      'account_kind',
      'account_label',
      'auth_enabled',
      'email',
      'expires_at',
      'groups',
      'name',
      'provider',
      'request_id',
      'roles',
      'seconds_remaining',
      'session_expires_at',
      'user_id',
      'username',
    ])
    expect(answer.text).not.toMatch(/eyJ|token/)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })
})

describe('G-07 the operators’ listener', () => {
  test.each(['/metrics', '/livez', '/readyz', '/events', '/admin', '/debug'])(
    'G-07 %s is not on the public one',
    async (path) => {
      for (const prefix of ['', '/auth', '/api/auth']) {
        const answer = await rawRequest(site.gateway.origin, 'GET', prefix + path, program)
        expect(answer.status, prefix).toBe(404)
      }
    },
  )

  test('G-07 nothing of the public one is on it', async () => {
    for (const path of ['/validate', '/auth/session', '/auth/login', '/health', '/events']) {
      const answer = await rawRequest(site.gateway.opsOrigin, 'GET', path, {})
      expect(answer.status, path).toBe(404)
    }
  })

  test('G-07 no metric has a user, a path or a host as a label', async () => {
    await site.validateAs(agent, { 'X-Forwarded-Uri': '/planted-path' })
    await site.validate({
      'X-Forwarded-Uri': '/planted-path',
      'X-Forwarded-Host': 'planted.example',
    })
    await agent.fetch(`${site.url}/auth/planted-route`)
    const { body } = await rawRequest(site.gateway.opsOrigin, 'GET', '/metrics', {})
    expect(body).toMatch(/^gatehouse_decisions_total\{code="allow"\} \d+$/m)
    for (const text of ['planted', 'alice', demoUsers[0]?.id ?? '', 'localhost', '127.0.0.1']) {
      expect(body.includes(text), text).toBe(false)
    }
    const labels = new Set([...body.matchAll(/[{,](\w+)="/g)].map(([, name]) => name))
    expect(
      [...labels].filter((label) => /user|path|host|url|sub|email|session/.test(label ?? '')),
    ).toEqual([])
  })
})

describe('G-09 which sessions there are', () => {
  const refusal = async (cookie: string | undefined) => {
    const answer = await site.validate({
      ...program,
      ...(cookie && { Cookie: `gatehouse=${cookie}` }),
    })
    const { request_id: _, decision_id: __, ...body } = JSON.parse(answer.body)
    const { 'x-request-id': ___, date: ____, ...headers } = answer.headers
    return { status: answer.status, headers: { ...headers, 'content-length': '' }, body }
  }

  test('G-09 a cookie that is not ours is like none', async () => {
    const none = await refusal(undefined)
    expect(none).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    const good = agent.cookies.get(site.url, 'gatehouse') ?? ''
    const altered = good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A')
    for (const cookie of [altered, `${'A'.repeat(32)}${good.slice(32)}`, 'x', `${good}x`]) {
      expect(await refusal(cookie)).toEqual(none)
    }
  })

  test('G-09 a session that ended is like one that never was', async () => {
    await using other = await startTestGateway({ env: { PUBLIC_URL: site.url, APP_HOSTS: '' } })
    const { agent: signedOut } = await site.signIn()
    const cookie = signedOut.cookies.get(site.url, 'gatehouse') ?? ''
    await signedOut.fetch(`${site.url}/auth/logout`)
    const ended = await refusal(cookie)
    expect(ended).toMatchObject({ status: 401, body: { code: 'session_expired' } })
    // The same secret and the same site, and a store that never held it.
    const unknown = await rawRequest(other.gateway.origin, 'GET', '/validate', {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': new URL(site.url).host,
      'X-Forwarded-Uri': '/page?x=1',
      'X-Forwarded-For': '198.51.100.7',
      Accept: 'application/json',
      Cookie: `gatehouse=${cookie}`,
    })
    const { request_id: _, decision_id: __, ...body } = JSON.parse(unknown.body)
    expect({ status: unknown.status, body }).toEqual({ status: ended.status, body: ended.body })
  })
})

describe('G-10 what the command shows', () => {
  const command = new URL('../../../src/cli/gatehouse.ts', import.meta.url).pathname
  const run = (name: string, env: Record<string, string>) =>
    new Promise<string>((resolve) => {
      execFile(process.execPath, [command, name], { env }, (_error, output, errors) =>
        resolve(output + errors),
      )
    })
  const right = () => ({
    PUBLIC_URL: site.url,
    OIDC_ISSUER: site.idp.issuer,
    OIDC_CLIENT_ID: 'gatehouse',
    OIDC_CLIENT_SECRET: clientSecret,
    SESSION_SECRET: sessionSecret,
  })
  const password = 'planted-store-password'

  test.each([
    ['check', { STORE_URL: 'sqlite::memory:' }],
    ['check', { STORE_URL: `redis://user:${password}@127.0.0.1:1/0` }],
    ['check', { STORE_URL: `redis://user:${password}@:x` }],
    ['serve', { STORE_URL: `http://user:${password}@127.0.0.1` }],
    ['serve', { PUBLIC_URL: `https://user:${password}@auth.example.com` }],
    ['serve', { OIDC_ISSUER: `https://user:${password}@idp.example.com` }],
    ['serve', { OIDC_CLIENT_AUTH: 'wrong' }],
    ['serve', { SESSION_SECRET: 'planted-short' }],
    ['serve', { OIDC_CLIENT_SECRT: clientSecret }],
    ['serve', { OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_PRIVATE_KEY: password }],
  ])('G-10 %s with %o shows no secret', async (name, changes) => {
    const output = await run(name, { ...right(), ...changes } as Record<string, string>)
    expect(output).not.toBe('')
    for (const secret of [clientSecret, sessionSecret, password, 'planted-short']) {
      expect(output.includes(secret), secret).toBe(false)
    }
  })
})
