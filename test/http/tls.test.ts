import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type ClientHttp2Stream, constants } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { buildConnector, Agent as Connections, request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../demo/free-port.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { callbackUrl } from '../support/callback-url.ts'
import { selfSigned } from '../support/certificate.ts'
import { expectPass, expectRefusal, expectSignIn } from '../support/decisions.ts'
import {
  type AskingProxy,
  clientId,
  clientSecret,
  proxyOf,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts'
import { hold } from '../support/hold.ts'
import { connectHttp2, type Http2Connection } from '../support/http2-connection.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import { signIn } from '../support/sign-in.ts'

const { cert, key } = selfSigned(['localhost', '127.0.0.1'])
const alice = demoUsers[0] as User
const otherHost = 'localhost:1'
const tls = { TLS_PORT: '0', TLS_CERT: cert, TLS_KEY: key }

let site: TestGateway
let http2: Http2Connection
let cookie: string
let proxies: Record<'HTTP/2' | 'HTTP/1.1', AskingProxy>

beforeAll(async () => {
  site = await startTestGateway({ env: { ...tls, APP_HOSTS: `localhost,${otherHost}` } })
  const { agent } = await site.signIn()
  cookie = agent.cookies.header(new URL(site.url))
  http2 = await connectHttp2(tlsOrigin(site), cert)
  proxies = {
    'HTTP/2': proxyOf(site.gateway, site.url, http2.request),
    'HTTP/1.1': proxyOf(site.gateway, site.url, (method, path, headers, body) =>
      rawRequest(tlsOrigin(site), method, path, headers, body, cert),
    ),
  }
})
afterAll(async () => {
  await http2[Symbol.asyncDispose]()
  await site[Symbol.asyncDispose]()
})
afterEach(() => void vi.useRealTimers())

function tlsOrigin({ gateway }: TestGateway): string {
  if (gateway.tlsOrigin === undefined) throw new Error('there is no listener for TLS')
  return gateway.tlsOrigin
}

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** What an answer says, without what is of its connection or of its moment. */
function said({ status, rawHeaders, body }: RawAnswer) {
  const headers: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ''
    if (!['connection', 'keep-alive', 'date'].includes(name))
      headers.push(`${name}: ${rawHeaders[i + 1]}`)
  }
  return { status, headers, body: body.replaceAll(uuid, '') }
}

const program = { Accept: 'application/json' }

describe.each(['HTTP/2', 'HTTP/1.1'] as const)('%s with TLS', (version) => {
  const ask = (...question: Parameters<AskingProxy['validate']>) =>
    proxies[version].validate(...question)

  test.each([
    ['a pass', () => ({ Cookie: cookie })],
    ['a redirect to sign-in', () => ({})],
    ['a refusal for programs', () => program],
    ['a refusal as a page', () => ({ Cookie: cookie, 'X-Forwarded-Host': 'elsewhere.example' })],
    ['a refusal to a page of our own', () => ({ ...program, Origin: site.url })],
  ])('%s is what it is on the plain listener', async (_what, headers) => {
    const question = { 'X-Request-Id': 'the-same', ...headers() }
    const plain = await site.validate(question)
    expect(said(await ask(question))).toEqual(said(plain))
  })

  test('a session passes with the whole set of headers', async () => {
    expectPass(await ask({ Cookie: cookie }), { 'x-username': 'alice', 'x-auth-kind': 'user' })
  })

  test('P-01 a flood of headers hides none', async () => {
    const flood = { A: Array.from({ length: 1_100 }, () => '') }
    expectPass(await ask({ ...flood, Cookie: cookie }))
    expectSignIn(await ask(flood), site.url, `${site.url}/page?x=1`)
    const withoutUri = { ...flood, Cookie: cookie, 'X-Forwarded-Uri': undefined }
    expectRefusal(await ask(withoutUri), 'bad_forwarded_request')
  })

  test('P-01 one that is too large is refused whole', async () => {
    const flood = { A: Array.from({ length: 1_500 }, () => 'padding-padding-padding') }
    const answer = await ask({ ...flood, Cookie: cookie }).catch((error: Error) => error)
    if (version === 'HTTP/1.1') expect(answer).toMatchObject({ status: 431 })
    else expect(answer).toMatchObject({ message: expect.stringContaining('ENHANCE_YOUR_CALM') })
    expectPass(await ask({ Cookie: cookie }))
  })

  test.each(['Method', 'Proto', 'Host', 'Uri', 'For'])('P-04 a doubled %s is 400', async (part) => {
    const doubled = { [`X-Forwarded-${part}`]: ['GET', 'GET'], Cookie: cookie }
    expectRefusal(await ask(doubled), 'bad_forwarded_request')
  })

  test('P-05 a twin of a reserved header is 400', async () => {
    const twin = { X_Forwarded_Uri: '/public', Cookie: cookie }
    expectRefusal(await ask(twin), 'bad_forwarded_request')
  })

  test.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    'P-27 %s is decided as GET is',
    async (method) => {
      expectPass(await ask({ Cookie: cookie }, { method }))
      expect(await ask(program, { method })).toMatchObject({ status: 401 })
      expectPass(await ask({ Cookie: cookie, Expect: 'something' }, { method }))
    },
  )

  test('P-27 an answer to HEAD has no body', async () => {
    const refused = await ask(program, { method: 'HEAD' })
    expect(Number(refused.headers['content-length'])).toBeGreaterThan(100)
    expect(refused.body).toBe('')
  })
})

