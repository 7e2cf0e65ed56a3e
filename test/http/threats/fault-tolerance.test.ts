import { decodeJwt, exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Intercept } from '../../../demo/identity-provider.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { signToken } from '../../support/sign-token.ts'
import { TestClock } from '../../support/test-clock.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const program = { accept: 'application/json' }

const down: Intercept = (request) => {
  request.socket.destroy()
  return 'handled'
}

const readiness = async ({ gateway }: TestGateway) => {
  const answer = await fetch(`${gateway.opsOrigin}/readyz`)
  return { status: answer.status, body: await answer.json() }
}

/** A clock with a bug. */
class FaultyClock extends TestClock {
  fails = false

  override now(): number {
    if (this.fails) throw new Error('text of a bug')
    return super.now()
  }
}

describe('F-01 something throws', () => {
  test('F-01 inside /validate: 503 in fixed words, no identity, and the process lives', async () => {
    const clock = new FaultyClock()
    await using site = await startTestGateway({ clock })
    const { agent } = await site.signIn()
    expect((await site.validateAs(agent)).status).toBe(200)
    clock.fails = true
    const answer = await site.validateAs(agent, program)
    expect(answer.status).toBe(503)
    expect(JSON.parse(answer.body)).toMatchObject({ status: 503, code: 'internal_error' })
    expect(answer.body).not.toContain('text of a bug')
    expect(answer.headers['retry-after']).toBe('5')
    for (const name of Object.keys(answer.headers)) expect(name).not.toMatch(/^x-user|^x-auth/)
    const page = await site.validateAs(agent)
    expect([page.status, page.headers.location]).toEqual([503, undefined])
    clock.fails = false
    expect((await site.validateAs(agent)).status).toBe(200)
    expect(site.log).toContainEqual(
      expect.objectContaining({
        event: 'error',
        err: expect.objectContaining({ message: 'text of a bug' }),
      }),
    )
  })

  test('F-01 inside a public route: 503 in fixed words, and the process lives', async () => {
    const clock = new FaultyClock()
    await using site = await startTestGateway({ clock })
    const { agent } = await site.signIn()
    clock.fails = true
    const answer = await agent.fetch(`${site.url}/auth/login`, { headers: program })
    expect([answer.status, answer.json()]).toMatchObject([503, { code: 'internal_error' }])
    expect(answer.text).not.toContain('text of a bug')
    clock.fails = false
    expect((await agent.fetch(`${site.url}/auth/session`)).status).toBe(200)
  })
})

describe('F-02 the provider is down', () => {
  test('F-02 a session passes, and nobody asks the provider', async () => {
    await using site = await startTestGateway()
    const { agent } = await site.signIn()
    site.idp.intercept = down
    const before = site.idp.requests.length
    for (let minute = 0; minute < 4; minute += 1) {
      expect((await site.validateAs(agent)).status).toBe(200)
      expect((await agent.fetch(`${site.url}/auth/session`)).status).toBe(200)
      site.clock.advance(59_000)
    }
    expect(site.idp.requests.length).toBe(before)
    expect((await readiness(site)).status).toBe(200)
  })

  test('F-02 a request without a session is sent to sign in, and learns there what is wrong', async () => {
    await using site = await startTestGateway()
    await site.signIn()
    site.idp.intercept = down
    expect((await site.validate()).status).toBe(302)
    const agent = new Agent()
    site.idp.intercept = undefined
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    site.idp.intercept = down
    const end = await agent.fetch(url)
    expect([end.status, end.headers.get('retry-after')]).toEqual([503, '5'])
    expect(end.text).toContain('idp_unavailable')
    expect(end.text).toContain('href="')
  })
})

