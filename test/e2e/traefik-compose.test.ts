import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DockerComposeEnvironment,
  type StartedDockerComposeEnvironment,
  Wait,
} from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { signIn } from '../support/sign-in.ts'
import { logs } from './support/docker.ts'
import { freePort } from './support/free-port.ts'
import { reroute } from './support/local-names.ts'
import { providerHost, startLocalProvider } from './support/local-provider.ts'
import { runName } from './support/run-name.ts'
import { until } from './support/until.ts'

const directory = new URL('../../traefik/', import.meta.url).pathname
const app = 'https://app.gatehouse.localhost'
const auth = 'https://auth.gatehouse.localhost'

describe('traefik/docker-compose.yml, unchanged', () => {
  let scratch: string
  let provider: IdentityProvider
  let environment: StartedDockerComposeEnvironment

  beforeAll(async () => {
    provider = await startLocalProvider(auth)
    scratch = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'))
    // A port that Docker fails to publish is no fault of the file's: another one gets a chance.
    environment = await startCompose('traefik').catch((error: unknown) => {
      process.stderr.write(`${error}\nonce more, on another port\n`)
      return startCompose('traefik-again')
    })
  })
  afterAll(async () => {
    await environment?.down({ removeVolumes: true, timeout: 1 })
    await provider?.close()
    await rm(scratch, { recursive: true })
  })

  async function startCompose(name: string): Promise<StartedDockerComposeEnvironment> {
    const port = await freePort()
    reroute(443, port)
    // Added only what this machine asks for: another port, and the way to the provider.
    const override = join(scratch, `${name}.yml`)
    await writeFile(
      override,
      `
services:
  traefik: { ports: !override ["127.0.0.1:${port}:443"] }
  gatehouse: { extra_hosts: ["${providerHost.host}:${providerHost.ipAddress}"] }
`,
    )
    const started = await new DockerComposeEnvironment(directory, ['docker-compose.yml', override])
      .withProjectName(runName(name))
      .withEnvironment({
        DOMAIN: 'gatehouse.localhost',
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: 'gatehouse',
        OIDC_CLIENT_SECRET: 'secret',
        SESSION_SECRET: 'a session secret for the end-to-end tests',
      })
      // Whether its port is reached is seen below, where its log can be shown.
      .withWaitStrategy('traefik-1', Wait.forSuccessfulCommand('true'))
      .up()
    try {
      // Traefik routes a container once it is healthy.
      await until(
        'Traefik routes both hosts',
        async () => {
          const pages = [`${app}/`, `${auth}/health`].map((url) => new Agent().fetch(url))
          return (await Promise.all(pages)).every(({ status }) => status !== 404)
        },
        60_000,
      )
      return started
    } catch (error) {
      const log = await logs(`${runName(name)}-traefik-1`)
      await started.down({ removeVolumes: true, timeout: 1 })
      throw new Error(`${error}; Traefik said: ${log}`, { cause: error })
    }
  }

  it('is at most 32 lines', async () => {
    const text = await readFile(join(directory, 'docker-compose.yml'), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(32)
  })

  it('signs somebody in over https, deep link kept', async () => {
    const [user] = demoUsers
    if (!user) throw new Error('no demo user')
    const agent = new Agent()
    const page = await signIn(agent, `${app}/deep/link?a=1&b=2`, user)
    expect(page.status).toBe(200)
    expect(page.url).toBe(`${app}/deep/link?a=1&b=2`)
    expect(page.text).toContain(`Hello, ${user.name}`)
    expect(agent.cookies.names(app)).toContain('gatehouse')
  })

  it('H-01 overwrites headers a client sends', async () => {
    const [user] = demoUsers
    if (!user) throw new Error('no demo user')
    const agent = new Agent()
    await signIn(agent, app, user)
    const answer = await agent.fetch(`${app}/headers`, {
      headers: { 'x-user-id': 'forged', 'x-user-roles': 'forged', 'x-service-name': 'forged' },
    })
    const headers = new Map(answer.json() as [string, string][])
    expect(headers.get('x-user-id')).toBe(user.id)
    expect(answer.text).not.toContain('forged')
  })

  it('L-14 gives an API caller 401', async () => {
    const answer = await new Agent().fetch(`${app}/`, {
      headers: { accept: 'application/json', 'sec-fetch-mode': undefined },
    })
    expect(answer.status).toBe(401)
    expect(answer.headers.getSetCookie()).toEqual([])
  })
})
