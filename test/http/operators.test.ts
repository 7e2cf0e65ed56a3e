import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent } from '../support/agent.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'

const program = { accept: 'application/json' }

let site: TestGateway
let agent: Agent

beforeAll(async () => {
  site = await startTestGateway()
  agent = (await site.signIn()).agent
})
afterAll(() => site[Symbol.asyncDispose]())

const ask = (path: string) => rawRequest(site.gateway.opsOrigin, 'GET', path, {})

/** The values of a metric by its labels. */
async function metric(name: string): Promise<Record<string, number>> {
  const { body } = await ask('/metrics')
  const lines = body.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)$`, 'gm'))
  return Object.fromEntries([...lines].map(([, labels = '', value]) => [labels, Number(value)]))
}

describe('the operators’ listener', () => {
  test('/livez says that the process lives', async () => {
    const { status, body, headers } = await ask('/livez')
    expect([status, body]).toEqual([200, '{"status":"alive"}'])
    expect(headers['cache-control']).toBe('no-store')
  })

  test('/readyz says of each part whether it can be used', async () => {
    const { status, body } = await ask('/readyz')
    expect([status, JSON.parse(body)]).toEqual([
      200,
      {
        status: 'ready',
        checks: {
          store: { ok: true },
          configuration: { ok: true },
          'provider default': { ok: true },
        },
      },
    ])
  })

  test('/metrics counts decisions, sign-ins, sign-outs and refreshes by their outcome', async () => {
    const before = {
      decisions: await metric('gatehouse_decisions_total'),
      signIns: await metric('gatehouse_sign_ins_total'),
      signOuts: await metric('gatehouse_sign_outs_total'),
      refreshes: await metric('gatehouse_refreshes_total'),
    }
    const grown = async (name: string, label: string, family: keyof typeof before) =>
      ((await metric(name))[label] ?? 0) - (before[family][label] ?? 0)

    const { agent: other } = await site.signIn()
    await site.validateAs(other)
    await site.validateAs(other)
    await site.validate(program)
    await site.validate({ 'X-Forwarded-Host': 'unknown.example' })
    await site.validate({ 'X-Forwarded-Uri': undefined })
    await other.fetch(`${site.url}/auth/callback?code=x&state=y`)
    await other.fetch(`${site.url}/auth/session/refresh`, { method: 'POST', headers: program })
    await other.fetch(`${site.url}/auth/logout`)

    const decisions = (code: string) =>
      grown('gatehouse_decisions_total', `code="${code}"`, 'decisions')
    expect(await decisions('allow')).toBe(2)
    expect(await decisions('unauthenticated')).toBe(1)
    expect(await decisions('unknown_host')).toBe(1)
    expect(await decisions('bad_forwarded_request')).toBe(1)
    const signIns = (outcome: string) =>
      grown('gatehouse_sign_ins_total', `outcome="${outcome}"`, 'signIns')
    expect(await signIns('ok')).toBe(1)
    expect(await signIns('invalid_state')).toBe(1)
    expect(await grown('gatehouse_refreshes_total', 'outcome="ok"', 'refreshes')).toBe(1)
    expect(await grown('gatehouse_sign_outs_total', 'by="logout"', 'signOuts')).toBe(1)
  })

  test('/metrics measures the provider by endpoint and the store by operation', async () => {
    const idp = Object.keys(await metric('gatehouse_idp_request_seconds_count'))
    for (const endpoint of ['discovery', 'token_endpoint', 'jwks_uri']) {
      expect(idp).toContain(`provider="default",endpoint="${endpoint}",outcome="ok"`)
    }
    const store = Object.keys(await metric('gatehouse_store_seconds_count'))
    for (const operation of ['create', 'read', 'mark', 'ping']) {
      expect(store).toContain(`operation="${operation}",outcome="ok"`)
    }
  })
})

describe('the log', () => {
  test('has one line for each request', async () => {
    const before = site.log.length
    await site.validateAs(agent, { 'X-Request-Id': 'one' })
    await site.validate({ 'X-Request-Id': 'two' })
    await agent.fetch(`${site.url}/auth/session`, { headers: { 'x-request-id': 'three' } })
    await expect.poll(() => site.log.length).toBe(before + 3)
    expect(site.log.slice(before)).toMatchObject([
      {
        event: 'decision',
        code: 'allow',
        status: 200,
        request_id: 'one',
        method: 'GET',
        host: new URL(site.url).host,
        path: '/page',
        client: '198.51.100.7',
        subject: expect.any(String),
      },
      { event: 'decision', code: 'unauthenticated', status: 302, request_id: 'two' },
      {
        event: 'request',
        method: 'GET',
        path: '/auth/session',
        status: 200,
        request_id: 'three',
        ms: expect.any(Number),
      },
    ])
  })

  test('audits sign-in, sign-out, what was refused, and a refresh that failed', async () => {
    const audited = (from: number) => site.log.slice(from).filter(({ audit }) => audit === true)
    const before = site.log.length
    const { agent: other } = await site.signIn()
    const who = {
      kind: 'user',
      provider: 'default',
      username: 'alice',
      session: expect.any(String),
    }
    expect(audited(before)).toMatchObject([{ level: 'info', event: 'sign_in', ...who }])

    site.idp.intercept = ({ url }, response) => {
      if (url !== '/token') return 'pass'
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end('{"error":"invalid_grant","error_description":"Session not active"}')
      return 'handled'
    }
    await other.fetch(`${site.url}/auth/session/refresh`, { method: 'POST', headers: program })
    site.idp.intercept = undefined
    expect(audited(before).slice(1)).toMatchObject([
      {
        level: 'warn',
        event: 'refresh_failed',
        fatal: true,
        reason: 'invalid_grant (Session not active)',
        ...who,
      },
    ])
    const refused = site.log.length
    await site.validate({ 'X-Forwarded-Host': 'unknown.example' })
    expect(audited(refused)).toMatchObject([
      {
        level: 'warn',
        event: 'decision',
        code: 'unknown_host',
        reason:
          'unknown.example is not in APP_HOSTS; if it is your app, set APP_HOSTS=localhost,unknown.example',
        decision_id: expect.any(String),
      },
    ])
    const { agent: leaving } = await site.signIn()
    const out = site.log.length
    await leaving.fetch(`${site.url}/auth/logout`)
    expect(audited(out)).toMatchObject([{ event: 'sign_out', by: 'logout', ...who }])
  })
})
