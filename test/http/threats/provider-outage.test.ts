import { expect, test } from 'vitest'
import { Agent } from '../../support/agent.ts'
import { startTestGateway } from '../../support/gateway.ts'

test('F-03 a provider that goes down later: sign-in is 503, who is signed in passes, and it recovers', async () => {
  await using site = await startTestGateway()
  const { agent } = await site.signIn()
  site.idp.intercept = (_request, response) => {
    response.writeHead(502).end()
    return 'handled'
  }
  site.clock.advance(6_000)
  const refused = await new Agent().fetch(`${site.url}/auth/login?return_to=/page`)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('5')
  expect(refused.headers.get('location')).toBeNull()
  expect((await site.validateAs(agent)).status).toBe(200)
  site.idp.intercept = undefined
  site.clock.advance(3_000)
  const sent = await new Agent().fetch(`${site.url}/auth/login?return_to=/page`)
  expect(sent.status).toBe(302)
  expect(sent.headers.get('location')).toContain(site.idp.issuer)
})
