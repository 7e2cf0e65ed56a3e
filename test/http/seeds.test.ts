import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../demo/free-port.ts'
import { accessToken, audience } from '../support/access-token.ts'
import { uri } from '../support/callers.ts'
import { expectPass, expectRefusal, expectSignIn } from '../support/decisions.ts'
import { proxyOf, startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { RawAnswer } from '../support/raw-request.ts'

const example = (name: string) =>
  new URL(`../../docs/how-to/examples/${name}.yaml`, import.meta.url).pathname

const verdict = ({ status, headers, body }: RawAnswer) =>
  status === 200 ? headers['x-auth-kind'] : JSON.parse(body).code

type Claims = Record<string, unknown>

const requestFor = (how: string) => {
  const [method = '', path = ''] = how.split(' ')
  return { 'X-Forwarded-Method': method, ...uri(path), Accept: '*/*' }
}
const withRoles = (...roles: string[]) => ({ realm_access: { roles } })
const asService = { sub: 'cli', sid: undefined, preferred_username: undefined }

describe('services.yaml', () => {
  let site: TestGateway
  beforeAll(async () => {
    site = await startTestGateway({
      env: (url) => ({
        PUBLIC_URL: url.replace('localhost', 'auth.apps.localhost'),
        COOKIE_DOMAIN: 'apps.localhost',
        AUTH_ALLOWED_AUDIENCES: audience,
        CONFIG_FILE: example('services'),
        API_HOST: 'api.apps.localhost',
        SHOP_HOST: 'shop.apps.localhost',
      }),
    })
  })
  afterAll(() => site[Symbol.asyncDispose]())

  const ask = async (how: string, claims: Claims | 'nobody' | 'bad token', app = 'api') => {
    const token = claims === 'bad token' ? 'x' : await accessToken(site, claims as Claims)
    const { port } = new URL(site.url)
    return proxyOf(site.gateway, `http://${app}.apps.localhost:${port}`).validate({
      ...requestFor(how),
      ...(claims !== 'nobody' && { Authorization: `Bearer ${token}` }),
    })
  }

  const user = {}
  const [none, wrong, forbidden] = ['unauthenticated', 'wrong_identity_kind', 'forbidden']
  const everybody = ['anonymous', 'anonymous', 'anonymous', 'anonymous']
  const known = ['anonymous', 'invalid_token', 'user', 'service']
  const both = [none, 'invalid_token', 'user', 'service']
  const people = [none, 'invalid_token', 'user', wrong]
  const programs = [none, 'invalid_token', wrong, 'service']
  const roleOfPeople = [none, 'invalid_token', forbidden, wrong]

  test.each([
    ['GET /health', everybody],
    ['POST /health', everybody],
    ['GET /metrics', everybody],
    ['GET /public', everybody],
    ['GET /openapi.json', everybody],
    ['GET /docs', everybody],
    ['GET /docs/oauth2-redirect', everybody],
    ['GET /static/css/site.css', everybody],
    ['POST /api/webhooks', everybody],
    ['GET /api/docs', everybody],
    ['HEAD /api/docs/v2', everybody],
    ['GET /healthz', both],
    ['GET /metrics/more', both],
    ['GET /docs-secret', both],
    ['GET /docs/../api/data', both],
    ['GET /DOCS', both],
    ['GET /docs;/', both],
    ['GET /api/webhooks', both],
    ['PUT /api/webhooks', both],
    ['POST /api/webhooks/a', both],
    ['POST /api/docs', both],
    ['OPTIONS /api/data', both],
    ['GET /api/public', known],
    ['GET /api/recommendations', known],
    ['POST /api/content', known],
    ['GET /api/publicity', both],
    ['GET /api/profile', people],
    ['GET /api/user/profile', people],
    ['POST /api/internal/sync', programs],
    ['POST /api/internal/batch', programs],
    ['POST /API/Internal/batch', programs],
    ['GET /api/data', both],
    ['GET /api/data/7', both],
    ['GET /api/articles', both],
    ['GET /api/user/products', both],
    ['GET /api/admin/users', roleOfPeople],
    ['GET /api//admin/users/', roleOfPeople],
    ['POST /api/user/products', roleOfPeople],
    ['POST /api/articles', roleOfPeople],
    ['POST /api/internal/process', [none, 'invalid_token', wrong, forbidden]],
    ['GET /api/products', [none, 'invalid_token', forbidden, forbidden]],
    ['DELETE /api/data/7', [none, 'invalid_token', forbidden, forbidden]],
  ] as const)('%s for nobody, a bad token, a person and a service', async (how, expected) => {
    const callers = ['nobody', 'bad token', user, asService] as const
    const answers = await Promise.all(callers.map((claims) => ask(how, claims)))
    expect(answers.map(verdict)).toEqual(expected)
  })

  test.each([
    ['GET /api/admin/users', 'admin', 'user'],
    ['POST /api/user/products', 'supplier', 'user'],
    ['POST /api/articles', 'editor', 'user'],
    ['POST /api/internal/process', 'data-processor', 'service'],
    ['GET /api/products', 'supplier', 'user service'],
    ['GET /api/products', 'admin', 'user service'],
    ['GET /api/products/7', 'admin', 'user service'],
    ['DELETE /api/data/7', 'admin', 'user service'],
  ])('%s with the role %s passes for: %s', async (how, role, kinds) => {
    const passing = kinds.split(' ')
    const answers = await Promise.all([
      ask(how, withRoles('other', role)),
      ask(how, { ...asService, ...withRoles('other', role) }),
    ])
    expect(answers.map(verdict).filter((kind) => ['user', 'service'].includes(kind))).toEqual(
      passing,
    )
    for (const near of [`${role}s`, role.toUpperCase(), `x ${role}`])
      expect((await ask(how, withRoles(near))).status).toBe(403)
  })

  test('the shop shows its products to everybody', async () => {
    expect(verdict(await ask('GET /api/products', 'nobody', 'shop'))).toBe('anonymous')
    expect(verdict(await ask('GET /api/products', user, 'shop'))).toBe('user')
    expect(verdict(await ask('GET /api/products', 'bad token', 'shop'))).toBe('invalid_token')
    expect(verdict(await ask('GET /api/products/7', 'nobody', 'shop'))).toBe(none)
  })

  test("a service's token is told by its marks, and not by what it lacks", async () => {
    const internal = 'POST /api/internal/sync'
    for (const marks of [
      asService,
      { preferred_username: 'service-account-cli', sid: undefined },
      withRoles('service'),
      withRoles('service-account'),
      { typ: 'service' },
    ])
      expectPass(await ask(internal, marks), { 'x-auth-kind': 'service', 'x-service-name': 'cli' })
    const bare = { sid: undefined, preferred_username: undefined, groups: undefined }
    expectRefusal(await ask(internal, bare), 'wrong_identity_kind')
  })
})

describe('model-server.yaml', () => {
  let site: TestGateway
  beforeAll(async () => {
    const port = await freePort(0, '127.0.0.1')
    const issuer = `http://localhost:${port}`
    site = await startTestGateway({
      idp: { port },
      env: {
        CONFIG_FILE: example('model-server'),
        KEYCLOAK_ISSUER: issuer,
        KEYCLOAK_JWKS_URI: `${issuer}/jwks`,
      },
    })
  })
  afterAll(() => site[Symbol.asyncDispose]())

  const tokenOf = (claims: Claims) => accessToken(site, { aud: 'model-server', ...claims })
  const ask = async (how: string, claims: Claims, more = {}) => {
    const Authorization = `Bearer ${await tokenOf(claims)}`
    return site.validate({ ...requestFor(how), Authorization, ...more })
  }
  const scope = (...names: string[]) => ({ scope: `openid llama:${names.join(' llama:')}` })
  const developer = { groups: ['llama-developers'] }

  test('without a token nothing passes but the status', async () => {
    for (const how of ['GET /models/list', 'POST /inference/chat', 'GET /agents/a', 'GET /'])
      expectRefusal(await site.validate(requestFor(how)), 'unauthenticated')
    expectPass(await site.validate(requestFor('GET /health')), { 'x-auth-kind': 'anonymous' })
    expectRefusal(await site.validate(requestFor('POST /health')), 'unauthenticated')
    const page = { ...requestFor('GET /models/list'), Accept: 'text/html' }
    expectSignIn(await site.validate(page), site.url, `${site.url}/models/list`)
  })

  test('a token passes with its subject as the user, where issuer, audience and life are right', async () => {
    expectPass(await ask('GET /', {}), { 'x-username': 'alice', 'x-auth-source': 'bearer' })
    expect(site.log.at(-1)).toMatchObject({ event: 'decision', username: 'alice', path: '/' })
    for (const wrong of [
      { aud: 'other' },
      { aud: 'model-server-2' },
      { iss: `${site.idp.issuer}/` },
      { exp: 1 },
      { sub: undefined },
    ])
      expectRefusal(await ask('GET /', wrong), 'invalid_token')
    const [head, claims] = (await tokenOf({})).split('.')
    const Authorization = `Bearer ${head}.${claims}.${'A'.repeat(342)}`
    expectRefusal(await ask('GET /', {}, { Authorization }), 'invalid_token')
  })

  test.each([
    ['GET /models/list', 'models:read'],
    ['POST /inference/chat', 'inference:execute'],
    ['POST /inference/embeddings/many', 'inference:execute'],
    ['PUT /agents/a', 'agents:write'],
    ['DELETE /agents/a/turns/1', 'agents:write'],
  ])('%s needs the scope llama:%s', async (how, name) => {
    expectPass(await ask(how, scope('x', name)))
    for (const other of [{}, scope(`${name}:all`), scope(name.replace(':', '.'))]) {
      const refused = await ask(how, other)
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([
        403,
        `Bearer realm="gatehouse", error="insufficient_scope", scope="llama:${name}"`,
      ])
    }
  })

  test.each([
    ['GET /models/a', developer, 'user'],
    ['GET /models/a', { groups: ['other', 'llama-developers'] }, 'user'],
    ['HEAD /models/a', developer, 'user'],
    ['GET /models/a', { ...asService, ...developer }, 'service'],
    ['GET /models/a', {}, 'forbidden'],
    ['GET /models/a', { groups: ['llama-developer', 'LLAMA-DEVELOPERS'] }, 'forbidden'],
    ['POST /models/a', developer, 'forbidden'],
    ['DELETE /models/a', { ...developer, ...withRoles('admin') }, 'forbidden'],
    ['GET /agents/a', {}, 'user'],
    ['GET /agents/admin:a', {}, 'user'],
    ['POST /agents/a', scope('agents:write'), 'user'],
    ['POST /agents/admin:a', scope('agents:write'), 'forbidden'],
    ['POST /agents/ADMIN:a/x', scope('agents:write'), 'forbidden'],
    ['DELETE /agents/admin%3Aa', scope('agents:write'), 'forbidden'],
    ['POST /agents/admin:a', { ...scope('agents:write'), ...withRoles('admin') }, 'user'],
    ['POST /agents/admin:a', { ...scope('agents:write'), ...withRoles('admins') }, 'forbidden'],
    // As the mapping has it: names feed roles.
    ['POST /agents/admin:a', { ...scope('agents:write'), sub: 'admin' }, 'user'],
    ['POST /agents/admin:a', { ...scope('agents:write'), preferred_username: 'admin' }, 'user'],
  ])('%s by %j: %s', async (how, claims, expected) => {
    const answer = await ask(how, claims)
    // An answer to HEAD has no body to read.
    expect(answer.status === 200 ? answer.headers['x-auth-kind'] : verdict(answer)).toBe(expected)
  })

  test('its keys are read from the address given, and again after an hour', async () => {
    const reads = () => site.idp.requests.filter(({ path }) => path === '/jwks').length
    expectPass(await ask('GET /', {}))
    const before = reads()
    expect(before).toBeGreaterThan(0)
    for (const sub of ['a', 'b', 'c']) expectPass(await ask('GET /', { sub }))
    expect(reads()).toBe(before)
    site.clock.advance(3_601_000)
    expectPass(await ask('GET /', { sub: 'd' }))
    expectPass(await ask('GET /', { sub: 'e' }))
    await expect.poll(reads).toBe(before + 1)
  })

  test('a caller has 1000 requests a day with a token, and 100 without', async () => {
    // Some minutes into the next day, so that it does not end meanwhile.
    site.clock.advance(86_400_000 - (site.clock.now() % 86_400_000) + 60_000)
    const Authorization = `Bearer ${await tokenOf({ sub: 'busy' })}`
    const answersTo = async (n: number, headers: Record<string, string>) => {
      const all = Array.from({ length: n }, () => site.validate(headers))
      const passed = (await Promise.all(all)).filter(({ status }) => status === 200)
      return passed.length
    }
    let passed = 0
    for (let i = 0; i < 11; i += 1)
      passed += await answersTo(100, { ...requestFor('GET /'), Authorization })
    expect(passed).toBe(1_000)
    const over = await site.validate({ ...requestFor('GET /'), Authorization })
    expectRefusal(over, 'quota_exceeded')
    expect(over.headers['ratelimit-limit']).toBe('1000')
    expectPass(await ask('GET /', { sub: 'other' }))
    const health = requestFor('GET /health')
    expect(await answersTo(120, health)).toBe(100)
    expectRefusal(await site.validate(health), 'quota_exceeded')
    expectPass(await site.validate({ ...health, 'X-Forwarded-For': '203.0.113.77' }))
  })
})

test('with AUTH_ENABLED=false the model server is open to all, within the limit of nobody', async () => {
  await using open = await startTestGateway({
    env: { CONFIG_FILE: example('model-server'), AUTH_ENABLED: 'false' },
  })
  for (const how of ['GET /models/list', 'POST /agents/admin:a'])
    expectPass(await open.validate(requestFor(how)), { 'x-auth-kind': 'anonymous' })
})
