import { createHmac } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { signedHeaderNames } from '../../src/model/header-names.ts'
import { Agent } from '../support/agent.ts'
import { expectRefusal, expectRefusedPage, expectSignIn } from '../support/decisions.ts'
import { proxyOf, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { localNames } from '../support/local-names.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import { signIn } from '../support/sign-in.ts'

const [alice, lukasz] = demoUsers as readonly [User, User]
const hmacKey = 'kV7xqZr2LmT9wYb4NcPd8sHf3JgA6uEe'
const program = { Accept: '*/*' }

let site: TestGateway
let people: Record<string, Agent>
const host = (name: string) => `${name}.apps.localhost:${new URL(site.url).port}`

beforeAll(async () => {
  site = await startTestGateway({
    env: (url) => ({
      PUBLIC_URL: url.replace('localhost', 'auth.apps.localhost'),
      COOKIE_DOMAIN: 'apps.localhost',
      AUTH_ASSERTION: 'true',
      INTERNAL_HMAC_KEY: hmacKey,
    }),
    redirectUris: (url) => [`${url.replace('localhost', 'auth.apps.localhost')}/auth/callback`],
    file: () => `
headers: { X-Verified: claims.email_verified }
apps:
  grafana:
    hosts: [grafana.apps.localhost]
    allow: [group:ops, "email:lukasz@example.com"]
    headers: [x-webauth, remote]
  admin:
    hosts: [admin.apps.localhost]
    allow: [role:admin]
  tokens:
    hosts: [tokens.apps.localhost]
    token: access
    audience: urn:tokens
  ids:
    hosts: [ids.apps.localhost]
    token: id
  all:
    hosts: ["*.apps.localhost"]
    headers: [x-user, x-auth-request, x-forwarded]
`,
  })
  people = {}
  for (const user of demoUsers) {
    const agent = new Agent(localNames)
    await signIn(agent, `http://${host('auth')}/auth/login?return_to=http://${host('x')}/p`, user)
    people[user.username] = agent
  }
})
afterAll(() => site[Symbol.asyncDispose]())

const ask = (
  name: string,
  user: string,
  headers: Record<string, string> = {},
  path = '/validate',
): Promise<RawAnswer> => {
  const url = `http://${host(name)}`
  const cookie = people[user]?.cookies.header(new URL(url)) ?? ''
  return proxyOf(site.gateway, url).validate({ Cookie: cookie, ...headers }, { path })
}
const utf8 = (value: string | undefined) => Buffer.from(value ?? '', 'latin1').toString('utf8')

describe('who may use an app', () => {
  test('is whoever fits one entry of its list', async () => {
    expect((await ask('grafana', 'alice')).status).toBe(200)
    expect((await ask('grafana', 'lukasz')).status).toBe(200)
    expect((await ask('admin', 'alice')).status).toBe(200)
    expect((await ask('other', 'guest')).status).toBe(200)
  })

  test('others see who they are, and ways out', async () => {
    const answer = await ask('grafana', 'guest')
    expectRefusedPage(answer, 'forbidden')
    for (const text of ['Grace Guest', 'grafana.apps.localhost', 'Use another account', 'Sign out'])
      expect(answer.body).toContain(text)
    expectRefusal(await ask('admin', 'lukasz', program), 'forbidden')
    expect(site.log.at(-1)).toMatchObject({
      code: 'forbidden',
      reason: 'the account is not among those of apps.admin.allow',
      username: 'lukasz',
    })
  })

  test('nobody is asked to sign in anew for it, and nobody passes without', async () => {
    const answer = await ask('grafana', 'nobody')
    expectSignIn(answer, `http://${host('auth')}`, `http://${host('grafana')}/page?x=1`)
  })
})

describe('a list in the address of the middleware', () => {
  test.each([
    ['/validate/allow/role:admin', 'alice', 200],
    ['/validate/allow/role:admin', 'lukasz', 403],
    ['/validate/allow/user:lukasz,role:admin', 'lukasz', 200],
    ['/validate/allow/group:%2Fengineering', 'lukasz', 200],
    ['/validate/allow/group:%2Fengineering', 'guest', 403],
    ['/api/auth/validate/allow/email:alice%40example.com', 'alice', 200],
    ['/validate/allow/domain:example.org', 'guest', 403],
    ['/validate/allow/*', 'guest', 200],
    ['/validate/allow/', 'alice', 403],
    ['/validate/allow/admins', 'alice', 403],
    ['/validate/allow/role:admin,', 'alice', 403],
    ['/validate/allow/role:%zz', 'alice', 403],
    ['/validate/allow/role:admin/x', 'alice', 403],
    ['/validate/allow/role:admin?role:user', 'lukasz', 403],
  ])('%s for %s is %i', async (path, user, status) => {
    expect((await ask('other', user, program, path)).status).toBe(status)
  })

  test('never widens what the settings allow, and does not exist elsewhere', async () => {
    expect((await ask('admin', 'lukasz', program, '/validate/allow/*')).status).toBe(403)
    expect((await ask('other', 'alice', program, '/validate/allowed/*')).status).toBe(404)
    expect((await ask('other', 'alice', program, '/validate/nginx/allow/*')).status).toBe(404)
    const answer = await ask('other', 'nobody', program, '/validate/allow/role:admin')
    expectRefusal(answer, 'unauthenticated')
  })
})

describe('what an app receives', () => {
  const own = ['x-verified']
  const sets: Record<string, string[]> = {
    'x-user': ['x-user-id', 'x-username', 'x-auth-kind', 'x-auth-truncated'],
    remote: ['remote-user', 'remote-email', 'remote-name', 'remote-groups'],
    'x-webauth': ['x-webauth-user', 'x-webauth-email', 'x-webauth-name', 'x-webauth-groups'],
    'x-auth-request': ['x-auth-request-user', 'x-auth-request-preferred-username'],
    'x-forwarded': ['x-forwarded-user', 'x-forwarded-groups'],
  }

  test('H-01 every header that some app receives is there, empty where it is not for this one', async () => {
    const all = [...Object.values(sets).flat(), ...own]
    for (const name of ['grafana', 'admin', 'tokens', 'other']) {
      const { headers } = await ask(name, 'alice')
      for (const header of all) expect(headers).toHaveProperty(header)
    }
    expect((await ask('grafana', 'alice')).headers['x-user-id']).toBe('')
    expect((await ask('admin', 'alice')).headers['x-webauth-user']).toBe('')
  })

  test('H-07 sets other than x-user are UTF-8 as it is', async () => {
    const { headers } = await ask('grafana', 'lukasz')
    expect(utf8(headers['remote-name'])).toBe('Łukasz Żółw')
    expect(utf8(headers['x-webauth-name'])).toBe('Łukasz Żółw')
    expect(headers).toMatchObject({
      'remote-user': 'lukasz',
      'remote-email': 'lukasz@example.com',
      'x-webauth-groups': '/engineering',
      'x-verified': 'true',
    })
    expect((await ask('other', 'lukasz')).headers).toMatchObject({
      'x-auth-request-user': lukasz.id,
      'x-forwarded-user': lukasz.id,
      'x-forwarded-preferred-username': 'lukasz',
      'x-user-id': lukasz.id,
      'x-user-name': '%C5%81ukasz %C5%BB%C3%B3%C5%82w',
    })
  })

  test('H-02 twins of every header in use are refused', async () => {
    for (const name of ['Remote_User', 'X.Webauth.User', 'X_Verified', 'X_Auth_Assertion']) {
      expectRefusal(
        await ask('other', 'alice', { [name]: 'x', ...program }),
        'bad_forwarded_request',
      )
    }
  })

  test('is a token where it is to be passed one, in place of what the client sent', async () => {
    const session = await ask('tokens', 'alice', { Authorization: 'Basic YTpi' })
    expect(session.headers.authorization).toMatch(/^Bearer [\w-]{43}$/)
    const { headers } = await ask('ids', 'alice')
    const [, token = ''] = headers.authorization?.split(' ') ?? []
    expect(
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()),
    ).toMatchObject({
      sub: alice.id,
    })
    expect((await ask('admin', 'alice')).headers).not.toHaveProperty('authorization')
  })

  test('an expired token is never passed', async () => {
    await using short = await startTestGateway({
      env: { PASS_TOKEN: 'access', SESSION_WITHOUT_REFRESH: 'max_age' },
      idp: { ttl: { accessToken: 60, refreshToken: 1_800, idToken: 60 } },
    })
    const { agent } = await short.signIn()
    expect((await short.validateAs(agent)).headers.authorization).toMatch(/^Bearer ./)
    short.idp.intercept = (_request, response) => {
      response.writeHead(503).end()
      return 'handled'
    }
    short.clock.advance(61_000)
    const late = await short.validateAs(agent)
    expect([late.status, late.headers.authorization]).toEqual([200, ''])
  })
})

