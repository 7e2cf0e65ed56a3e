import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  logoutClaims,
  logoutToken,
  postLogout,
  sendLogoutToken,
} from '../../support/backchannel.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { signToken } from '../../support/sign-token.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

describe('O-10 what is no logout request', () => {
  test('O-10 over 32 KB: 413', async () => {
    expect((await postLogout(site, `logout_token=${'x'.repeat(33_000)}`)).status).toBe(413)
  })

  test('O-10 a token over 16 KB: 400', async () => {
    expect((await sendLogoutToken(site, 'x'.repeat(17_000))).status).toBe(400)
  })

  test('O-10 the token twice: 400', async () => {
    const token = await logoutToken(site)
    const answer = await postLogout(site, `logout_token=${token}&logout_token=${token}`)
    expect(answer.status).toBe(400)
    expect((await sendLogoutToken(site, token)).status).toBe(200)
  })

  test.each(['application/json', 'multipart/form-data; boundary=x', 'text/plain'])(
    'O-10 %s: 415',
    async (type) => {
      const body = JSON.stringify({ logout_token: await logoutToken(site) })
      expect((await postLogout(site, body, { 'Content-Type': type })).status).toBe(415)
    },
  )

  test.each([
    ['no body', ''],
    ['no token', 'other=x'],
    ['broken escapes', 'logout_token=%zz%'],
    ['a prototype', '__proto__=x&logout_token[__proto__]=y'],
  ])('O-10 %s: 400', async (_name, body) => {
    expect((await postLogout(site, body)).status).toBe(400)
  })

  test('O-10 other methods: 404', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const path = `/auth/backchannel-logout?logout_token=${await logoutToken(site)}`
      const answer = await rawRequest(site.gateway.origin, method, path, {})
      expect(answer.status, method).toBe(404)
    }
  })

  test('O-10 neither Origin nor Sec-Fetch-Site matters, nor does a cookie', async () => {
    const body = new URLSearchParams({ logout_token: await logoutToken(site) }).toString()
    const answer = await postLogout(site, body, {
      Origin: 'https://idp.example',
      'Sec-Fetch-Site': 'cross-site',
      Cookie: 'gatehouse=x',
    })
    expect(answer.status).toBe(200)
  })

  test('O-10 a flood of them does not ask the provider', async () => {
    await using other = await startTestGateway()
    await site.signIn()
    const before = site.idp.requests.length
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const key = { ...other.idp.keys.RS256, kid: `unknown-${index}` }
        const token = await signToken(key, logoutClaims(site))
        return (await sendLogoutToken(site, token)).status
      }),
    )
    expect(new Set(statuses)).toEqual(new Set([400]))
    expect(site.idp.requests.slice(before)).toEqual([])
  })

  test('O-10 while the keys cannot be read it is 503, and may come again', async () => {
    await using own = await startTestGateway()
    own.idp.intercept = ({ url }, response) => {
      if (url !== '/jwks') return 'pass'
      response.writeHead(500).end()
      return 'handled'
    }
    const token = await logoutToken(own)
    const down = await sendLogoutToken(own, token)
    expect([down.status, down.headers['retry-after']]).toEqual([503, '5'])
    own.idp.intercept = undefined
    own.clock.advance(2_000)
    expect((await sendLogoutToken(own, token)).status).toBe(200)
  })
})
