import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Agent } from '../support/agent.ts'
import { fillKeycloakForm, launchBrowser } from './support/browser.ts'
import { docker } from './support/docker.ts'
import { administer, signedIn, userId } from './support/keycloak.ts'
import { signOutAt, validateAt } from './support/replica.ts'
import { app, container, keycloak } from './support/stack.ts'
import { until } from './support/until.ts'

const valkeyCli = (...args: string[]) => docker('exec', container('valkey'), 'valkey-cli', ...args)

/** Both replicas have seen the session, so that both hold it in memory. */
async function knownToBoth(agent: Agent): Promise<void> {
  expect((await validateAt(0, agent)).status).toBe(200)
  expect((await validateAt(1, agent)).status).toBe(200)
}

async function refusedWithin(deadlineMs: number, replica: 0 | 1, agent: Agent): Promise<void> {
  const answer = await until(
    `replica ${replica} refuses the session`,
    async () => {
      const answer = await validateAt(replica, agent)
      return answer.status !== 200 && answer
    },
    deadlineMs,
  )
  expect(answer.status).toBe(401)
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'session_expired' })
}

describe('sign-out at one of two replicas', () => {
  it('C-09 O-11 ends the session at once there and within 1 s at the other', async () => {
    const agent = await signedIn('anna', app)
    await knownToBoth(agent)
    expect((await signOutAt(0, agent)).status).toBe(200)
    expect((await validateAt(0, agent)).status).toBe(401)
    await refusedWithin(1000, 1, agent)
  })

  it('O-11 ends no other session of the same user', async () => {
    const [first, second] = [await signedIn('anna', app), await signedIn('anna', app)]
    await knownToBoth(second)
    await signOutAt(0, first)
    await refusedWithin(1000, 1, first)
    await knownToBoth(second)
  })

  describe('while no replica hears the other', () => {
    afterEach(() => valkeyCli('ACL', 'SETUSER', 'default', '+@all'))

    it('O-11 ends the session within 1 s at the other', async () => {
      const agent = await signedIn('anna', app)
      await knownToBoth(agent)
      await valkeyCli('ACL', 'SETUSER', 'default', '-subscribe', '-psubscribe', '-ssubscribe')
      await valkeyCli('CLIENT', 'KILL', 'TYPE', 'pubsub')
      expect((await signOutAt(0, agent)).status).toBe(200)
      await refusedWithin(1000, 1, agent)
    })

    it('O-11 keeps those signed in who did not sign out, and the link comes back', async () => {
      const agent = await signedIn('bob', app)
      await valkeyCli('ACL', 'SETUSER', 'default', '-subscribe', '-psubscribe', '-ssubscribe')
      await valkeyCli('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await knownToBoth(agent)
      await valkeyCli('ACL', 'SETUSER', 'default', '+@all')
      await until('both replicas listen again', async () => {
        const links = await valkeyCli('CLIENT', 'LIST', 'TYPE', 'pubsub')
        return links.match(/ sub=[1-9]/g)?.length === 2
      })
      await knownToBoth(agent)
      await signOutAt(1, agent)
      await refusedWithin(1000, 0, agent)
    })
  })
})

describe('sign-out and Keycloak', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser.close())

  it('O-08 an administrator who signs a user out there ends the sessions here', async () => {
    const [bob, anna] = [await signedIn('bob', app), await signedIn('anna', app)]
    await knownToBoth(bob)
    await administer('POST', `/users/${await userId('bob')}/logout`)
    await refusedWithin(5000, 0, bob)
    await refusedWithin(1000, 1, bob)
    await knownToBoth(anna)
  })

  it('O-12 a browser that signs out here is asked for its password again', async () => {
    const page = await browser.newPage()
    await page.goto(app)
    await fillKeycloakForm(page, 'anna')
    await page.waitForURL(`${app}/`)
    await page.click('text=Sign out')
    await page.waitForURL(/\/auth\/logged-out/)
    await page.goto(app)
    expect(new URL(page.url()).origin).toBe(keycloak)
    expect(await page.isVisible('#password')).toBe(true)
    await page.close()
  })
})
