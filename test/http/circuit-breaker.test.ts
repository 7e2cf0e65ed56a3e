import { describe, expect, test } from 'vitest'
import type { Intercept } from '../../demo/identity-provider.ts'
import { Agent } from '../support/agent.ts'
import { callbackUrl } from '../support/callback-url.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const answering =
  (path: string, status: number, body: object = {}): Intercept =>
  (request, response) => {
    if (request.url?.split('?', 1)[0] !== path) return 'pass'
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    return 'handled'
  }

const countOf = ({ idp }: TestGateway, path: string) =>
  idp.requests.filter((request) => request.path === path).length

/** A sign-in up to its end; what the gateway answers to the callback. */
const end = async (site: TestGateway) => {
  const agent = new Agent()
  return agent.fetch(await callbackUrl(agent, `${site.url}/auth/login?return_to=/page`))
}

const readiness = async ({ gateway }: TestGateway, name = 'provider default') => {
  const answer = await fetch(`${gateway.opsOrigin}/readyz`)
  const { checks } = (await answer.json()) as { checks: Record<string, unknown> }
  return { status: answer.status, check: checks[name] }
}

const gauge = async ({ gateway }: TestGateway, endpoint: string, provider = 'default') => {
  const metrics = await (await fetch(`${gateway.opsOrigin}/metrics`)).text()
  const name = `gatehouse_idp_breaker_open{provider="${provider}",endpoint="${endpoint}"} `
  return metrics
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.slice(name.length)
}

const changesOf = ({ log }: TestGateway) =>
  log
    .filter(({ event }) => String(event).startsWith('idp_breaker_'))
    .map(({ event, provider, endpoint }) => [event, provider, endpoint])