describe('HTTP/2', () => {
  test('several cookies, each in a header of its own, are read as one', async () => {
    const crumbs = [...Array.from({ length: 200 }, (_, i) => `other-${i}=1`), cookie]
    expectPass(await proxies['HTTP/2'].validate({ Cookie: crumbs }))
  })

  test('a thousand questions at once are answered on one connection', async () => {
    const connections = await connectionsDuring(async () => {
      await using connection = await connectHttp2(tlsOrigin(site), cert)
      const { validate } = proxyOf(site.gateway, site.url, connection.request)
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => validate(i % 2 === 0 ? { Cookie: cookie } : {})),
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(500)
      expect(answers.filter(({ status }) => status === 302)).toHaveLength(500)
    })
    expect(connections).toBe(1)
  })

  test('P-27 a body is never waited for', async () => {
    const { session } = http2
    const stream = session.request({ ':method': 'POST', ':path': '/validate' })
    stream.write('{')
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(400)
    stream.resume()
    await once(stream, 'close')
  })

  test('P-02 a peer that is not trusted describes nothing', async () => {
    await using own = await startTestGateway({ env: { ...tls, TRUSTED_PROXIES: '192.0.2.1' } })
    await using connection = await connectHttp2(tlsOrigin(own), cert)
    const { validate } = proxyOf(own.gateway, own.url, connection.request)
    expectRefusal(await validate(), 'untrusted_proxy')
    expect(own.log).toContainEqual(
      expect.objectContaining({ code: 'untrusted_proxy', peer: '127.0.0.1' }),
    )
  })

  test('D-08 what is no HTTP/2 and no TLS ends its connection alone', async () => {
    const { hostname: host, port } = new URL(tlsOrigin(site))
    const garbage = Buffer.alloc(1_000, 'garbage')
    const noTls = connectTcp({ host, port: Number(port) })
    noTls.end(garbage)
    await Promise.race([once(noTls, 'close'), once(noTls, 'error')])
    const noHttp = connectTls({ host, port: Number(port), ca: cert, ALPNProtocols: ['h2'] })
    noHttp.on('error', () => {})
    noHttp.resume().end(garbage)
    await once(noHttp, 'close')
    expectPass(await proxies['HTTP/2'].validate({ Cookie: cookie }))
  })
})

describe('the pages over HTTP/2', () => {
  test('sign-in, session, forms, JSON and sign-out', async () => {
    const port = await freePort(0, '127.0.0.1')
    const url = `https://localhost:${port}`
    const client = {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [`${url}/auth/callback`],
      post_logout_redirect_uris: [`${url}/auth/logged-out`],
    }
    await using secure = await startTestGateway({
      env: { ...tls, PUBLIC_URL: url, TLS_PORT: String(port) },
      idp: { clients: [client] },
    })
    const warnings: Error[] = []
    process.on('warning', (warning) => warnings.push(warning))
    await using browser = browserWithHttp2()
    const { agent } = browser

    const page = await signIn(agent, `${url}/auth/login?return_to=/page`, alice)
    expect([page.status, page.url]).toEqual([404, `${url}/page`])
    expect(agent.cookies.names(url)).toContain('__Host-gatehouse')
    const passed = await secure.validate({
      Cookie: agent.cookies.header(new URL(url)),
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': `localhost:${port}`,
    })
    expectPass(passed, { 'x-username': 'alice' })

    const json = { accept: 'application/json', 'content-type': 'application/json', origin: url }
    const session = await agent.fetch(`${url}/auth/session`, { headers: json })
    expect(session.json()).toMatchObject({ username: 'alice', auth_enabled: true })
    const refreshed = await agent.fetch(`${url}/auth/session/refresh`, { method: 'POST' })
    expect(refreshed.json()).toMatchObject({ username: 'alice' })
    const account = await agent.fetch(`${url}/auth/`)
    expect([account.status, account.text]).toEqual([200, expect.stringContaining('Alice Archer')])

    const end = { headers: json, body: '{"id":"another"}' }
    const ended = await agent.fetch(`${url}/auth/sessions/end`, end)
    expect(ended.json()).toEqual({ success: true, ended: 0 })
    const large = await agent.fetch(`${url}/auth/logout`, { form: { x: 'x'.repeat(70_000) } })
    expect(large.status).toBe(413)
    const out = await agent.fetch(`${url}/auth/logout`, { form: { return_to: '/' } })
    expect(out.status).toBe(303)
    expect(out.headers.get('location')).toContain(`${secure.idp.issuer}/session/end`)
    expect(agent.cookies.names(url)).not.toContain('__Host-gatehouse')
    expect(new Set(browser.protocols)).toEqual(new Set(['h2']))
    // Of headers that HTTP/2 does not have.
    expect(warnings).toEqual([])
  })

  test('L-04 `:authority` is the host, and a `Host` beside it is not', async () => {
    const ask = async (headers: Record<string, string>) =>
      (await http2.request('GET', '/auth/login', headers)).headers.location
    const { host } = new URL(site.url)
    expect(await ask({ ':authority': host, host: otherHost })).toContain(site.idp.issuer)
    const moved = `${site.url}/auth/login`
    expect(await ask({ ':authority': otherHost, host })).toBe(moved)
  })
})

