import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { recipe } from '../../src/cli/recipes/recipes.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import { docker, logs } from './support/docker.ts'
import { runName } from './support/run-name.ts'
import { until } from './support/until.ts'

const names = { identity: [...identityHeaderNames, 'remote-user', 'x-dept'], passesToken: true }
const printed = (proxy: string) => recipe(proxy, names) ?? ''

const container = runName('recipe')

const script = new URL('../../deploy/haproxy/gatehouse.lua', import.meta.url)

/** Traefik looks at a middleware only where a router uses it. */
const routers = ['gatehouse', 'gatehouse-token'].map(
  (name) => `    ${name}:
      rule: Host(\`${name}.example.com\`)
      middlewares: [${name}]
      service: app`,
)
const services = `  services:
    app:
      loadBalancer:
        servers: [{ url: "http://app:80" }]`

describe('each recipe is a configuration that its proxy takes', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'))
    // Some images run as a user of their own, who has to read it.
    await chmod(folder, 0o755)
  })
  afterEach(() => docker('rm', '-fv', container))
  afterAll(() => rm(folder, { recursive: true }))

  /** Starts a proxy on files at `/recipe/`, without pulling its image. */
  async function start(image: string, files: Record<string, string>, ...command: string[]) {
    await docker('image', 'inspect', image).catch(() => {
      throw new Error(`the image ${image} is missing: docker pull ${image}`)
    })
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const hosts = ['--add-host', 'gatehouse:127.0.0.1', '--add-host', 'app:127.0.0.1']
    const options = ['--pull', 'never', ...hosts, '-v', `${folder}:/recipe:ro`]
    await docker('run', '-d', '--name', container, ...options, image, ...command)
  }

  /** Runs the proxy's own check to its end: its exit code, and what it said. */
  async function check(image: string, files: Record<string, string>, ...command: string[]) {
    await start(image, files, ...command)
    const code = await docker('wait', container)
    return { code, said: await logs(container) }
  }

  it('Traefik', async () => {
    const [file] = printed('traefik').split('\n---')
    const dynamic = [file, '  routers:', ...routers, services].join('\n')
    const options = [
      '--providers.file.filename=/recipe/dynamic.yml',
      '--entrypoints.web.address=:80',
    ]
    const log = ['--log.level=DEBUG', '--log.format=json']
    await start('traefik:v3.6', { 'dynamic.yml': dynamic }, ...options, ...log)
    const lines = await until('Traefik has made both middlewares', async () => {
      const all = (await logs(container)).split('\n')
      const made = (name: string) =>
        all.some((line) => line.includes(`"${name}@file"`) && line.includes('Creating middleware'))
      const failed = all.some((line) => line.includes('"level":"error"'))
      return (failed || (made('gatehouse') && made('gatehouse-token'))) && all
    })
    expect(lines.filter((line) => /"level":"(?:error|fatal)"/.test(line))).toEqual([])
  })

  it('nginx', async () => {
    const conf = `events {}\nhttp {\n${printed('nginx')}\n}`
    const command = ['nginx', '-t', '-c', '/recipe/nginx.conf']
    const result = await check('nginx:1', { 'nginx.conf': conf }, ...command)
    expect(result).toEqual({ code: '0', said: expect.stringContaining('test is successful') })
    expect(result.said).not.toContain('[warn]')
  })

  it('Caddy', async () => {
    const command = ['caddy', 'validate', '--adapter', 'caddyfile', '--config', '/recipe/Caddyfile']
    const result = await check('caddy:2', { Caddyfile: printed('caddy') }, ...command)
    expect(result).toEqual({ code: '0', said: expect.stringContaining('Valid configuration') })
  })

  it('HAProxy', async () => {
    const front = 'frontend apps from web\n    bind :8080\n    default_backend app'
    const conf = printed('haproxy').replace('/usr/local/etc/haproxy/', '/recipe/')
    const files = {
      'gatehouse.lua': await readFile(script, 'utf8'),
      'haproxy.cfg': `${conf}\n\n${front}\n`,
    }
    const command = ['haproxy', '-c', '-V', '-f', '/recipe/haproxy.cfg']
    const result = await check('haproxy:3.0', files, ...command)
    expect(result).toEqual({
      code: '0',
      said: expect.stringContaining('Configuration file is valid'),
    })
  })
})
