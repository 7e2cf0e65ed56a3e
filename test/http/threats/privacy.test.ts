import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../../demo/free-port.ts'
import { type IdentityProvider, startIdentityProvider } from '../../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { clientSecret, proxyOf, sessionSecret } from '../../support/gateway.ts'
import { type ServedGateway, serveGateway } from '../../support/served-gateway.ts'

/** Claims that would break a log of plain lines. */
const odd: User = {
  id: 'odd"},{"a":"b',
  username: 'eve\n{"event":"sign_in","username":"root"}',
  name: 'Eve\r\nX-User-Roles: admin',
  email: 'eve@example.com',
  groups: ['a\u2028b'],
  roles: ['r\u0000'],
}

const program = { accept: 'application/json' }

/** Everything that must not be written anywhere, by what it is. */
const secrets = new Map<string, string>()
/** Headers of requests that the gateway sent to the provider. */
const sent: { path: string; headers: Record<string, unknown> }[] = []
/** Bodies and headers of answers that hold no token of right, by what asked. */
const answers: string[] = []
let url: string
let idp: IdentityProvider
let served: ServedGateway
let output: string

beforeAll(async () => {
  const port = await freePort(0, '127.0.0.1')
  url = `http://localhost:${port}`
  idp = await startIdentityProvider({
    users: [...demoUsers, odd],
    clients: [
      {
        client_id: 'gatehouse',
        client_secret: clientSecret,
        redirect_uris: [`${url}/auth/callback`],
        post_logout_redirect_uris: [`${url}/auth/logged-out`],
        backchannel_logout_uri: `${url}/auth/backchannel-logout`,
      },
    ],
    intercept: ({ url: path = '', headers }) => {
      // The browsers of the test say who they are; all else is the gateway.
      if (!String(headers['user-agent']).includes('test agent')) {
        sent.push({ path, headers: { ...headers } })
        if (headers.authorization) secrets.set('client secret, as sent', headers.authorization)
      }
      return 'pass'
    },
    alter: (path, body) => {
      if (path === '/token') {
        for (const name of ['access_token', 'refresh_token', 'id_token']) {
          if (body[name]) secrets.set(`${name} ${secrets.size}`, String(body[name]))
        }
      }
      return body
    },
  })
  served = await serveGateway({
    PORT: String(port),
    PUBLIC_URL: url,
    OIDC_ISSUER: idp.issuer,
    OIDC_CLIENT_ID: 'gatehouse',
    OIDC_CLIENT_SECRET: clientSecret,
    SESSION_SECRET: sessionSecret,
    STORE_URL: 'sqlite::memory:',
    LOG_LEVEL: 'trace',
  })
  secrets.set('client secret', clientSecret)
  secrets.set('session secret', sessionSecret)
  await useEverything()
  await served.stop('SIGTERM')
  output = served.output()
}, 60_000)
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await idp[Symbol.asyncDispose]()
})

function plant(what: string): string {
  const value = `planted-${what}-${randomUUID()}`
  secrets.set(what, value)
  return value
}

