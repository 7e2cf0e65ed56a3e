import { expect, test } from 'vitest'
import { Agent } from '../support/agent.ts'
import { startTestGateway } from '../support/gateway.ts'

test('a browser is sent to sign in, comes back to the page it asked for, and passes', async () => {
  await using site = await startTestGateway()
  const refused = await site.validate()
  expect(refused.status).toBe(302)
  const back = `${site.url}/page?x=1`
  expect(refused.headers.location).toBe(
    `${site.url}/auth/login?return_to=${encodeURIComponent(back)}`,
  )
  const { agent, answer } = await site.signIn()
  expect(answer.url).toBe(`${site.url}/page`)
  const passed = await site.validateAs(agent)
  expect(passed.status).toBe(200)
  expect(passed.headers).toMatchObject({
    'x-user-id': '5f2c1c1e-0a6b-4a3e-9b57-1d7f0c7a0001',
    'x-user-roles': 'admin,user',
    'x-auth-kind': 'user',
    'x-auth-source': 'session',
    'x-auth-provider': 'default',
  })
})

test('refresh renews the tokens in the background, redeeming the refresh token once', async () => {
  await using site = await startTestGateway()
  const { agent } = await site.signIn()
  await site.validateAs(agent)
  site.clock.advance(250_000)
  const answers = await Promise.all(Array.from({ length: 50 }, () => site.validateAs(agent)))
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
  await expect.poll(() => site.log.filter(({ event }) => event === 'refresh').length).toBe(1)
  const redeemed = site.idp.requests.filter(({ path }) => path === '/token')
  expect(redeemed).toHaveLength(2)
})

test('signing out ends the session and goes on to the provider', async () => {
  await using site = await startTestGateway()
  const { agent } = await site.signIn()
  const cookie = agent.cookies.header(new URL(site.url))
  const out = await agent.fetch(`${site.url}/auth/logout`)
  expect(out.status).toBe(302)
  expect(out.headers.get('location')).toContain(`${site.idp.issuer}/session/end`)
  const after = await site.validate({ Cookie: cookie, Accept: 'application/json' })
  expect(after.status).toBe(401)
  expect(JSON.parse(after.body).code).toBe('session_expired')
  expect(new Agent().cookies.names(site.url)).toEqual([])
})
