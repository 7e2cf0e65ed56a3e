import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { loadSettings } from '../../src/config/load.ts'
import { Agent } from '../support/agent.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { type AskingProxy, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { environmentBeside, serveGateway } from '../support/served-gateway.ts'

const [alice, lukasz] = demoUsers as readonly [User, User]
const program = { Accept: '*/*' }

let site: TestGateway
const app = (more = '') =>
  `apps: { app: { hosts: ["localhost:${new URL(site.url).port}"] ${more} } }`

beforeAll(async () => {
  site = await startTestGateway({
    file: (url) => `apps: { app: { hosts: ["${new URL(url).host}"] } }`,
  })
})
afterAll(() => site[Symbol.asyncDispose]())

/** Takes over a file, and an allow list where one is given. */
function reload(file: string, allow?: string) {
  const env = { ...site.env, CONFIG_FILE: file, ...(allow && { ALLOW_FILE: allow }) }
  site.gateway.reload(loadSettings(env, (text) => text))
}

async function ready() {
  const answer = await fetch(`${site.gateway.opsOrigin}/readyz`)
  const { checks } = (await answer.json()) as { checks: { configuration: unknown } }
  return [answer.status, checks.configuration]
}

describe('a changed file', () => {
  test('counts from the next request on, also for who is signed in', async () => {
    const { agent } = await site.signIn(lukasz)
    const admin = (await site.signIn(alice)).agent
    expectPass(await site.validateAs(agent))
    reload(app(', allow: [role:admin]'))
    expectRefusal(await site.validateAs(agent, program), 'forbidden')
    expectPass(await site.validateAs(admin))
    reload(app())
    expectPass(await site.validateAs(agent))
  })

  test('brings and takes hosts, headers and tokens', async () => {
    const { agent } = await site.signIn(alice)
    reload(app(', headers: [x-webauth, { X-Mail: email }], token: access'))
    const { headers } = await site.validateAs(agent)
    expect(headers).toMatchObject({ 'x-webauth-user': 'alice', 'x-mail': 'alice@example.com' })
    expect(headers.authorization).toMatch(/^Bearer ./)
    expectRefusal(
      await site.validateAs(agent, { X_Mail: 'x', ...program }),
      'bad_forwarded_request',
    )
    const other = { 'X-Forwarded-Host': 'other.localhost', ...program }
    expectRefusal(await site.validate(other), 'unknown_host')
    reload(app())
    expect((await site.validateAs(agent)).headers).not.toHaveProperty('x-mail')
    expect((await site.validateAs(agent, { X_Mail: 'x' })).status).toBe(200)
  })

  test('brings and takes claims from the next sign-in on', async () => {
    reload(`headers: { X-Given: claims.preferred_username }\n${app()}`)
    const { agent } = await site.signIn(alice)
    expect((await site.validateAs(agent)).headers['x-given']).toBe('alice')
    reload(app())
  })

  test('H-12 an allow list that changes ends what it no longer admits at the refresh', async () => {
    const { agent } = await site.signIn(lukasz)
    reload(app(), 'role:admin')
    expectRefusal(await site.validateAs(agent, program), 'forbidden')
    site.clock.advance(301_000)
    expectRefusal(await site.validateAs(agent, program), 'session_expired')
    const { answer } = await site.signIn(lukasz)
    expect([answer.status, answer.text.includes('not_allowed')]).toEqual([403, true])
    reload(app())
  })

  test('brings a provider, and one that is gone ends its sessions at the refresh', async () => {
    const more = `providers: { other: { issuer: "http://localhost:1", client_id: x, client_auth: none } }\n`
    reload(more + app())
    const page = await new Agent().fetch(`${site.url}/auth/login`)
    expect(page.text).toContain('provider=other')
    expect(await ready()).toEqual([503, { ok: true }])
    reload(app())
    expect((await new Agent().fetch(`${site.url}/auth/login`)).status).toBe(302)
    expect(await ready()).toEqual([200, { ok: true }])
  })
})

describe('F-15 a bad file', () => {
  test('F-15 leaves the former one in force, and says so everywhere', async () => {
    reload(app(', allow: [role:admin]'))
    const { agent } = await site.signIn(lukasz)
    for (const bad of ['apps: [', 'apps: {}', app(', tokn: x'), app(', allow: [nobody]')]) {
      reload(bad)
      expectRefusal(await site.validateAs(agent, program), 'forbidden')
      expectPass(await site.validateAs((await site.signIn(alice)).agent))
    }
    const [status, configuration] = await ready()
    expect([status, configuration]).toEqual([
      200,
      { ok: true, problem: expect.stringContaining('apps.app.allow: "nobody" is none of') },
    ])
    expect(site.log.filter(({ event }) => event === 'reload_refused').at(-1)).toMatchObject({
      level: 'error',
      problems: [expect.stringContaining('apps.app.allow')],
    })
    const metrics = await (await fetch(`${site.gateway.opsOrigin}/metrics`)).text()
    expect(metrics).toContain('gatehouse_reloads_total{outcome="refused"} 4')
    reload(app())
    expect(await ready()).toEqual([200, { ok: true }])
    expectPass(await site.validateAs(agent))
  })

  test('F-15 no request is dropped while files change', async () => {
    const { agent } = await site.signIn(alice)
    const asking: ReturnType<AskingProxy['validate']>[] = []
    for (let i = 0; i < 200; i += 1) {
      asking.push(site.validateAs(agent))
      if (i % 10 === 0) reload(i % 20 === 0 ? app(', headers: [x-user, remote]') : 'apps: {}')
      if (i % 50 === 0) await Promise.all(asking)
    }
    const statuses = (await Promise.all(asking)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})

test('the process takes over its file when it changes, and not a bad one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  const file = join(folder, 'gatehouse.yaml')
  const reloads = async (served: { opsOrigin: string }) =>
    (await (await fetch(`${served.opsOrigin}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith('gatehouse_reloads_total'))
  try {
    await writeFile(file, app())
    const store = `sqlite:${join(folder, 'gatehouse.db')}`
    const env = { ...environmentBeside(site), CONFIG_FILE: file, STORE_URL: store }
    await using served = await serveGateway(env)
    await writeFile(file, app(', allow: [role:admin]'))
    await expect.poll(served.output, { timeout: 10_000 }).toContain('"event":"reload"')
    await writeFile(file, app(', alow: []'))
    await expect.poll(served.output, { timeout: 10_000 }).toContain('did you mean allow?')
    expect(await reloads(served)).toEqual([
      'gatehouse_reloads_total{outcome="ok"} 1',
      'gatehouse_reloads_total{outcome="refused"} 1',
    ])
    expect(await served.stop('SIGTERM')).toBe(0)
  } finally {
    await rm(folder, { recursive: true })
  }
})
