import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { databaseFile } from '../../support/database-file.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { hold } from '../../support/hold.ts'
import { environmentBeside, serveGateway } from '../../support/served-gateway.ts'

const program = { accept: 'application/json' }

test('F-07 killed after the provider rotated, before the write: that browser signs in again, no more', async () => {
  await using file = await databaseFile()
  await using site = await startTestGateway({ env: { STORE_URL: file.url } })
  const { agent } = await site.signIn()
  const { agent: other } = await site.signIn()
  const served = await serveGateway({ ...environmentBeside(site), STORE_URL: file.url })
  const ended = Promise.withResolvers<number | NodeJS.Signals>()
  site.idp.alter = async (path, body) => {
    // The provider has rotated, and its answer never arrives.
    if (path === '/token') ended.resolve(await served.stop('SIGKILL'))
    return body
  }
  const cookie = agent.cookies.header(new URL(site.url))
  await fetch(`${served.origin}/auth/session/refresh`, {
    method: 'POST',
    headers: { ...program, cookie },
  }).catch(() => {})
  expect(await ended.promise).toBe('SIGKILL')
  site.idp.alter = undefined

  expect((await site.validateAs(agent)).status).toBe(200)
  // Its lease frees after ten seconds.
  site.clock.advance(10_000)
  const refresh = { method: 'POST', headers: program }
  expect((await agent.fetch(`${site.url}/auth/session/refresh`, refresh)).status).toBe(401)
  expect((await other.fetch(`${site.url}/auth/session/refresh`, refresh)).status).toBe(200)
  const again = await agent.follow(`${site.url}/auth/login?return_to=/page`)
  expect(again.url).toBe(`${site.url}/page`)
  expect((await site.validateAs(agent)).status).toBe(200)
})

test('F-07 killed and started again: nobody is signed out', async () => {
  await using file = await databaseFile()
  await using site = await startTestGateway({ env: { STORE_URL: file.url } })
  const agents = await Promise.all(
    Array.from({ length: 5 }, async () => (await site.signIn()).agent),
  )
  const env = { ...environmentBeside(site), STORE_URL: file.url }
  const sessions = (origin: string) =>
    Promise.all(
      agents.map(async (agent) => {
        const cookie = agent.cookies.header(new URL(site.url))
        return (await fetch(`${origin}/auth/session`, { headers: { ...program, cookie } })).status
      }),
    )
  const served = await serveGateway(env)
  expect(await sessions(served.origin)).toEqual(Array(5).fill(200))
  await served.stop('SIGKILL')
  await using again = await serveGateway(env)
  expect(await sessions(again.origin)).toEqual(Array(5).fill(200))
})

test('F-14 SIGTERM: what is in flight finishes, new requests are refused, the exit code is 0', async () => {
  await using file = await databaseFile()
  await using site = await startTestGateway({ env: { STORE_URL: file.url } })
  await using served = await serveGateway({ ...environmentBeside(site), STORE_URL: file.url })
  const agent = new Agent()
  const back = await callbackUrl(agent, `${site.url}/auth/login?return_to=/page`)
  const held = hold(site.idp, '/token')
  const cookie = agent.cookies.header(new URL(site.url))
  const ending = fetch(served.origin + back.pathname + back.search, {
    headers: { cookie },
    redirect: 'manual',
  })
  await held.arrived

  const exit = served.stop('SIGTERM')
  await untilRefused(served.origin)
  held.release()
  const end = await ending
  expect([end.status, end.headers.get('location')]).toEqual([302, `${site.url}/page`])
  expect(await exit).toBe(0)

  const [setCookie = ''] = end.headers.getSetCookie().filter((line) => /^gatehouse=/.test(line))
  const passed = await site.validate({ Cookie: setCookie.split(';', 1)[0] })
  expect(passed.status).toBe(200)
})

test('F-14 SIGTERM among sign-outs: none that was answered is lost', async () => {
  await using file = await databaseFile()
  await using site = await startTestGateway({ env: { STORE_URL: file.url } })
  const served = await serveGateway({ ...environmentBeside(site), STORE_URL: file.url })
  const agents = await Promise.all(
    Array.from({ length: 20 }, async () => (await site.signIn()).agent),
  )
  const outs = agents.map((agent) =>
    fetch(`${served.origin}/auth/logout`, {
      method: 'POST',
      headers: { ...program, cookie: agent.cookies.header(new URL(site.url)) },
    })
      .then(({ status }) => status)
      .catch(() => 0),
  )
  await Promise.any(outs)
  expect(await served.stop('SIGTERM')).toBe(0)
  const statuses = await Promise.all(outs)
  expect(statuses).toContain(200)
  for (const [index, agent] of agents.entries()) {
    const { status } = await site.validateAs(agent, program)
    if (statuses[index] === 200) expect(status).toBe(401)
    else expect([0, 503]).toContain(statuses[index])
  }
})

async function untilRefused(origin: string): Promise<void> {
  const { hostname, port } = new URL(origin)
  for (;;) {
    const socket = connect({ host: hostname, port: Number(port) })
    const refused = await Promise.race([
      once(socket, 'connect').then(() => false),
      once(socket, 'error').then(() => true),
    ]).catch(() => true)
    socket.destroy()
    if (refused) return
  }
}