describe('F-03 the provider is down at the start', () => {
  test('F-03 the gateway is up and not ready, sign-in is 503, and it recovers alone', async () => {
    await using site = await startTestGateway({ idp: { intercept: down } })
    expect((await fetch(`${site.gateway.opsOrigin}/livez`)).status).toBe(200)
    expect(await readiness(site)).toEqual({
      status: 503,
      body: {
        status: 'not ready',
        checks: {
          store: { ok: true },
          configuration: { ok: true },
          'provider default': {
            ok: false,
            problem: `the metadata of ${site.idp.issuer} could not be read yet`,
          },
        },
      },
    })
    const page = await new Agent().fetch(`${site.url}/auth/login`)
    expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const answer = await new Agent().fetch(`${site.url}/auth/login`, { headers: program })
    expect([answer.status, answer.json()]).toMatchObject([503, { code: 'idp_unavailable' }])
    expect((await site.validate()).status).toBe(302)

    site.idp.intercept = undefined
    site.clock.advance(2_000)
    await expect.poll(async () => (await readiness(site)).status, { timeout: 15_000 }).toBe(200)
    expect((await site.signIn()).answer.url).toBe(`${site.url}/page`)
  })

  test('F-16 whoever tries after two seconds signs in', async () => {
    await using site = await startTestGateway({ idp: { intercept: down } })
    expect((await new Agent().fetch(`${site.url}/auth/login`)).status).toBe(503)
    site.idp.intercept = undefined
    site.clock.advance(2_000)
    expect((await site.signIn()).answer.url).toBe(`${site.url}/page`)
  })
})

