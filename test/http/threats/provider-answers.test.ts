import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { IdentityProviderOptions, Intercept } from '../../../demo/identity-provider.ts'
import { close, listen } from '../../../demo/listen.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway({ idp: { idTokenClaims: false } })
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.intercept = undefined
  site.idp.alter = undefined
  vi.restoreAllMocks()
  // Five failures in a row open the endpoint's breaker; a minute later it lets the next test ask.
  site.clock.advance(60_000)
})

const metadataPath = '/.well-known/openid-configuration'
const json = { 'content-type': 'application/json' }
const huge = `{"x":"${'x'.repeat(600_000)}"}`

/** The provider's answer at one of its endpoints. */
const at =
  (path: string, answer: Intercept): Intercept =>
  (request, response) =>
    request.url?.split('?', 1)[0] === path ? answer(request, response) : 'pass'

const send =
  (status: number, headers: Record<string, string>, body: string | Buffer = ''): Intercept =>
  (_request, response) => {
    response.writeHead(status, headers).end(body)
    return 'handled'
  }

const silence: Intercept = () => 'handled'
const hangUp: Intercept = (request) => {
  request.socket.destroy()
  return 'handled'
}
/** Sends without an end, as fast as it is read. */
const flood: Intercept = (_request, response) => {
  response.writeHead(200, json)
  const more = () => {
    while (!response.destroyed && response.write(' '.repeat(65_536)));
  }
  response.on('drain', more)
  more()
  return 'handled'
}

/** What is asked to wait ten seconds waits a moment. */
function hurryTimeouts(): number[] {
  const asked: number[] = []
  const timeout = AbortSignal.timeout.bind(AbortSignal)
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    asked.push(ms)
    return timeout(50)
  })
  return asked
}

const wrong: [string, Intercept, number, string][] = [
  ['500', send(500, {}), 503, 'idp_unavailable'],
  ['429', send(429, {}), 503, 'idp_unavailable'],
  ['no answer but a closed connection', hangUp, 503, 'idp_unavailable'],
  ['600,000 bytes', send(200, json, huge), 503, 'idp_unavailable'],
  ['an endless body', flood, 503, 'idp_unavailable'],
  [
    'a body that is small only while it is compressed',
    send(200, { ...json, 'content-encoding': 'gzip' }, gzipSync(' '.repeat(5_000_000))),
    503,
    'idp_unavailable',
  ],
  ['HTML', send(200, { 'content-type': 'text/html' }, '<h1>Hello</h1>'), 502, 'idp_error'],
  ['404', send(404, { 'content-type': 'text/html' }, '<h1>No</h1>'), 502, 'idp_error'],
  ['no body', send(200, json), 502, 'idp_error'],
  ['half a body', send(200, json, '{"access_token":'), 502, 'idp_error'],
  ['a list', send(200, json, '[]'), 400, 'invalid_token_payload'],
  ['an empty object', send(200, json, '{}'), 400, 'invalid_token_payload'],
]

describe('L-20 the token endpoint answers', () => {
  test.each(wrong)('L-20 %s: a page, and no session', async (_name, answer, status, code) => {
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    site.idp.intercept = at('/token', answer)
    const page = await agent.fetch(url)
    expect(page.text).toContain(code)
    expect([page.status, page.headers.get('retry-after')]).toEqual([
      status,
      status === 503 ? '5' : null,
    ])
    expect(page.headers.getSetCookie()).toEqual([])
  })

  test('L-20 nothing: it is given up after ten seconds', async () => {
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    site.idp.intercept = at('/token', silence)
    const asked = hurryTimeouts()
    const page = await agent.fetch(url)
    expect(page.status).toBe(503)
    expect(page.text).toContain('idp_unavailable')
    expect(asked).toContain(10_000)
  })

  test('L-20 a redirect: it is not followed', async () => {
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    site.idp.intercept = at('/token', send(307, { location: `${site.idp.issuer}/trap` }))
    const page = await agent.fetch(url)
    expect(page.status).toBe(502)
    expect(page.text).toContain('idp_error')
    expect(site.idp.requests.map(({ path }) => path)).not.toContain('/trap')
  })
})

describe('L-20 userinfo answers', () => {
  test.each(wrong)('L-20 %s: a page, and no session', async (_name, answer, status, code) => {
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    site.idp.intercept = at('/me', answer)
    const page = await agent.fetch(url)
    expect(page.text).toContain(code)
    expect(page.status).toBe(status)
    expect(page.headers.getSetCookie()).toEqual([])
  })
})

type Fault = Pick<IdentityProviderOptions, 'intercept' | 'alter'>

/** Metadata in which something else is said. */
const changed = (changes: Record<string, unknown>): Fault => ({
  alter: (path, body) => (path === metadataPath ? { ...body, ...changes } : body),
})

const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
]

const faults: [string, Fault][] = [
  ...wrong.map(([name, answer]): [string, Fault] => [
    `answered by ${name}`,
    { intercept: at(metadataPath, answer) },
  ]),
  ['answered by a redirect', { intercept: at(metadataPath, send(302, { location: '/trap' })) }],
  ['of another issuer', changed({ issuer: 'https://evil.example' })],
  ...endpoints.flatMap((name) =>
    ['http://169.254.169.254/latest', 'file:///etc/passwd', 'javascript:alert(1)', 42].map(
      (value): [string, Fault] => [`with the ${name} ${value}`, changed({ [name]: value })],
    ),
  ),
]

describe('L-20 L-21 metadata', () => {
  test.each(faults)('L-20 L-21 %s: not ready, and nobody is sent anywhere', async (_name, idp) => {
    await using gateway = await startTestGateway({ idp })
    const ready = await fetch(`${gateway.gateway.opsOrigin}/readyz`)
    const login = await new Agent().fetch(`${gateway.url}/auth/login`)
    expect(ready.status).toBe(503)
    expect([login.status, login.headers.get('retry-after')]).toEqual([503, '5'])
    expect(login.headers.get('location')).toBeNull()
    expect(gateway.idp.requests.map(({ path }) => path)).not.toContain('/trap')
  })

  test('L-21 an address in a token is never asked', async () => {
    const asked: string[] = []
    const trap = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.end('{"keys":[]}')
    })
    const port = await listen(trap, 0, '127.0.0.1')
    try {
      const agent = new Agent()
      const url = await callbackUrl(agent, `${site.url}/auth/login`)
      url.searchParams.set('iss', `http://127.0.0.1:${port}`)
      expect((await agent.fetch(url)).status).toBe(400)
      const header = Buffer.from(JSON.stringify({ alg: 'RS256', jku: `http://127.0.0.1:${port}` }))
      const payload = Buffer.from(JSON.stringify({ iss: `http://127.0.0.1:${port}` }))
      const token = `${header.toString('base64url')}.${payload.toString('base64url')}.AAAA`
      const { status } = await new Agent().fetch(`${site.url}/auth/backchannel-logout`, {
        form: { logout_token: token },
      })
      expect(status).toBe(400)
      expect(asked).toEqual([])
    } finally {
      await close(trap)
    }
  })
})
