import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { type DatabaseFile, databaseFile } from '../../support/database-file.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'

let file: DatabaseFile
let site: TestGateway
/** Another program that has the database open. */
let other: DatabaseSync
let agent: Agent

beforeEach(async () => {
  file = await databaseFile()
  site = await startTestGateway({ env: { STORE_URL: file.url } })
  agent = (await site.signIn()).agent
  other = file.open()
})
afterEach(async () => {
  other.close()
  await site[Symbol.asyncDispose]()
  await file[Symbol.asyncDispose]()
})

const program = { accept: 'application/json' }
const post = { method: 'POST', headers: program }

/** The tables are not where they were: every read and every write fails. */
const takeAway = () =>
  other.exec('ALTER TABLE sessions RENAME TO away; ALTER TABLE probe RENAME TO probed')
const bringBack = () =>
  other.exec('ALTER TABLE away RENAME TO sessions; ALTER TABLE probed RENAME TO probe')

/** Whatever was learnt before has to be read again. */
const untrusted = () => site.clock.advance(60_001)

describe('F-10 a store that cannot be read', () => {
  test('F-10 503, no sign-in, the cookie is kept, and afterwards the session is there', async () => {
    takeAway()
    untrusted()
    const page = await site.validateAs(agent)
    expect([page.status, page.headers['retry-after']]).toEqual([503, '5'])
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers).not.toHaveProperty('location')
    expect(page.headers).not.toHaveProperty('set-cookie')
    const answer = await site.validateAs(agent, program)
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'store_unavailable'])
    expect(answer.body).not.toMatch(/gatehouse\.db|no such table/)

    bringBack()
    const passed = await site.validateAs(agent)
    expect([passed.status, passed.headers['x-username']]).toEqual([200, 'alice'])
  })

  test.each([
    ['GET', '/auth/session'],
    ['GET', '/session'],
    ['POST', '/auth/session/refresh'],
    ['GET', '/auth/login'],
    ['GET', '/auth/continue-signin'],
    ['GET', '/auth/logout'],
    ['POST', '/auth/logout'],
    ['GET', '/auth/'],
    ['POST', '/auth/sessions/end'],
  ])('F-10 %s %s: 503 store_unavailable, and the cookie is kept', async (method, path) => {
    takeAway()
    untrusted()
    const answer = await agent.fetch(site.url + path, { method, headers: program })
    expect([answer.status, answer.json()]).toMatchObject([503, { code: 'store_unavailable' }])
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(answer.headers.getSetCookie()).toEqual([])
    bringBack()
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('F-10 whoever has no session is sent to sign in as ever', async () => {
    takeAway()
    expect((await site.validate()).status).toBe(302)
    expect((await new Agent().fetch(`${site.url}/auth/login`)).status).toBe(302)
  })

  test('F-10 a logout token may come again', async () => {
    takeAway()
    const page = await agent.fetch(`${site.idp.issuer}/demo`)
    const session = /name="session" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    await agent.fetch(`${site.idp.issuer}/demo`, { form: { session } })
    expect(site.log.filter(({ event }) => event === 'request').at(-1)).toMatchObject({
      path: '/auth/backchannel-logout',
      status: 503,
    })
    expect(other.prepare('SELECT count(*) AS n FROM marks WHERE name NOT LIKE ?').get('')).toEqual({
      n: 1,
    })
  })

  test('F-10 the gateway is not ready, and ready again', async () => {
    const ready = async () => (await fetch(`${site.gateway.opsOrigin}/readyz`)).status
    expect(await ready()).toBe(200)
    takeAway()
    expect(await ready()).toBe(503)
    expect((await fetch(`${site.gateway.opsOrigin}/livez`)).status).toBe(200)
    bringBack()
    expect(await ready()).toBe(200)
  })
})

