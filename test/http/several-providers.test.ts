import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { logoutToken } from '../support/backchannel.ts'
import { callbackUrl } from '../support/callback-url.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { clientId, clientSecret, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { signIn } from '../support/sign-in.ts'

const [alice] = demoUsers as readonly [User]
/** The partner's people: one has the subject and the names of ours. */
const partners: readonly User[] = [
  { ...alice, name: 'Alice of Partner', groups: ['/ops'], roles: ['admin'] },
  { ...alice, id: 'p2', username: 'paul', email: 'paul@partner.example', groups: [], roles: [] },
  { ...alice, id: 'p3', username: 'eve', email: 'eve@elsewhere.example', groups: [], roles: [] },
]
const program = { Accept: '*/*' }

let partner: IdentityProvider
let site: TestGateway

beforeAll(async () => {
  partner = await startIdentityProvider({ users: partners, ttl: { idToken: 36_000 } })
  site = await startTestGateway({
    env: (url) => {
      partner.putClient({
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [`${url}/auth/callback/partner`],
        post_logout_redirect_uris: [`${url}/auth/logged-out`],
        backchannel_logout_uri: `${url}/auth/backchannel-logout`,
      })
      return {
        OIDC_PROVIDERS: 'partner',
        OIDC_PARTNER_ISSUER: partner.issuer,
        OIDC_PARTNER_CLIENT_ID: clientId,
        OIDC_PARTNER_CLIENT_SECRET: clientSecret,
        OIDC_PARTNER_LABEL: 'Partner <Ltd>',
        OIDC_PARTNER_ALLOW: 'user:partner:alice,domain:partner.example',
        IDENTITY_HEADERS: 'x-user,remote,x-auth-request',
      }
    },
  })
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await partner.close()
})

const start = (provider: string) => `${site.url}/auth/login?return_to=/page&provider=${provider}`

async function signedIn(provider: string, user: Pick<User, 'id'> = alice, agent = new Agent()) {
  const answer = await signIn(agent, start(provider), user)
  return { agent, answer }
}

describe('a choice of providers', () => {
  test('is a page with their labels, that keeps where one wanted to go', async () => {
    const page = await new Agent().fetch(`${site.url}/auth/login?return_to=/a%3Fb`)
    expect([page.status, page.headers.getSetCookie()]).toEqual([200, []])
    expect(page.text).toContain('Partner &lt;Ltd&gt;')
    const links = [...page.text.matchAll(/href="([^"]+)"/g)].map(([, url]) => url)
    const back = encodeURIComponent(`${site.url}/a?b`)
    expect(links).toEqual(
      ['default', 'partner'].map(
        (name) => `${site.url}/auth/login?return_to=${back}&amp;provider=${name}`,
      ),
    )
  })

  test('is none where one is named, and 400 where none has the name', async () => {
    const answer = await new Agent().fetch(start('partner'))
    expect(answer.headers.get('location')).toMatch(partner.issuer)
    for (const name of ['', 'other', '__proto__', 'default&provider=partner']) {
      expect((await new Agent().fetch(start(name))).status).toBe(400)
    }
  })
})

