import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessToken, audience } from '../support/access-token.ts'
import { expectPass, expectRefusal, expectSignIn } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'

const rules = `
rules:
  - match: { paths: [/socket, /page] }
    access: user
    query_token: access_token
  - match: { paths: [/job] }
    access: service
    query_token: access_token
  - match: { paths: [/never] }
    access: deny`

let site: TestGateway
let token: string
let cookie: string
/** What clients got where a token was looked for. */
const answers: RawAnswer[] = []

beforeAll(async () => {
  site = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience }, file: () => rules })
  token = await accessToken(site)
  const { agent } = await site.signIn()
  cookie = agent.cookies.header(new URL(site.url))
})
afterAll(() => site[Symbol.asyncDispose]())

const handshake = {
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  Origin: 'https://evil.example',
}

const asked = (uri: string, headers: Readonly<Record<string, string>> = {}) =>
  site.validate({ Accept: '*/*', 'X-Forwarded-Uri': uri, ...headers })

/** For what a rule is about that names the parameter. */
async function ask(...question: Parameters<typeof asked>) {
  const answer = await asked(...question)
  answers.push(answer)
  return answer
}

describe('B-19 a token in the query', () => {
  test('B-19 counts where the rule says so, as one in Authorization would', async () => {
    for (const headers of [{}, handshake, { Cookie: cookie }, { ...handshake, Cookie: cookie }]) {
      const answer = await ask(`/socket?room=1&access_token=${token}`, headers)
      expectPass(answer, { 'x-auth-source': 'bearer', 'x-username': 'alice' })
    }
  })

  test('B-19 does not count elsewhere, nor in a parameter of another name', async () => {
    expectRefusal(await asked(`/other?access_token=${token}`), 'unauthenticated')
    for (const name of ['token', 'Access_Token', 'access_token[]', 'x;access_token'])
      expectRefusal(await asked(`/socket?${name}=${token}`), 'unauthenticated')
    expectPass(await asked(`/other?access_token=${token}`, { Cookie: cookie }), {
      'x-auth-source': 'session',
    })
    const own = await site.validate(
      { Accept: '*/*', 'X-Forwarded-Uri': '/socket' },
      { path: `/validate?access_token=${token}` },
    )
    expectRefusal(own, 'unauthenticated')
  })

  test('B-19 that is bad is 401, whatever cookie comes with it', async () => {
    for (const bad of [`${token}x`, '', 'x', 'ghk_key', await accessToken(site, { exp: 1 })]) {
      for (const headers of [{}, { Cookie: cookie }, handshake])
        expectRefusal(await ask(`/socket?access_token=${bad}`, headers), 'invalid_token')
    }
  })

  test('B-19 twice, or beside another token, is 400', async () => {
    const both = await ask(`/socket?access_token=${token}&access_token=${token}`)
    expectRefusal(both, 'conflicting_credentials')
    const two = await ask(`/socket?access_token=${token}`, { Authorization: `Bearer ${token}` })
    expectRefusal(two, 'conflicting_credentials')
  })

  test('P-26 without one, a handshake needs an Origin of an app, and is never redirected', async () => {
    expectRefusal(await ask('/socket', { ...handshake, Cookie: cookie }), 'csrf')
    expectRefusal(await ask('/socket', handshake), 'unauthenticated')
  })

  test('B-19 of a person is none of a service: the rule holds as ever', async () => {
    expectRefusal(await ask(`/job?access_token=${token}`), 'wrong_identity_kind')
    expectRefusal(await ask(`/never?access_token=${token}`), 'forbidden')
  })
})

describe('G-01 the return URL of a request with a token in its query', () => {
  const page = { Accept: 'text/html' }

  test.each([
    ['/page?a=1&access_token=JWT&b=%zz', '/page?a=1&b=%zz'],
    ['/page?access_token=JWT', '/page'],
    ['/page?access%5Ftoken=JWT&access_token=x', '/page'],
    ['/page?a=1;access_token=JWT', '/page'],
    ['/page?next=%2Fp%3Faccess_token%3DTOKEN&c', '/page?c'],
    ['/page?ACCESS_TOKEN=JWT&a', '/page?a'],
    // Read in two ways, of which one has no such rule.
    ['/a/..%2fpage?access_token=JWT&a', '/a/..%2fpage?a'],
  ])('G-01 of %s leaves the token out', async (uri, back) => {
    const bad = uri.replace('JWT', `${token}x`)
    const answer = await ask(bad, page)
    if (answer.status === 400) expectRefusedBody(answer)
    else expectSignIn(answer, site.url, site.url + back)
    const refused = await ask(bad)
    expect(refused.body).not.toContain(token)
    const login = JSON.parse(refused.body).login_url
    if (login !== undefined)
      expect(new URL(login).searchParams.get('return_to')).toBe(site.url + back)
  })

  function expectRefusedBody({ headers, body }: RawAnswer) {
    expect(headers).not.toHaveProperty('location')
    expect(body).toContain('conflicting_credentials')
  }

  test('G-01 in a frame, and on a page that refuses, it is left out too', async () => {
    const frame = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' }
    const framed = await ask(`/page?access_token=${token}x&a=1`, { ...page, ...frame })
    expect([framed.status, framed.body.includes('a%3D1')]).toEqual([401, true])
    for (const uri of ['/job', '/never'])
      expect((await ask(`${uri}?access_token=${token}`, page)).status).toBe(403)
  })
})

describe('G-01 G-02 the token of a query', () => {
  test('G-01 is in no answer, no line of the log and no metric', async () => {
    expect(answers.length).toBeGreaterThan(40)
    const { body } = await rawRequest(site.gateway.opsOrigin, 'GET', '/metrics', {})
    const signature = token.split('.')[2] ?? ''
    for (const text of [JSON.stringify(answers), JSON.stringify(site.log), body]) {
      expect(text.includes(signature)).toBe(false)
      expect(text.includes(token)).toBe(false)
    }
  })

  test('G-02 nor is its query: the log has the path', () => {
    const decisions = site.log.filter(({ event }) => event === 'decision')
    expect(decisions.length).toBeGreaterThan(40)
    for (const { path } of decisions) expect(path).not.toContain('?')
    expect(JSON.stringify(decisions)).not.toContain('access_token=')
  })
})

test('PASS_TOKEN passes the app the token as its Authorization', async () => {
  const env = { AUTH_ALLOWED_AUDIENCES: audience, PASS_TOKEN: 'access' }
  await using own = await startTestGateway({ env, file: () => rules })
  const good = await accessToken(own)
  const answer = await own.validate({ 'X-Forwarded-Uri': `/socket?access_token=${good}` })
  expect([answer.status, answer.headers.authorization]).toEqual([200, `Bearer ${good}`])
})

test('B-19 an MCP resource takes no token of the query, whatever a rule says', async () => {
  await using own = await startTestGateway({
    file: (url) => `
mcp: { notes: { resource: ${url}/mcp } }
rules: [{ access: any, query_token: access_token }]`,
  })
  const good = await accessToken(own, { aud: `${own.url}/mcp` })
  const uri = { Accept: '*/*', 'X-Forwarded-Uri': `/mcp?access_token=${good}` }
  const refused = await own.validate(uri)
  expect(refused.status).toBe(401)
  expect(JSON.stringify(refused)).not.toContain(good)
  expect((await own.validate({ ...uri, Authorization: `Bearer ${good}` })).status).toBe(200)
})
