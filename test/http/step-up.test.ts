import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { callbackUrl } from '../support/callback-url.ts'
import {
  clientId,
  clientSecret,
  proxyOf,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts'
import { localNames } from '../support/local-names.ts'
import { signToken } from '../support/sign-token.ts'

const [alice] = demoUsers as readonly [User]

let site: TestGateway
let partner: IdentityProvider
/** What the id tokens of the provider say of the sign-in. */
let said: { acr?: string; auth_time?: number }
const host = (name: string) => `${name}.step.localhost:${new URL(site.url).port}`
const auth = () => `http://${host('auth')}`

beforeAll(async () => {
  partner = await startIdentityProvider()
  partner.putClient({
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: ['http://x/'],
  })
  site = await startTestGateway({
    env: (url) => ({
      PUBLIC_URL: url.replace('localhost', 'auth.step.localhost'),
      COOKIE_DOMAIN: 'step.localhost',
    }),
    redirectUris: (url) => [`${url.replace('localhost', 'auth.step.localhost')}/auth/callback`],
    file: () => `
providers:
  partner: { issuer: "${partner.issuer}", client_id: ${clientId}, client_secret: ${clientSecret} }
apps:
  strong: { hosts: [strong.step.localhost], sign_in: { providers: [default], acr: [mfa, phr] } }
  plain: { hosts: [plain.step.localhost], sign_in: { providers: [default] } }
  fresh: { hosts: [fresh.step.localhost], sign_in: { providers: [default], max_age: 15m } }
  partner: { hosts: [partner.step.localhost], sign_in: { providers: [partner] } }
`,
  })
  site.idp.alter = async (path, body) => {
    if (path !== '/token' || typeof body.id_token !== 'string') return body
    const { acr: _acr, auth_time: _time, ...claims } = decodeJwt(body.id_token)
    return { ...body, id_token: await signToken(site.idp.keys.RS256, { ...claims, ...said }) }
  }
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await partner.close()
})
beforeEach(() => {
  said = {}
})

const now = () => Math.floor(site.clock.now() / 1_000)
const login = (name: string) => `${auth()}/auth/login?return_to=http://${host(name)}/page`
const ask = (agent: Agent, name: string, headers: Record<string, string> = {}) =>
  proxyOf(site.gateway, `http://${host(name)}`).validateAs(agent, headers)

async function signedIn(name: string, agent = new Agent(localNames)) {
  const back = await callbackUrl(agent, login(name), alice)
  return { agent, answer: await agent.fetch(back) }
}

describe('an app that asks for a stronger sign-in', () => {
  test('sends a page to sign in again, and the provider is asked for it', async () => {
    const { agent } = await signedIn('plain')
    expect((await ask(agent, 'plain')).status).toBe(200)
    const page = await ask(agent, 'strong')
    expect([page.status, page.headers.location]).toEqual([
      302,
      `${auth()}/auth/login?${new URLSearchParams({ return_to: `http://${host('strong')}/page?x=1` })}`,
    ])
    const start = await agent.fetch(page.headers.location ?? '')
    const asked = new URL(start.headers.get('location') ?? '').searchParams
    expect([asked.get('acr_values'), asked.get('max_age')]).toEqual(['mfa phr', null])
    said = { acr: 'phr' }
    expect((await signedIn('strong', agent)).answer.headers.get('location')).toBe(
      `http://${host('strong')}/page`,
    )
    expect((await ask(agent, 'strong')).status).toBe(200)
    expect((await ask(agent, 'plain')).status).toBe(200)
  })

  test('gives a program the challenge of RFC 9470', async () => {
    const { agent } = await signedIn('plain')
    const answer = await ask(agent, 'strong', { Accept: '*/*' })
    expect(answer.status).toBe(401)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'insufficient_user_authentication',
      error: 'insufficient_user_authentication',
      login_url: expect.stringContaining('/auth/login?'),
    })
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="gatehouse", error="insufficient_user_authentication", error_description="The sign-in does not meet what the app asks for", acr_values="mfa phr"',
    )
  })

  test.each([[{}], [{ acr: 'pwd' }], [{ acr: '' }], [{ acr: 'mfa phr' }]])(
    'is not content with a provider that says %o',
    async (claims) => {
      said = claims
      const { agent, answer } = await signedIn('strong')
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([400, []])
      expect(answer.text).toContain('login_required')
      expect(agent.cookies.get(auth(), 'gatehouse')).toBeUndefined()
    },
  )
})

test('the gateway’s own pages ask for nothing, whatever the first app does', async () => {
  const agent = new Agent(localNames)
  const back = await callbackUrl(agent, `${auth()}/auth/login?provider=default`, alice)
  expect((await agent.fetch(back)).status).toBe(302)
  expect((await ask(agent, 'plain')).status).toBe(200)
  expect((await ask(agent, 'strong')).status).toBe(302)
})

describe('an app that asks for a recent sign-in', () => {
  test('lets pass until it is too old, then asks again', async () => {
    said = { auth_time: now() - 60 }
    const { agent } = await signedIn('fresh')
    expect((await ask(agent, 'fresh')).status).toBe(200)
    site.clock.advance(14 * 60_000 + 29_000)
    expect((await ask(agent, 'fresh')).status).toBe(200)
    site.clock.advance(2_000)
    const answer = await ask(agent, 'fresh', { Accept: '*/*' })
    expect(answer.headers['www-authenticate']).toMatch(/, max_age="900"$/)
    expect((await ask(agent, 'plain')).status).toBe(200)
    const start = await agent.fetch(login('fresh'))
    expect(new URL(start.headers.get('location') ?? '').searchParams.get('max_age')).toBe('900')
  })

  test.each([
    ['nothing', () => ({})],
    ['a sign-in of an hour ago', () => ({ auth_time: now() - 3_600 })],
  ])('is not content with a provider that says %s', async (_what, claims) => {
    said = claims()
    const { answer } = await signedIn('fresh')
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('login_required')
  })
})

test('an app of one provider offers no other, and takes no session of another', async () => {
  const { agent } = await signedIn('plain')
  expect((await ask(agent, 'partner', { Accept: '*/*' })).status).toBe(401)
  const start = await agent.fetch(login('partner'))
  expect(start.headers.get('location')).toMatch(partner.issuer)
  expect((await agent.fetch(`${login('partner')}&provider=default`)).status).toBe(400)
})