describe('people of two providers', () => {
  test('H-11 with the same sub and names are two, to every app', async () => {
    const ours = await signedIn('default')
    const theirs = await signedIn('partner')
    const [one, other] = [await site.validateAs(ours.agent), await site.validateAs(theirs.agent)]
    expectPass(one, {
      'x-user-id': alice.id,
      'x-auth-provider': 'default',
      'remote-user': 'alice',
      'x-auth-request-user': alice.id,
    })
    expectPass(other, {
      'x-user-id': `partner:${alice.id}`,
      'x-auth-provider': 'partner',
      'x-user-name': 'Alice of Partner',
      'remote-user': 'partner:alice',
      'x-auth-request-user': `partner:${alice.id}`,
    })
    const list = await theirs.agent.fetch(`${site.url}/auth/`)
    expect(list.text).toContain('You are signed in nowhere else')
  })

  test('C-11 a sign-in as the other ends the session before it', async () => {
    const { agent } = await signedIn('default')
    const cookie = agent.cookies.header(new URL(site.url))
    await agent.fetch(`${site.url}/auth/logged-out`)
    const back = await callbackUrl(agent, `${site.url}/auth/continue-signin?provider=partner`)
    await agent.follow(back)
    expectPass(await site.validateAs(agent), { 'x-auth-provider': 'partner' })
    expectRefusal(await site.validate({ Cookie: cookie, ...program }), 'session_expired')
  })

  test('who is not admitted is told who they are, and left nothing', async () => {
    const { agent, answer } = await signedIn('partner', { id: 'p3' })
    expect(answer.status).toBe(403)
    for (const text of ['not_allowed', 'Alice Archer', 'localhost', 'Use another account'])
      expect(answer.text).toContain(text)
    expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
    expect(site.log.find(({ event }) => event === 'sign_in_failed')).toMatchObject({
      code: 'not_allowed',
      reason: 'eve is not among those of ALLOW',
      decision_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    const out = /href="([^"]*logout[^"]*)"/.exec(answer.text)?.[1] ?? ''
    const end = await agent.fetch(out.replaceAll('&amp;', '&'))
    expect(end.headers.get('location')).toMatch(`${partner.issuer}/session/end`)
    expect((await signedIn('partner', { id: 'p2' })).answer.url).toBe(`${site.url}/page`)
  })
})

describe('each provider', () => {
  test('F-05 refreshes its own sessions', async () => {
    const theirs = await signedIn('partner')
    const count = (idp: IdentityProvider) =>
      idp.requests.filter(({ path }) => path === '/token').length
    const before = [count(site.idp), count(partner)]
    site.clock.advance(301_000)
    expectPass(await site.validateAs(theirs.agent), { 'x-auth-provider': 'partner' })
    expect([count(site.idp), count(partner)]).toEqual([before[0], (before[1] ?? 0) + 1])
  })

  test('O-12 ends its own sessions at sign-out', async () => {
    const { agent } = await signedIn('partner')
    const answer = await agent.fetch(`${site.url}/auth/logout`)
    expect(answer.headers.get('location')).toMatch(`${partner.issuer}/session/end`)
  })

  test('O-08 a logout token of one ends nobody of the other', async () => {
    const ours = await signedIn('default')
    const theirs = await signedIn('partner')
    const now = () => Math.floor(site.clock.now() / 1_000)
    const end = (idp: IdentityProvider) =>
      logoutToken({ idp }, { sub: alice.id, iat: now(), exp: now() + 120 }).then((token) =>
        new Agent().fetch(`${site.url}/auth/backchannel-logout`, { form: { logout_token: token } }),
      )
    expect((await end(partner)).status).toBe(200)
    expectPass(await site.validateAs(ours.agent))
    expectRefusal(await site.validateAs(theirs.agent, program), 'session_expired')
  })

  test('L-09 takes its own answers only', async () => {
    const agent = new Agent()
    const back = await callbackUrl(agent, start('partner'))
    for (const path of ['/auth/callback', '/auth/callback/other', '/auth/callback/default']) {
      const url = new URL(path + back.search, site.url)
      const answer = await agent.fetch(url)
      expect([path, answer.status >= 400]).toEqual([path, true])
      expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
    }
    expect((await agent.follow(back)).url).toBe(`${site.url}/page`)
  })

  test('F-03 that is down keeps nobody from the others', async () => {
    partner.intercept = (_request, response) => {
      response.writeHead(503).end()
      return 'handled'
    }
    site.clock.advance(10_000)
    expect((await new Agent().fetch(start('partner'))).status).toBe(503)
    expect((await signedIn('default')).answer.url).toBe(`${site.url}/page`)
    partner.intercept = undefined
  })
})
