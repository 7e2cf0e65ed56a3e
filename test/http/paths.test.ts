import { describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { clientId, clientSecret, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { rawRequest } from '../support/raw-request.ts'
import { signIn } from '../support/sign-in.ts'

const [alice] = demoUsers as [User]
const program = { accept: 'application/json' }

/** Tells the provider where the gateway's pages are. */
function register(site: TestGateway, auth: string): void {
  site.idp.putClient({
    client_id: clientId,
    client_secret: clientSecret,
    redirect_uris: [`${auth}/callback`],
    post_logout_redirect_uris: [`${auth}/logged-out`],
    backchannel_logout_uri: `${auth}/backchannel-logout`,
  })
}

/** A whole stay: sign-in, session, account, sign-out at the gateway and at the provider. */
async function stay(site: TestGateway, auth: string): Promise<void> {
  register(site, auth)
  const refused = await site.validate()
  expect(refused.headers.location?.split('?', 1)[0]).toBe(`${auth}/login`)
  const agent = new Agent()
  const arrived = await signIn(agent, refused.headers.location ?? '', alice)
  expect(arrived.url).toBe(`${site.url}/page?x=1`)
  expect((await site.validateAs(agent)).status).toBe(200)
  expect((await agent.fetch(`${auth}/session`, { headers: program })).status).toBe(200)
  const account = await agent.fetch(`${auth}/`)
  expect(account.text).toContain(`href="${auth}/logout"`)
  const url = await agent.fetch(`${auth}/login-url?redirect_uri=/page`, { headers: program })
  expect(url.text).toContain(`${auth}/login?`)
  const out = await agent.follow(`${auth}/logout`)
  expect([out.status, out.url.split('?', 1)[0]]).toEqual([200, `${auth}/logged-out`])
  expect(out.text).toContain(`href="${auth}/continue-signin"`)
  expect((await site.validateAs(agent)).status).toBe(302)
}

describe('the public routes', () => {
  test('are where AUTH_PATH says', async () => {
    await using site = await startTestGateway({ env: { AUTH_PATH: '/gate/way' } })
    await stay(site, `${site.url}/gate/way`)
    for (const path of ['/auth/login', '/auth/session', '/api/auth/session']) {
      expect((await new Agent().fetch(site.url + path)).status, path).toBe(404)
    }
    const own = await site.validate({ 'X-Forwarded-Uri': '/gate/way/login', ...program })
    expect([own.status, JSON.parse(own.body).code]).toEqual([403, 'own_route'])
    expect((await site.validate({ 'X-Forwarded-Uri': '/auth/login' })).status).toBe(302)
  })

  test('follow the path of PUBLIC_URL', async () => {
    await using site = await startTestGateway({
      env: (url) => ({ PUBLIC_URL: `${url}/gate/`, AUTH_PATH: '/auth' }),
    })
    const auth = `${site.url}/gate/auth`
    await stay(site, auth)
    for (const path of ['/gate/session', '/gate/api/session', '/gate/health']) {
      expect((await new Agent().fetch(site.url + path)).status, path).not.toBe(404)
    }
    for (const path of ['/auth/login', '/session', '/health']) {
      expect((await new Agent().fetch(site.url + path)).status, path).toBe(404)
    }
    const own = await site.validate({ 'X-Forwarded-Uri': '/gate/auth/login', ...program })
    expect([own.status, JSON.parse(own.body).code]).toEqual([403, 'own_route'])
    const nobody = await new Agent().fetch(`${auth}/logout`, { method: 'POST', headers: program })
    expect(nobody.json()).toMatchObject({ redirect_url: `${auth}/logged-out` })
  })

  test('are served under /api too', async () => {
    await using site = await startTestGateway()
    const agent = new Agent()
    const start = await agent.fetch(`${site.url}/api/auth/login?return_to=/page`)
    const { searchParams } = new URL(start.headers.get('location') ?? '')
    // One callback is registered at the provider, whichever of the two a sign-in began at.
    expect(searchParams.get('redirect_uri')).toBe(`${site.url}/auth/callback`)
    await site.signIn(alice, agent)
    for (const path of ['/api/auth/session', '/api/session', '/session']) {
      const answer = await agent.fetch(site.url + path, { headers: program })
      expect([answer.status, answer.json()], path).toMatchObject([200, { username: 'alice' }])
    }
    const refresh = await agent.fetch(`${site.url}/api/auth/session/refresh`, {
      method: 'POST',
      headers: program,
    })
    expect(refresh.status).toBe(200)
    expect((await agent.fetch(`${site.url}/api/auth/`)).status).toBe(200)
    const out = await agent.fetch(`${site.url}/api/auth/logout`)
    expect(out.headers.get('location')).toContain(`${site.idp.issuer}/session/end`)
    expect((await site.validateAs(agent)).status).toBe(302)
  })

  test('/health says that the process answers', async () => {
    await using site = await startTestGateway()
    const { status, body, headers } = await rawRequest(site.gateway.origin, 'GET', '/health', {})
    expect([status, body]).toEqual([200, '{"status":"healthy"}'])
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
  })

  test('other paths are 404, a page for browsers and a problem for programs', async () => {
    await using site = await startTestGateway()
    const page = await new Agent().fetch(`${site.url}/nothing`)
    expect([page.status, page.headers.get('content-type')]).toEqual([
      404,
      'text/html; charset=utf-8',
    ])
    const problem = await new Agent().fetch(`${site.url}/auth/nothing`, { headers: program })
    expect([problem.status, problem.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
    ])
    expect(problem.json()).toMatchObject({ status: 404, code: 'bad_request' })
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const answer = await new Agent().fetch(`${site.url}/auth/session`, {
        method,
        headers: program,
      })
      expect(answer.status, method).toBe(404)
    }
  })
})

describe('the validate routes', () => {
  test('are at /validate and /api/auth/validate, wherever the public ones are', async () => {
    await using site = await startTestGateway({ env: { AUTH_PATH: '/gate' } })
    for (const path of ['/validate', '/api/auth/validate']) {
      expect((await site.validate({}, { path })).status, path).toBe(302)
    }
    for (const path of ['/validate/', '/validate/nginx', '/validate/envoy/x', '/gate/validate']) {
      expect((await site.validate({}, { path })).status, path).toBe(404)
    }
  })
})
