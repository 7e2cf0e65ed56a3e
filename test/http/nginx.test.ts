import { describe, expect, test } from 'vitest'
import { startTestGateway } from '../support/gateway.ts'

const env = { PROXY: 'nginx' }
const path = '/validate/nginx'

/** As the recipe for nginx sends them; a client's own `X-Forwarded-Uri` and `-Method` pass through nginx. */
const asked = (uri: string, method = 'GET') => ({
  'X-Original-URI': uri,
  'X-Original-Method': method,
  'X-Forwarded-Uri': '/of-the-client',
  'X-Forwarded-Method': 'BREW',
})

describe('nginx', () => {
  test('is told 200 with the identity headers', async () => {
    await using site = await startTestGateway({ env })
    const { agent } = await site.signIn()
    const Cookie = agent.cookies.header(new URL(site.url))
    const answer = await site.validate({ Cookie, ...asked('/page?x=1') }, { path })
    expect(answer.status).toBe(200)
    expect(answer.headers['x-username']).toBe('alice')
    expect(answer.headers).not.toHaveProperty('x-auth-status')
  })

  test.each([
    ['GET', '302'],
    ['POST', '303'],
  ])(
    'is told 401 where a page is to sign in (%s), with its address and the status',
    async (method, status) => {
      await using site = await startTestGateway({ env })
      const answer = await site.validate(asked('/page?x=1', method), { path })
      const login = `${site.url}/auth/login?${new URLSearchParams({ return_to: `${site.url}/page?x=1` })}`
      expect(answer.status).toBe(401)
      expect(answer.headers).toMatchObject({
        'x-auth-status': status,
        'x-login-url': login,
        'www-authenticate': 'Bearer realm="gatehouse"',
        'cache-control': 'no-store',
      })
      expect(answer.headers).not.toHaveProperty('location')
    },
  )

  test('is told 401 for a program, as it is', async () => {
    await using site = await startTestGateway({ env })
    const headers = { Accept: '*/*', Authorization: 'Bearer x', ...asked('/page') }
    const answer = await site.validate(headers, { path })
    expect(answer.status).toBe(401)
    expect(answer.headers['x-auth-status']).toBe('401')
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="gatehouse", error="invalid_token"',
    )
  })

  test.each([
    ['400', { 'X-Original-URI': undefined }],
    ['400', { 'X-Original-URI': ['/a', '/b'] }],
    ['400', { 'X-Original-Method': 'get' }],
    ['400', { X_Original_Uri: '/a', X_Forwarded_Host: 'a' }],
    ['403', { 'X-Forwarded-Host': 'other.example.org' }],
    ['403', { 'X-Original-URI': '/auth/login' }],
  ])('P-01 is told 403 in place of %s: %j', async (status, headers) => {
    await using site = await startTestGateway({ env })
    const answer = await site.validate({ ...asked('/page'), ...headers }, { path })
    expect(answer.status).toBe(403)
    expect(answer.headers['x-auth-status']).toBe(status)
  })

  test('P-03 is read by its own headers alone, and a doubled one of another family does not matter', async () => {
    await using site = await startTestGateway({ env })
    const { agent } = await site.signIn()
    const Cookie = agent.cookies.header(new URL(site.url))
    const headers = { Cookie, ...asked('/page'), 'X-Forwarded-Uri': ['/auth/login', '/x'] }
    expect((await site.validate(headers, { path })).status).toBe(200)
  })

  test('is told 403 in place of 429, with the time to wait', async () => {
    await using site = await startTestGateway({ env, file: () => 'quota: { user: 1/day }' })
    const { agent } = await site.signIn()
    const Cookie = agent.cookies.header(new URL(site.url))
    const ask = () => site.validate({ Cookie, ...asked('/page') }, { path })
    expect((await ask()).status).toBe(200)
    const answer = await ask()
    expect(answer.status).toBe(403)
    expect(answer.headers['x-auth-status']).toBe('429')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('has its own route, which others have not', async () => {
    await using site = await startTestGateway({ env })
    expect((await site.validate({}, { path: '/validate' })).status).toBe(404)
    await using other = await startTestGateway()
    expect((await other.validate(asked('/page'), { path })).status).toBe(404)
  })

  test('is narrowed by a list after the route', async () => {
    await using site = await startTestGateway({ env })
    const { agent } = await site.signIn()
    const Cookie = agent.cookies.header(new URL(site.url))
    const ask = (list: string) =>
      site.validate({ Cookie, ...asked('/page') }, { path: `${path}/allow/${list}` })
    expect((await ask('group:ops,role:nobody')).status).toBe(200)
    expect((await ask('role:nobody')).headers['x-auth-status']).toBe('403')
  })
})