describe('x-auth-assertion', () => {
  const keySet = async () => {
    const answer = await new Agent(localNames).fetch(`http://${host('auth')}/.well-known/jwks.json`)
    expect(answer.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/)
    return answer.json() as JSONWebKeySet
  }
  const verified = async (name: string, audience: string, user = 'alice') => {
    const { headers } = await ask(name, user)
    return jwtVerify(headers['x-auth-assertion'] ?? '', createLocalJWKSet(await keySet()), {
      issuer: `http://${host('auth')}`,
      audience,
      algorithms: ['ES256'],
      currentDate: new Date(site.clock.now()),
    })
  }

  test('says who is asking, to one app, for five minutes', async () => {
    const { payload, protectedHeader } = await verified('admin', host('admin'))
    expect(payload).toMatchObject({
      sub: alice.id,
      preferred_username: 'alice',
      email: 'alice@example.com',
      email_verified: true,
      roles: ['admin', 'user'],
      groups: ['/engineering', '/ops'],
      auth_kind: 'user',
      auth_source: 'session',
    })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
    expect(protectedHeader.alg).toBe('ES256')
    await verified('tokens', 'urn:tokens')
    await expect(verified('admin', host('other'))).rejects.toThrow('"aud"')
  })

  test('S-05 is of each host where an app has several', async () => {
    expect((await verified('one', host('one'))).payload.aud).toBe(host('one'))
    expect((await verified('two', host('two'))).payload.aud).toBe(host('two'))
  })

  test('costs no signature while it is fresh, and is made anew before it ends', async () => {
    const first = (await ask('admin', 'alice')).headers['x-auth-assertion']
    expect((await ask('admin', 'alice')).headers['x-auth-assertion']).toBe(first)
    site.clock.advance(241_000)
    const later = (await ask('admin', 'alice')).headers['x-auth-assertion']
    expect(later).not.toBe(first)
  })

  test('keys hold nothing private', async () => {
    const { keys } = await keySet()
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ])
  })
})

