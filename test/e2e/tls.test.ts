import { type AddressInfo, connect, createServer } from 'node:net'
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers } from '../../demo/idp/users.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import { Agent } from '../support/agent.ts'
import { selfSigned } from '../support/certificate.ts'
import { signIn } from '../support/sign-in.ts'
import { exchange } from './support/exchange.ts'
import { freePort } from './support/free-port.ts'
import { providerHost, startLocalProvider } from './support/local-provider.ts'
import { runName } from './support/run-name.ts'
import { stack } from './support/stack.ts'

const host = 'gatehouse.test'
const { cert, key } = selfSigned([host])

describe('Traefik asks over TLS', () => {
  let app: string
  let auth: string
  let provider: IdentityProvider
  let containers: StartedTestContainer[]
  /** The way from Traefik's forwardAuth, and from its router, to the gateway. */
  let questions: Relay
  let pages: Relay
  let agent: Agent

  beforeAll(async () => {
    const port = await freePort()
    app = `http://app.gatehouse.localhost:${port}`
    auth = `http://auth.gatehouse.localhost:${port}`
    provider = await startLocalProvider(auth)
    const tlsPort = await freePort()
    questions = await startRelay(tlsPort)
    pages = await startRelay(tlsPort)
    const network = `${stack.project}_default`
    const gateway = new GenericContainer(stack.image)
      .withName(runName('tls-gateway'))
      .withNetworkMode(network)
      .withExtraHosts([providerHost])
      .withExposedPorts(8080, { container: 8443, host: tlsPort })
      .withCopyContentToContainer([
        { content: cert, target: '/tls/tls.crt' },
        { content: key, target: '/tls/tls.key', mode: 0o644 },
      ])
      .withEnvironment({
        PUBLIC_URL: auth,
        COOKIE_DOMAIN: 'gatehouse.localhost',
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: 'gatehouse',
        OIDC_CLIENT_SECRET: 'secret',
        SESSION_SECRET: 'a session secret for the end-to-end tests',
        TRUSTED_PROXIES: 'private_ranges',
        TLS_PORT: '8443',
        TLS_CERT_FILE: '/tls/tls.crt',
        TLS_KEY_FILE: '/tls/tls.key',
      })
      .withWaitStrategy(Wait.forHttp('/health', 8080))
    const traefik = new GenericContainer('traefik:v3.6')
      .withName(runName('tls-traefik'))
      .withNetworkMode(network)
      .withExtraHosts([{ host, ipAddress: 'host-gateway' }])
      .withExposedPorts({ container: 8000, host: port })
      .withCopyContentToContainer([
        { content: cert, target: '/tls/ca.crt' },
        { content: configuration(questions.port, pages.port), target: '/gatehouse.yml' },
      ])
      .withCommand(['--entryPoints.web.address=:8000', '--providers.file.filename=/gatehouse.yml'])
      .withWaitStrategy(Wait.forListeningPorts())
    containers = await Promise.all([gateway.start(), traefik.start()])
    agent = new Agent()
    const [user] = demoUsers
    if (!user) throw new Error('no demo user')
    const page = await signIn(agent, `${app}/headers`, user)
    expect([page.status, page.url]).toEqual([200, `${app}/headers`])
  })

  afterAll(async () => {
    await Promise.all((containers ?? []).map((container) => container.stop()))
    await provider?.[Symbol.asyncDispose]()
    await questions?.close()
    await pages?.close()
  })

  /** Asks the app for the headers it gets, with the session and these. */
  const ask = (headers: Readonly<Record<string, string | readonly string[]>> = {}) =>
    exchange(`${app}/headers`, {
      headers: { cookie: agent.cookies.header(new URL(app)), ...headers },
    })

  it('H-01 a session arrives at the app with its identity alone', async () => {
    const answer = await ask({ 'x-user-id': 'forged', 'x-service-name': 'forged' })
    expect(answer.status).toBe(200)
    const received = (JSON.parse(answer.body) as [string, string][]).map(
      ([name, value]) => `${name.toLowerCase()}: ${value}`,
    )
    expect(received).toContain('x-username: alice')
    expect(received).toContain('x-service-name: ')
    expect(answer.body).not.toContain('forged')
  })

  it('200 requests at once are asked about on the one connection there is', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask()))
    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200))
    expect(questions.opened()).toBe(1)
  })

  it('P-01 a flood of headers hides nothing from the gateway', async () => {
    const a = Array.from({ length: 1_100 }, () => '')
    expect((await ask({ a })).status).toBe(200)
    const cold = await ask({ a, cookie: '', accept: 'text/html' })
    expect(cold.status).toBe(302)
    expect(new URL(cold.headers.location ?? '').origin).toBe(auth)
  })

  it('D-01 a request that is too large fails alone', async () => {
    const [large, ...others] = await Promise.all([
      ask({ 'x-large': 'x'.repeat(70_000) }),
      ...Array.from({ length: 20 }, () => ask()),
    ])
    expect(large.status).toBe(500)
    expect(others.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(questions.opened()).toBe(1)
  })

  it('a form signs out', async () => {
    const out = await agent.fetch(`${auth}/auth/logout`, { form: { return_to: `${app}/` } })
    expect(out.status).toBe(303)
    expect((await ask({ accept: 'application/json' })).status).toBe(401)
  })
})

interface Relay {
  readonly port: number
  /** How many connections it has taken so far. */
  opened(): number
  close(): Promise<void>
}

/** A port of this machine, for containers too, that leads to another and counts. */
async function startRelay(target: number): Promise<Relay> {
  let opened = 0
  const server = createServer((near) => {
    opened += 1
    const far = connect(target, '127.0.0.1')
    near.on('error', () => far.destroy()).on('close', () => far.destroy())
    far.on('error', () => near.destroy()).on('close', () => near.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    opened: () => opened,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function configuration(questions: number, pages: number): string {
  return `
http:
  routers:
    app: { rule: "Host(\`app.gatehouse.localhost\`)", middlewares: [gatehouse], service: app }
    gatehouse: { rule: "Host(\`auth.gatehouse.localhost\`)", service: gatehouse }
  middlewares:
    gatehouse:
      forwardAuth:
        address: https://${host}:${questions}/validate
        tls: { ca: /tls/ca.crt }
        authResponseHeaders: [${identityHeaderNames.join(', ')}]
  services:
    app: { loadBalancer: { servers: [{ url: "http://app:8080" }] } }
    gatehouse:
      loadBalancer:
        servers: [{ url: "https://${host}:${pages}" }]
        serversTransport: gatehouse
  serversTransports:
    gatehouse: { rootCAs: [/tls/ca.crt] }
`
}