/** Goes through every route in good order and in every kind of failure. */
async function useEverything(): Promise<void> {
  const proxy = proxyOf(served, url)
  const agent = new Agent()
  const keep = async (browser: Agent, path: string, init: Parameters<Agent['fetch']>[1] = {}) => {
    const answer = await browser.fetch(path.startsWith('http') ? path : url + path, init)
    answers.push(answer.text)
    return answer
  }
  const back = await callbackUrl(
    agent,
    `${url}/auth/login?return_to=${encodeURIComponent(`/page?key=${plant('return-query')}`)}`,
  )
  for (const name of ['code', 'state']) secrets.set(name, back.searchParams.get(name) ?? '')
  const loginCookie = agent.cookies.header(new URL(url))
  secrets.set('login cookie', loginCookie.split('.').at(-1) ?? '')
  await keep(new Agent(), back.href)
  await agent.fetch(back)
  const cookie = agent.cookies.get(url, 'gatehouse') ?? ''
  secrets.set('session cookie', cookie)
  secrets.set('session id', cookie.split('.')[0] ?? '')
  secrets.set('session signature', cookie.split('.')[1] ?? '')
  await keep(agent, back.href)

  const headers = {
    'X-Forwarded-Uri': `/page/${'%0a%7B'}?token=${plant('original-query')}`,
    'User-Agent': 'x\t{"event":"forged"}',
    'X-Forwarded-For': '1.2.3.4", "x": "y',
    'X-Request-Id': 'id"\t,"forged":"yes',
    'X-Api-Key': plant('header'),
  }
  await proxy.validateAs(agent, headers)
  const cases = [
    {},
    { Authorization: `Bearer ${plant('bearer')}` },
    { Authorization: `Basic ${plant('basic')}` },
    { Cookie: `gatehouse=${plant('bad-cookie')}` },
    { Cookie: `gatehouse=${cookie}x; other=${plant('other-cookie')}` },
    { 'X-Forwarded-Uri': `/auth/login?code=${plant('own-route')}` },
    { 'X-Forwarded-Host': 'unknown.example', 'X-Forwarded-Uri': `/?q=${plant('unknown-host')}` },
    { 'X-Forwarded-Uri': `/#${plant('fragment')}` },
    { X_User_Id: plant('twin') },
  ]
  for (const more of cases) {
    for (const accept of ['text/html', 'application/json']) {
      const { status, body } = await proxy.validate({ ...headers, Accept: accept, ...more })
      if (status !== 302) answers.push(body.replace(/"login_url":"[^"]*"/, ''))
    }
  }
  await keep(agent, '/auth/session', { headers: program })
  await keep(agent, '/auth/session/refresh', { method: 'POST', headers: program })
  await keep(agent, '/auth/')
  await keep(agent, `/auth/callback?code=${plant('code')}&state=${plant('state')}`)
  await keep(agent, `/auth/callback?error=${plant('error')}&state=x`)
  await keep(agent, `/auth/backchannel-logout`, { form: { logout_token: plant('logout-token') } })
  await keep(agent, `/auth/login?return_to=//${plant('bad-return')}`)
  await keep(agent, `/nothing?${plant('nothing')}`)
  await agent.fetch(`${url}/auth/logout`, {
    headers: { authorization: `Bearer ${plant('inbound-bearer')}`, 'x-secret': plant('inbound') },
  })

  const eve = new Agent()
  await eve.fetch(await callbackUrl(eve, `${url}/auth/login`, odd))
  secrets.set('session cookie of Eve', eve.cookies.get(url, 'gatehouse') ?? '')
  const passed = await proxy.validateAs(eve, headers)
  expect(passed.status).toBe(200)
  await keep(eve, '/auth/')
  await fails(eve, keep)
}

/** Every way in which the provider can fail, with secrets in what it says. */
async function fails(
  agent: Agent,
  keep: (browser: Agent, path: string, init?: Parameters<Agent['fetch']>[1]) => Promise<unknown>,
): Promise<void> {
  const pass = idp.intercept
  const secret = plant('provider')
  const bodies: [number, string, string][] = [
    [500, 'text/html', `<pre>stack ${secret}</pre>`],
    [200, 'text/html', `<pre>${secret}</pre>`],
    [200, 'application/json', `{"access_token":"${secret}"`],
    [200, 'application/json', `{"access_token":"${secret}","token_type":"${secret}"}`],
    [
      200,
      'application/json',
      `{"access_token":"${secret}","token_type":"bearer","id_token":"${secret}.${secret}.${secret}"}`,
    ],
    [400, 'application/json', `{"error":"invalid_grant","x":"${secret}"}`],
  ]
  for (const [status, type, body] of bodies) {
    const browser = new Agent()
    const back = await callbackUrl(browser, `${url}/auth/login`)
    for (const name of ['code', 'state'])
      secrets.set(`${name} ${secrets.size}`, back.searchParams.get(name) ?? '')
    idp.intercept = ({ url: path }, response) => {
      if (path !== '/token') return 'pass'
      response.writeHead(status, { 'content-type': type }).end(body)
      return 'handled'
    }
    await keep(browser, back.href)
    await keep(agent, '/auth/session/refresh', { method: 'POST', headers: program })
    idp.intercept = pass
  }
}

const lines = () => output.split('\n').filter((line) => line !== '')

describe('G-01 secrets', () => {
  test('G-01 are in no line of the log, at any level', () => {
    expect(lines().length).toBeGreaterThan(50)
    expect(secrets.size).toBeGreaterThan(35)
    for (const [name, secret] of secrets) {
      expect(secret.length, name).toBeGreaterThan(10)
      expect(output.includes(secret), name).toBe(false)
      expect(output.includes(encodeURIComponent(secret)), name).toBe(false)
      expect(output.includes(JSON.stringify(secret).slice(1, -1)), name).toBe(false)
    }
  })

  test('G-01 G-05 are in no answer that did not bring them', () => {
    const all = answers.join('\n')
    for (const [name, secret] of secrets) {
      // The page that offers another try repeats the return URL of the sign-in it is about.
      if (name === 'return-query') continue
      expect(all.includes(secret), name).toBe(false)
    }
    expect(all).not.toMatch(/\.(?:ts|js):\d+|node_modules|ECONN|sqlite/)
  })
})

describe('G-02 the query of the original URL', () => {
  test('G-02 is not logged; host and path are', () => {
    const events = lines().map((line) => JSON.parse(line))
    for (const { path = '' } of events) expect(path).not.toContain('?')
    expect(output).not.toContain('token=')
    const [decision] = events.filter(({ event, code }) => event === 'decision' && code === 'allow')
    expect(decision).toMatchObject({
      method: 'GET',
      host: new URL(url).host,
      path: '/page/%0a%7B',
    })
  })
})

describe('G-03 what a client or a provider says', () => {
  test('G-03 stays inside its own line: each is one event, in JSON', () => {
    for (const line of lines()) {
      const event = JSON.parse(line)
      expect(event).toMatchObject({
        level: expect.stringMatching(/^(?:trace|debug|info|warn|error)$/),
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        event: expect.stringMatching(/^[a-z_]+$/),
      })
      expect(event).not.toHaveProperty('forged')
      expect(event.event).not.toBe('forged')
    }
    const signedIn = lines()
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'sign_in')
    expect(signedIn.map(({ username }) => username)).toEqual(['alice', odd.username])
    expect(signedIn.map(({ subject }) => subject)).toEqual([demoUsers[0]?.id, odd.id])
  })
})

describe('G-08 headers of the browser', () => {
  test('G-08 never reach the provider', () => {
    expect(new Set(sent.map(({ path }) => path))).toEqual(
      new Set(['/.well-known/openid-configuration', '/token', '/jwks', '/token/revocation']),
    )
    for (const { path, headers } of sent) {
      expect(Object.keys(headers), path).not.toContain('cookie')
      expect(Object.keys(headers).filter((name) => name.startsWith('x-'))).toEqual([])
      const { authorization } = headers
      const [scheme, credentials = ''] = String(authorization).split(' ')
      const own = decodeURIComponent(Buffer.from(credentials, 'base64').toString())
      if (path.startsWith('/token')) {
        expect([scheme, own], path).toEqual(['Basic', `gatehouse:${clientSecret}`])
      } else expect(authorization, path).toBeUndefined()
    }
  })
})
