import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recipe } from '../../src/cli/recipes/recipes.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import { docker } from './support/docker.ts'

const names = { identity: [...identityHeaderNames, 'remote-user', 'x-dept'], passesToken: true }
const printed = (proxy: string) => recipe(proxy, names) ?? ''

/** The action that the script of the recipe registers, and that HAProxy has to know of. */
const luaAction = `core.register_action("auth-request", { "http-req" }, function() end, 2)`

describe('each recipe is a configuration that its proxy takes', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-e2e-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Runs the proxy's own check on files at `/recipe/`; rejects with what it says against them. */
  async function check(image: string, files: Record<string, string>, ...command: string[]) {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const hosts = ['--add-host', 'gatehouse:127.0.0.1', '--add-host', 'app:127.0.0.1']
    return docker('run', '--rm', ...hosts, '-v', `${folder}:/recipe:ro`, image, ...command)
  }

  it('nginx', async () => {
    const conf = `events {}\nhttp {\n${printed('nginx')}\n}`
    const said = check('nginx:1', { 'nginx.conf': conf }, 'nginx', '-t', '-c', '/recipe/nginx.conf')
    await expect(said).resolves.toBeDefined()
  })

  it('Caddy', async () => {
    const command = ['caddy', 'validate', '--adapter', 'caddyfile', '--config', '/recipe/Caddyfile']
    const said = await check('caddy:2', { Caddyfile: printed('caddy') }, ...command)
    expect(said).toContain('Valid configuration')
  })

  it('HAProxy', async () => {
    const defaults = ['client', 'server', 'connect'].map((name) => `    timeout ${name} 5s`)
    const head = ['global', '    lua-load /recipe/action.lua', 'defaults', ...defaults]
    const conf = printed('haproxy').replace('frontend apps', 'frontend apps\n    bind :8080')
    const files = { 'action.lua': luaAction, 'haproxy.cfg': `${head.join('\n')}\n${conf}\n` }
    const said = await check(
      'haproxy:3.0',
      files,
      'haproxy',
      '-c',
      '-V',
      '-f',
      '/recipe/haproxy.cfg',
    )
    expect(said).toContain('Configuration file is valid')
  })
})