describe('F-09 the provider’s keys', () => {
  const keysAnswer =
    (status: number, body: string): Intercept =>
    ({ url }, response) => {
      if (url !== '/jwks') return 'pass'
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      return 'handled'
    }

  const end = async (site: TestGateway, agent = new Agent()) =>
    agent.fetch(await callbackUrl(agent, `${site.url}/auth/login`))

  test.each([
    ['down', 503, ''],
    ['gone', 404, ''],
    ['a page', 200, '<h1>Hello</h1>'],
    ['no set', 200, '{"keys":42}'],
    ['empty', 200, '[]'],
  ])('F-09 %s and none known: 503, until they are there', async (_name, status, body) => {
    await using site = await startTestGateway()
    site.idp.intercept = keysAnswer(status, body)
    const answer = await end(site)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(answer.text).toContain('idp_unavailable')
    site.idp.intercept = undefined
    site.clock.advance(2_000)
    expect((await end(site)).status).toBe(302)
  })

  test('F-09 down and known: sign-in goes on', async () => {
    await using site = await startTestGateway()
    await site.signIn()
    site.idp.intercept = keysAnswer(503, '')
    expect((await end(site)).status).toBe(302)
    site.clock.advance(3_600_001)
    expect((await end(site)).status).toBe(302)
  })

  test('F-09 garbage later keeps the last good set', async () => {
    await using site = await startTestGateway()
    await site.signIn()
    site.idp.intercept = keysAnswer(200, '{"keys":[]}x')
    site.clock.advance(3_600_001)
    expect((await end(site)).status).toBe(302)
    expect((await end(site)).status).toBe(302)
  })

  test('F-09 rotated: the new one is fetched once, by ten who sign in with it', async () => {
    await using site = await startTestGateway()
    await site.signIn()
    const { privateKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk: JWK = { ...(await exportJWK(privateKey)), alg: 'RS256', kid: 'next' }
    const { kty, n, e, alg, kid } = jwk
    site.idp.alter = async (path, body) => {
      if (path === '/jwks') return { keys: [{ kty, n, e, alg, kid, use: 'sig' }] }
      if (path !== '/token') return body
      return { ...body, id_token: await signToken(jwk, decodeJwt(String(body.id_token))) }
    }
    const fetches = () => site.idp.requests.filter(({ path }) => path === '/jwks').length
    const before = fetches()
    // An unknown key is asked for at most every thirty seconds.
    const now = Date.now.bind(Date)
    vi.spyOn(Date, 'now').mockImplementation(() => now() + 31_000)
    const answers = await Promise.all(Array.from({ length: 10 }, () => end(site)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([302]))
    expect(fetches()).toBe(before + 1)
  })
})

describe('F-12 the clock', () => {
  test('F-12 an hour forward: tokens are refreshed, limits hold', async () => {
    await using site = await startTestGateway({ env: { SESSION_MAX_AGE_SEC: '7200' } })
    const { agent } = await site.signIn()
    site.clock.advance(3_600_000)
    expect((await site.validateAs(agent)).status).toBe(200)
    site.clock.advance(3_600_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })

  test('F-12 an hour back: sessions pass, and end when they should', async () => {
    await using site = await startTestGateway({ env: { SESSION_MAX_AGE_SEC: '7200' } })
    const { agent } = await site.signIn()
    site.clock.advance(-3_600_000)
    expect((await site.validateAs(agent)).status).toBe(200)
    expect((await agent.fetch(`${site.url}/auth/session`)).status).toBe(200)
    const { agent: later } = await site.signIn()
    expect((await site.validateAs(later)).status).toBe(200)
    site.clock.advance(3_600_000 + 7_200_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
    expect((await site.validateAs(later, program)).status).toBe(401)
  })

  test('F-12 an hour back: a callback that was used stays used', async () => {
    await using site = await startTestGateway()
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    expect((await agent.fetch(url)).status).toBe(302)
    agent.cookies.set(site.url, 'gatehouse', '')
    const redeemed = site.idp.requests.length
    for (const ms of [-300_000, -3_300_000]) {
      site.clock.advance(ms)
      expect((await agent.fetch(url)).status).toBe(400)
    }
    expect(site.idp.requests.length).toBe(redeemed)
  })
})

describe('F-13 times far away', () => {
  test.each([
    ['expires_in 2^53', { expires_in: 2 ** 53 }],
    ['expires_in beyond all numbers', { expires_in: 1e308 }],
    ['expires_in a text', { expires_in: '300' }],
    ['refresh_expires_in 2^53', { refresh_expires_in: 2 ** 53 }],
    ['refresh_expires_in 0', { refresh_expires_in: 0 }],
    ['refresh_expires_in below zero', { refresh_expires_in: -1 }],
    ['refresh_expires_in a text', { refresh_expires_in: 'never' }],
  ])('F-13 %s: the session ends after SESSION_MAX_AGE_SEC', async (_name, change) => {
    await using site = await startTestGateway()
    site.idp.alter = (path, body) => (path === '/token' ? { ...body, ...change } : body)
    const { agent } = await site.signIn()
    const session = (await agent.fetch(`${site.url}/auth/session`)).json()
    expect(session).toMatchObject({
      seconds_remaining: expect.toSatisfy((left: number) => left > 25_190 && left <= 25_200),
    })
    site.clock.advance(25_200_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })

  test('F-13 an id token that never ends ends with the session', async () => {
    await using site = await startTestGateway()
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            id_token: await signToken(site.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              exp: 2 ** 53,
            }),
          }
        : body
    const { agent } = await site.signIn()
    expect((await site.validateAs(agent)).status).toBe(200)
    site.clock.advance(25_200_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })

  test('F-13 after 2038 sessions begin, pass and end as before', async () => {
    await using site = await startTestGateway()
    const years = Date.UTC(2040, 1, 29) - Date.now()
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            id_token: await signToken(site.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              exp: 2 ** 32,
            }),
          }
        : body
    site.clock.advance(years)
    const { agent } = await site.signIn()
    expect((await site.validateAs(agent)).status).toBe(200)
    const session = (await agent.fetch(`${site.url}/auth/session`)).json()
    expect(session).toMatchObject({ expires_at: '2040-02-29T07:00:00Z' })
    site.clock.advance(25_200_000)
    expect((await site.validateAs(agent, program)).status).toBe(401)
  })
})