describe('F-10 a store that cannot be written', () => {
  const locked = async (work: () => Promise<void>) => {
    other.exec('BEGIN IMMEDIATE')
    try {
      await work()
    } finally {
      other.exec('ROLLBACK')
    }
  }

  test('F-10 locked: sessions pass, also those not in memory', async () => {
    await locked(async () => {
      expect((await site.validateAs(agent)).status).toBe(200)
      untrusted()
      expect((await site.validateAs(agent)).status).toBe(200)
    })
  })

  test('F-10 locked: sign-in is 503, and works afterwards', async () => {
    const browser = new Agent()
    const url = await callbackUrl(browser, `${site.url}/auth/login?return_to=/page`)
    const redeemed = site.idp.requests.filter(({ path }) => path === '/token').length
    await locked(async () => {
      const end = await browser.fetch(url)
      expect([end.status, end.headers.get('retry-after')]).toEqual([503, '5'])
      expect(end.headers.getSetCookie()).toEqual([])
      // Nothing was redeemed that could not be kept.
      expect(site.idp.requests.filter(({ path }) => path === '/token')).toHaveLength(redeemed)
    })
    const end = await browser.fetch(url)
    expect([end.status, end.headers.get('location')]).toEqual([302, `${site.url}/page`])
  })

  test.each([
    ['GET', '/auth/logout', ''],
    ['POST', '/auth/logout', ''],
    ['GET', '/auth/continue-signin', ''],
    ['POST', '/auth/sessions/end', '{"all":true}'],
  ])('F-10 locked: %s %s is 503, says so, and the session lives on', async (method, path, body) => {
    await locked(async () => {
      const answer = await agent.fetch(site.url + path, {
        method,
        headers: { ...program, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body }),
      })
      expect([answer.status, answer.json()]).toMatchObject([503, { code: 'store_unavailable' }])
      expect(answer.headers.getSetCookie()).toEqual([])
      expect((await site.validateAs(agent)).status).toBe(200)
    })
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('F-10 locked: a refresh that is due is put off, and nothing is redeemed', async () => {
    site.clock.advance(250_000)
    const redeemed = site.idp.requests.filter(({ path }) => path === '/token').length
    await locked(async () => {
      expect((await site.validateAs(agent)).status).toBe(200)
    })
    expect(site.idp.requests.filter(({ path }) => path === '/token')).toHaveLength(redeemed)
    expect((await agent.fetch(`${site.url}/auth/session/refresh`, post)).status).toBe(200)
  })

  test('F-10 full: sign-in is 503, and sessions pass', async () => {
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON sessions
      BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
    const browser = new Agent()
    const end = await browser.fetch(await callbackUrl(browser, `${site.url}/auth/login`))
    expect(end.status).toBe(503)
    expect(end.text).not.toContain('disk')
    expect(browser.cookies.get(site.url, 'gatehouse')).toBeUndefined()
    expect((await site.validateAs(agent)).status).toBe(200)
    other.exec('DROP TRIGGER full')
    const again = await browser.fetch(await callbackUrl(browser, `${site.url}/auth/login`))
    expect(again.status).toBe(302)
  })
})

describe('F-11 a store that lost something', () => {
  const refusal = async () => {
    untrusted()
    const { status, body } = await site.validateAs(agent, program)
    return [status, JSON.parse(body).code]
  }

  test('F-11 everything: 401, and a new sign-in passes', async () => {
    other.exec('DELETE FROM sessions')
    expect(await refusal()).toEqual([401, 'session_expired'])
    expect((await site.validateAs(agent)).status).toBe(302)
    await site.signIn(undefined, agent)
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test.each([
    ['empty', "''"],
    ['no seal', "'garbage'"],
    ['cut', 'substr(sealed, 1, 40)'],
    ['altered', "replace(sealed, substr(sealed, 60, 1), '_')"],
    ['too long', "sealed || 'AAAA'"],
  ])('F-11 a record that is %s: 401, no 5xx', async (_name, expression) => {
    other.exec(`UPDATE sessions SET sealed = ${expression}`)
    expect(await refusal()).toEqual([401, 'session_expired'])
    const answer = await agent.fetch(`${site.url}/auth/session`, { headers: program })
    expect(answer.status).toBe(401)
  })

  test('F-11 a record of another secret: 401', async () => {
    await using elsewhere = await startTestGateway({
      env: { STORE_URL: file.url, SESSION_SECRET: 'Q3kVbN8yXr2mWz7cTf5gHj1pLs9dAu4E' },
    })
    const cookie = agent.cookies.header(new URL(site.url))
    const answer = await elsewhere.validate({ Cookie: cookie, ...program })
    expect(answer.status).toBe(401)
  })
})

describe('F-16 when the store is back', () => {
  test('F-16 the next request passes', async () => {
    for (let outage = 0; outage < 3; outage += 1) {
      takeAway()
      untrusted()
      expect((await site.validateAs(agent)).status).toBe(503)
      bringBack()
      expect((await site.validateAs(agent)).status).toBe(200)
    }
  })
})