describe('limits', () => {
  test('D-06 a body that does not come is waited for thirty seconds', async () => {
    const stream = await openBody(http2)
    vi.advanceTimersByTime(29_999)
    expect(stream.closed).toBe(false)
    vi.advanceTimersByTime(1)
    await once(stream, 'close')
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
  })

  test('D-06 connections have the times of the plain listener, and idle ones end', async () => {
    const server = await serverOf(site)
    expect(server).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 75_000,
      maxHeadersCount: 0,
      insecureHTTPParser: false,
      timeout: 120_000,
    })
    server.timeout = 50
    await using idle = await connectHttp2(tlsOrigin(site), cert)
    await once(idle.session, 'close')
    server.timeout = 120_000
  })
})

describe('closing', () => {
  test('F-14 what is in flight finishes, then the connection ends', async () => {
    await using own = await startTestGateway({ env: tls })
    await using connection = await connectHttp2(tlsOrigin(own), cert)
    const agent = new Agent()
    const { pathname, search } = await callbackUrl(agent, `${own.url}/auth/login?return_to=/page`)
    const held = hold(own.idp, '/token')
    const headers = {
      ':authority': new URL(own.url).host,
      cookie: agent.cookies.header(new URL(own.url)),
    }
    const answer = connection.request('GET', pathname + search, headers)
    await held.arrived
    const told = once(connection.session, 'goaway')
    const ended = once(connection.session, 'close')
    const closed = own.gateway[Symbol.asyncDispose]()
    await told
    held.release()
    expect(await answer).toMatchObject({ status: 302, headers: { location: `${own.url}/page` } })
    await Promise.all([ended, closed])
  })

  test('F-14 what does not finish is cut off after ten seconds', async () => {
    await using own = await startTestGateway({ env: tls })
    await using connection = await connectHttp2(tlsOrigin(own), cert)
    const stream = await openBody(connection)
    stream.on('error', () => {})
    const ended = once(connection.session, 'close')
    const told = once(connection.session, 'goaway')
    const closed = own.gateway[Symbol.asyncDispose]()
    await told
    vi.advanceTimersByTime(9_999)
    expect(stream.closed).toBe(false)
    vi.advanceTimersByTime(1)
    await Promise.all([ended, closed])
  })

  test('F-14 an idle connection with HTTP/1.1 does not hold it up', async () => {
    const own = await startTestGateway({ env: tls })
    const connections = new Connections({ allowH2: false, connect: { ca: cert } })
    const answer = await request(`${tlsOrigin(own)}/health`, { dispatcher: connections })
    expect(await answer.body.json()).toEqual({ status: 'healthy' })
    await own[Symbol.asyncDispose]()
    await connections.close()
  })
})

/** A browser that uses HTTP/2, and tells what its connections with TLS agreed on. */
function browserWithHttp2() {
  const protocols: unknown[] = []
  const connect = buildConnector({ allowH2: true, ca: cert })
  const connections = new Connections({
    connect: (options, done) =>
      connect(options, (...[error, socket]) => {
        if (socket && 'alpnProtocol' in socket) protocols.push(socket.alpnProtocol)
        if (error) done(error, null)
        else done(null, socket)
      }),
  })
  return {
    agent: new Agent(connections),
    protocols,
    [Symbol.asyncDispose]: () => connections.close(),
  }
}

/** A request that has begun its body and never ends it; from now on, time-outs wait to be advanced. */
async function openBody({ session }: Http2Connection): Promise<ClientHttp2Stream> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const started = Promise.withResolvers<void>()
  const note = () => started.resolve()
  subscribe('http2.server.stream.start', note)
  const stream = session.request({ ':method': 'POST', ':path': '/auth/logout' })
  stream.write('{')
  await started.promise
  unsubscribe('http2.server.stream.start', note)
  return stream
}

/** The server behind the listener with TLS. */
async function serverOf(gateway: TestGateway): Promise<{ timeout: number }> {
  const found = Promise.withResolvers<{ timeout: number }>()
  const note = (message: unknown) =>
    found.resolve((message as { server: { timeout: number } }).server)
  subscribe('http.server.request.start', note)
  await rawRequest(tlsOrigin(gateway), 'GET', '/health', {}, undefined, cert)
  unsubscribe('http.server.request.start', note)
  return found.promise
}

/** How many connections come to the listener with TLS while something happens. */
async function connectionsDuring(happening: () => Promise<void>): Promise<number> {
  const seen = new Set<unknown>()
  const note = (message: unknown) =>
    seen.add((message as { stream: { session: unknown } }).stream.session)
  subscribe('http2.server.stream.created', note)
  await happening()
  unsubscribe('http2.server.stream.created', note)
  return seen.size
}