/** A gateway with somebody signed in, whose token endpoint has failed five times. */
async function withOpenTokenEndpoint(status = 503) {
  const site = await startTestGateway()
  const { agent } = await site.signIn()
  site.idp.intercept = answering('/token', status)
  for (let index = 0; index < 5; index += 1) {
    const page = await end(site)
    expect([page.status, page.headers.get('retry-after')]).toEqual([
      503,
      // The fifth as well: the provider was asked for it.
      '5',
    ])
  }
  return { site, agent, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
}

describe('D-09 an endpoint that failed five times in a row', () => {
  test('D-09: is not asked; sign-in is a page of 503 at once, that says when it is', async () => {
    await using open = await withOpenTokenEndpoint()
    const { site } = open
    const before = countOf(site, '/token')
    const page = await end(site)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      503,
      'text/html; charset=utf-8',
    ])
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(Number(page.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(page.text).toContain('idp_unavailable')
    expect(countOf(site, '/token')).toBe(before)
  })

  test('D-09: 429 counts as 503 does', async () => {
    await using open = await withOpenTokenEndpoint(429)
    expect(await gauge(open.site, 'token_endpoint')).toBe('1')
  })

  test('D-09: is told once in the log, shown at /readyz, which stays ready, and in the metrics', async () => {
    await using open = await withOpenTokenEndpoint()
    const { site } = open
    for (let index = 0; index < 3; index += 1) await end(site)
    expect(await readiness(site)).toEqual({
      status: 200,
      check: { ok: true, problem: 'left alone after five failures in a row: token_endpoint' },
    })
    expect(await gauge(site, 'token_endpoint')).toBe('1')
    expect(await gauge(site, 'jwks_uri')).toBe('0')
    expect(changesOf(site)).toEqual([['idp_breaker_opened', 'default', 'token_endpoint']])
  })

  test('D-09: keeps nobody from passing who is signed in, also where a refresh is due', async () => {
    await using open = await withOpenTokenEndpoint()
    const { site, agent } = open
    expect((await site.validateAs(agent)).status).toBe(200)
    const before = countOf(site, '/token')
    // The access token lives five minutes: the last of these asks for a refresh.
    for (let minute = 0; minute < 6; minute += 1) {
      site.clock.advance(59_000)
      expect((await site.validateAs(agent)).status).toBe(200)
    }
    await expect
      .poll(() => site.log.some(({ event, fatal }) => event === 'refresh_failed' && !fatal))
      .toBe(true)
    // A refresh is the one call that a half-open breaker lets through.
    expect(countOf(site, '/token') - before).toBeLessThanOrEqual(6)
    expect((await site.validateAs(agent)).status).toBe(200)
  })

  test('D-09 F-16: after a minute one call is let through, and its success ends it', async () => {
    await using open = await withOpenTokenEndpoint()
    const { site } = open
    site.idp.intercept = undefined
    site.clock.advance(50_000)
    expect((await end(site)).status).toBe(503)
    // The callbacks of ten people, all at once while the first is under way.
    const agents = Array.from({ length: 10 }, () => new Agent())
    const urls = await Promise.all(
      agents.map((agent) => callbackUrl(agent, `${site.url}/auth/login`)),
    )
    site.clock.advance(10_000)
    const released = Promise.withResolvers<void>()
    site.idp.intercept = async ({ url }): Promise<'pass'> => {
      if (url === '/token') await released.promise
      return 'pass'
    }
    const before = countOf(site, '/token')
    const pages = agents.map((agent, index) => agent.fetch(urls[index] as URL))
    const refused = new Set<number>()
    const done = pages.map(async (page) => {
      const { status } = await page
      if (status === 503) refused.add(status)
      return status
    })
    await expect.poll(() => countOf(site, '/token')).toBe(before + 1)
    await expect.poll(() => refused.size).toBe(1)
    released.resolve()
    expect((await Promise.all(done)).toSorted()).toEqual([302, ...Array(9).fill(503)])
    expect(countOf(site, '/token')).toBe(before + 1)

    expect((await end(site)).status).toBe(302)
    expect(await readiness(site)).toEqual({ status: 200, check: { ok: true } })
    expect(await gauge(site, 'token_endpoint')).toBe('0')
    expect(changesOf(site)).toEqual([
      ['idp_breaker_opened', 'default', 'token_endpoint'],
      ['idp_breaker_closed', 'default', 'token_endpoint'],
    ])
  })

  test('D-09: after a minute one failure is another minute', async () => {
    await using open = await withOpenTokenEndpoint()
    const { site } = open
    const before = countOf(site, '/token')
    site.clock.advance(60_000)
    expect((await end(site)).headers.get('retry-after')).toBe('5')
    expect((await end(site)).status).toBe(503)
    expect(countOf(site, '/token')).toBe(before + 1)
    site.clock.advance(59_000)
    expect((await end(site)).status).toBe(503)
    expect(countOf(site, '/token')).toBe(before + 1)
    expect(changesOf(site)).toHaveLength(1)
  })
})

describe('what is no failure', () => {
  test('five codes that the provider refuses, with 400 and with 401', async () => {
    await using site = await startTestGateway()
    for (const [status, error] of [
      [400, 'invalid_grant'],
      [401, 'invalid_client'],
    ] as const) {
      site.idp.intercept = answering('/token', status, { error })
      for (let index = 0; index < 6; index += 1) expect((await end(site)).status).toBe(400)
    }
    site.idp.intercept = undefined
    expect((await end(site)).status).toBe(302)
    expect(await gauge(site, 'token_endpoint')).toBe('0')
    expect(changesOf(site)).toEqual([])
  })
})

describe('D-09 F-03 metadata that cannot be had', () => {
  const metadata = '/.well-known/openid-configuration'

  test('D-09 F-03: at the start it is asked for every two seconds at most, and found as soon as it is there', async () => {
    await using site = await startTestGateway({ idp: { intercept: answering(metadata, 503) } })
    for (let round = 0; round < 8; round += 1) {
      for (let again = 0; again < 3; again += 1) {
        expect((await new Agent().fetch(`${site.url}/auth/login`)).status).toBe(503)
      }
      site.clock.advance(2_000)
    }
    // The one of the start is among them, or shared.
    expect(countOf(site, metadata)).toBeLessThanOrEqual(9)
    expect((await readiness(site)).status).toBe(503)

    site.idp.intercept = undefined
    expect((await site.signIn()).answer.url).toBe(`${site.url}/page`)
    expect((await readiness(site)).status).toBe(200)
    expect(changesOf(site)).toEqual([])
    const told = site.log.filter(({ message }) => String(message).startsWith('nobody can sign in'))
    expect(told.length).toBeLessThanOrEqual(2)
  })
})
