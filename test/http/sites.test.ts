import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { expectPass, expectRefusal, expectSignIn } from '../support/decisions.ts'
import { proxyOf, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { localNames } from '../support/local-names.ts'
import { signIn } from '../support/sign-in.ts'

const [user, other] = demoUsers as readonly [User, User]

let site: TestGateway
let port: string
const auth = (domain: string) => `http://auth.${domain}.localhost:${port}`
const app = (domain: string) => `http://app.${domain}.localhost:${port}`
const agentOfNames = () => new Agent(localNames)

beforeAll(async () => {
  site = await startTestGateway({
    env: (url) => {
      port = new URL(url).port
      return {
        PUBLIC_URL: `${auth('one')},${auth('two')}`,
        COOKIE_DOMAIN: 'one.localhost,two.localhost',
      }
    },
    redirectUris: (url) => {
      const { port: ours } = new URL(url)
      return ['one', 'two'].map((domain) => `http://auth.${domain}.localhost:${ours}/auth/callback`)
    },
  })
})
afterAll(() => site[Symbol.asyncDispose]())

/** Asks about a page of the app of a site, with the cookies of a browser. */
const validate = (agent: Agent, domain: string, headers: Record<string, string> = {}) =>
  proxyOf(site.gateway, app(domain)).validateAs(agent, headers)

describe('two root domains', () => {
  test('L-04 each sends its visitors to its own pages', async () => {
    for (const domain of ['one', 'two']) {
      const answer = await validate(new Agent(), domain)
      expectSignIn(answer, auth(domain), `${app(domain)}/page?x=1`)
    }
  })

  test('a sign-in on the second is a round trip without a password', async () => {
    const agent = agentOfNames()
    await signIn(agent, `${auth('one')}/auth/login?return_to=${app('one')}/page`, user)
    expectPass(await validate(agent, 'one'), { 'x-user-id': user.id })
    expectRefusal(await validate(agent, 'two', { Accept: '*/*' }), 'unauthenticated')
    const back = await agent.follow(`${auth('two')}/auth/login?return_to=${app('two')}/page`)
    expect(back.url).toBe(`${app('two')}/page`)
    expectPass(await validate(agent, 'two'), { 'x-user-id': user.id })
    expectPass(await validate(agent, 'one'), { 'x-user-id': user.id })
  })

  test('a return URL of the other site is signed in at the other site', async () => {
    const agent = agentOfNames()
    const answer = await agent.fetch(`${auth('one')}/auth/login?return_to=${app('two')}/a?b`)
    expect(answer.headers.get('location')).toBe(
      `${auth('two')}/auth/login?return_to=${app('two')}/a?b`,
    )
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('C-03 a cookie of one site is none of the other', async () => {
    const agent = agentOfNames()
    await signIn(agent, `${auth('one')}/auth/login?return_to=${app('one')}/page`, user)
    const cookie = agent.cookies.header(new URL(app('one')))
    const answer = await proxyOf(site.gateway, app('two')).validate({ Cookie: cookie })
    expectSignIn(answer, auth('two'), `${app('two')}/page?x=1`)
  })

  test('L-05 a state of one site is none of the other', async () => {
    const agent = agentOfNames()
    const start = await agent.fetch(`${auth('one')}/auth/login?return_to=${app('one')}/page`)
    const state = new URL(start.headers.get('location') ?? '').searchParams.get('state')
    const answer = await agent.fetch(`${auth('two')}/auth/callback?code=x&state=${state}`)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('invalid_state')
  })

  test('O-11 sign-out at one ends the session of the same browser at the other', async () => {
    const agent = agentOfNames()
    const second = agentOfNames()
    for (const browser of [agent, second]) {
      for (const domain of ['one', 'two']) {
        await signIn(browser, `${auth(domain)}/auth/login?return_to=${app(domain)}/page`, other)
      }
    }
    await agent.fetch(`${auth('two')}/auth/logout`)
    for (const domain of ['one', 'two']) {
      expectRefusal(
        await validate(agent, domain, { Accept: '*/*' }),
        domain === 'two' ? 'unauthenticated' : 'session_expired',
      )
      expectPass(await validate(second, domain), { 'x-user-id': other.id })
    }
  })

  test('O-02 sign-out goes to an app of either site, and nowhere else', async () => {
    const agent = agentOfNames()
    for (const [wanted, location] of [
      [`${app('two')}/bye`, `${app('two')}/bye`],
      ['http://evil.localhost/', `${auth('one')}/auth/logged-out`],
    ] as const) {
      const answer = await agent.fetch(`${auth('one')}/auth/logout?return_to=${wanted}`)
      expect(answer.headers.get('location')).toBe(location)
    }
  })

  test('pages at a host of neither are those of the first', async () => {
    const answer = await site.validate({ 'X-Forwarded-Host': 'app.three.localhost' })
    expect(answer.status).toBe(403)
    const session = await new Agent().fetch(`${site.gateway.origin}/auth/session`, {
      headers: { accept: 'application/json' },
    })
    expect(session.json()).toMatchObject({ login_url: `${auth('one')}/auth/login` })
  })

  test('foreign scripts of either site read the session, others do not', async () => {
    const ask = (origin: string) =>
      new Agent(localNames).fetch(`${auth('one')}/auth/session`, { headers: { origin } })
    expect((await ask(app('two'))).headers.get('access-control-allow-origin')).toBe(app('two'))
    expect((await ask('http://evil.localhost')).headers.has('access-control-allow-origin')).toBe(
      false,
    )
  })
})