describe('x-authz-signature', () => {
  const netstring = (text: string) => `${Buffer.byteLength(text, 'latin1')}:${text},`
  const expected = ({ headers }: RawAnswer, method: string, at: string, uri: string) => {
    const { 'x-authz-kid': kid = '', 'x-authz-ts': ts = '' } = headers
    const values = [
      kid,
      ts,
      method,
      at,
      uri,
      ...signedHeaderNames.map((name) => headers[name] ?? ''),
    ]
    const text = `v2${values.map(netstring).join('')}`
    return createHmac('sha256', hmacKey).update(text, 'latin1').digest('base64')
  }

  test('S-05 covers method, host, URI as received and every identity header', async () => {
    const asked = {
      'X-Forwarded-Method': 'DELETE',
      'X-Forwarded-Host': host('other').toUpperCase(),
      'X-Forwarded-Uri': '/a%2Fb?c=d',
    }
    const answer = await ask('other', 'lukasz', asked)
    expect(answer.headers['x-authz-signature']).toBe(
      expected(answer, 'DELETE', asked['X-Forwarded-Host'], asked['X-Forwarded-Uri']),
    )
    expect(answer.headers['x-authz-ts']).toBe(String(Math.floor(site.clock.now() / 1_000)))
  })

  test('S-08 what a client sends under its name is overwritten', async () => {
    const answer = await ask('admin', 'alice', {
      'X-Authz-Signature': 'forged',
      'X-Authz-Kid': 'x',
    })
    expect(answer.headers['x-authz-signature']).toBe(
      expected(answer, 'GET', host('admin'), '/page?x=1'),
    )
  })
})
