import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { demoUsers } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { signIn } from '../support/sign-in.ts'
import { docker, isHealthy, logs } from './support/docker.ts'
import { freePort } from './support/free-port.ts'
import { startGateway } from './support/gateway.ts'
import { startLocalProvider, tokenRequests } from './support/local-provider.ts'
import { runName } from './support/run-name.ts'
import { stack } from './support/stack.ts'
import { until } from './support/until.ts'

const name = runName('image')
const volume = `${name}-data`
const settings = [
  ...['--env', 'PUBLIC_URL=http://auth.gatehouse.localhost:8000'],
  ...['--env', 'OIDC_ISSUER=http://idp.gatehouse.localhost', '--env', 'OIDC_CLIENT_ID=gatehouse'],
  ...['--env', 'OIDC_CLIENT_SECRET=secret'],
  ...['--env', 'SESSION_SECRET=a session secret for the end-to-end tests'],
]

afterEach(async () => {
  await docker('rm', '--force', '--volumes', name).catch(() => {})
  await docker('volume', 'rm', '--force', volume)
})

describe('the image', () => {
  it('adds at most 40 MB to its base', async () => {
    const dockerfile = await readFile(new URL('../../Dockerfile', import.meta.url), 'utf8')
    const base = dockerfile.match(/^FROM (\S+)$/m)?.[1] ?? ''
    const size = async (image: string) =>
      Number(await docker('image', 'inspect', '-f', '{{.Size}}', image))
    expect((await size(stack.image)) - (await size(base))).toBeLessThanOrEqual(40_000_000)
  })

  it('runs as nobody in particular on a read-only root, gets healthy, and stops with 0', async () => {
    await docker(
      'run',
      '--detach',
      '--name',
      name,
      '--read-only',
      '--cap-drop',
      'ALL',
      '--volume',
      `${volume}:/data`,
      ...settings,
      stack.image,
    )
    await until('the container is healthy', () => isHealthy(name))
    expect(await docker('exec', name, 'id', '-u')).toBe('1000')
    expect(await docker('exec', name, 'stat', '-c', '%u', '/data/gatehouse.db')).toBe('1000')
    await docker('stop', name)
    expect(await docker('inspect', '-f', '{{.State.ExitCode}}', name)).toBe('0')
  })

  it('says what to do where it cannot write to /data', async () => {
    const { code, output } = await runToEnd('--read-only', ...settings, stack.image)
    expect(code).not.toBe(0)
    expect(output).toContain('/data')
    expect(output).toMatch(/STORE_URL/)
    expect(output).toMatch(/1000/)
  })

  it('names every setting it lacks', async () => {
    const { code, output } = await runToEnd(stack.image)
    expect(code).toBe(78)
    for (const setting of ['PUBLIC_URL', 'SESSION_SECRET']) expect(output).toContain(setting)
  })

  it('F-14 finishes what is in flight on SIGTERM', async () => {
    const port = await freePort()
    const origin = `http://auth.gatehouse.localhost:${port}`
    await using provider = await startLocalProvider(origin)
    await using gateway = await startGateway('drain', port, {
      PUBLIC_URL: origin,
      OIDC_ISSUER: provider.issuer,
    })
    let stopped: Promise<string> | undefined
    provider.intercept = async ({ url }): Promise<'pass'> => {
      if (url === '/token') {
        stopped = docker('stop', gateway.getId())
        await delay(3000)
      }
      return 'pass'
    }
    const [user] = demoUsers
    if (!user) throw new Error('no demo user')
    const agent = new Agent()
    // The callback waits for the provider while the container is told to stop; where it leads to
    // nobody answers any more.
    await signIn(agent, `${origin}/auth/`, user).catch(() => {})
    expect(tokenRequests(provider)).toBe(1)
    expect(agent.cookies.get(origin, 'gatehouse')).toBeDefined()
    await stopped
    expect(await docker('inspect', '-f', '{{.State.ExitCode}}', gateway.getId())).toBe('0')
  })

  it('runs the demo', async () => {
    const port = await freePort(8080)
    const url = `http://localhost:${port}`
    await docker(
      'run',
      '--detach',
      '--name',
      name,
      '--read-only',
      '--publish',
      `127.0.0.1:${port}:8080`,
      '--env',
      `PUBLIC_URL=${url}`,
      stack.image,
      'demo',
    )
    await until('the demo is healthy', () => isHealthy(name))
    expect(await logs(name)).toContain(`Open ${url}`)
    const [user] = demoUsers
    if (!user) throw new Error('no demo user')
    const page = await signIn(new Agent(), `${url}/`, user)
    expect(page.status).toBe(200)
    expect(page.text).toContain(`Hello, ${user.name}`)
  })
})

describe('what `gatehouse headers traefik` prints', () => {
  it('is what the files in traefik/ hold', async () => {
    const printed = await docker('run', '--rm', stack.image, 'headers', 'traefik')
    const file = (name: string) =>
      readFile(new URL(`../../traefik/${name}`, import.meta.url), 'utf8')
    const middleware = (await file('gatehouse.yml'))
      .split('\n')
      .filter((line) => !/^(#|$)/.test(line))
    for (const line of middleware) expect(printed.split('\n')).toContain(line)
    const label = /authResponseHeaders: (\S+)/
    expect((await file('docker-compose.yml')).match(label)?.[1]).toBe(printed.match(label)?.[1])
  })
})

/** What a container that ends by itself printed, and its exit code. */
function runToEnd(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const all = ['run', '--rm', '--name', name, ...args]
    execFile('docker', all, { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
    })
  })
}
