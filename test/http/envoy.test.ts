import { describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const env = { PROXY: 'envoy' }
const route = '/validate/envoy'

/** As Envoy's `ext_authz` asks: the client's method and `Host`, its path after a prefix. */
async function ask(
  site: TestGateway,
  uri: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>> = {},
  { method = 'GET', prefix = route } = {},
) {
  return site.validate(
    {
      Host: new URL(site.url).host,
      'X-Forwarded-Method': undefined,
      'X-Forwarded-Host': undefined,
      'X-Forwarded-Uri': undefined,
      'X-Forwarded-Proto': undefined,
      ...headers,
    },
    { method, path: prefix + uri },
  )
}

async function signedIn(site: TestGateway) {
  const { agent } = await site.signIn()
  return { Cookie: agent.cookies.header(new URL(site.url)) }
}

describe('Envoy', () => {
  test('H-01 is told 200, and which headers of the client it has to remove', async () => {
    await using site = await startTestGateway({ env })
    const answer = await ask(site, '/page?x=1', await signedIn(site))
    expect(answer.status).toBe(200)
    expect(answer.headers['x-username']).toBe('alice')
    const removed = String(answer.headers['x-envoy-auth-headers-to-remove']).split(',')
    const empty = Object.entries(answer.headers).filter(([, value]) => value === '')
    expect(removed.sort()).toEqual(empty.map(([name]) => name).sort())
    expect(removed).toContain('x-service-name')
    expect(removed).not.toContain('x-username')
  })

  test.each([
    ['GET', 302],
    ['POST', 303],
  ])('is told to send pages to sign in (%s)', async (method, status) => {
    await using site = await startTestGateway({ env })
    const answer = await ask(site, '/page?x=1', {}, { method })
    expect(answer.status).toBe(status)
    expect(answer.headers.location).toBe(
      `${site.url}/auth/login?${new URLSearchParams({ return_to: `${site.url}/page?x=1` })}`,
    )
  })

  test('P-03 is read by the call itself: forwarded headers of the client change nothing', async () => {
    await using site = await startTestGateway({ env })
    const headers = {
      ...(await signedIn(site)),
      'X-Forwarded-Uri': '/auth/login',
      'X-Forwarded-Host': 'other.example.org',
      'X-Original-URI': ['/a', '/b'],
    }
    expect((await ask(site, '/page', headers)).status).toBe(200)
  })

  test.each(['/auth/login', '//auth/login', '/a/../auth/login'])(
    'P-23 %s is the own route',
    async (uri) => {
      await using site = await startTestGateway({ env })
      expect((await ask(site, uri, await signedIn(site))).status).toBe(403)
    },
  )

  test.each(['/a%zz', '/a#b', ''])(
    'P-21 the path %j is no call of Envoy, or unreadable',
    async (uri) => {
      await using site = await startTestGateway({ env })
      expect([400, 404]).toContain((await ask(site, uri, await signedIn(site))).status)
    },
  )

  test('P-04 two Host headers are refused', async () => {
    await using site = await startTestGateway({ env })
    const { host } = new URL(site.url)
    expect((await ask(site, '/page', { Host: [host, host] })).status).toBe(400)
  })

  test('P-23 a path of the client never is a list: lists come before the rest of the route', async () => {
    await using site = await startTestGateway({ env })
    const session = await signedIn(site)
    const narrowed = (list: string, uri: string) =>
      ask(site, uri, session, { prefix: `/validate/allow/${list}/envoy` })
    expect((await narrowed('group:ops', '/page')).status).toBe(200)
    expect((await narrowed('role:nobody', '/page')).status).toBe(403)
    expect((await narrowed('role:nobody', '/allow/*/envoy/page')).status).toBe(403)
    expect((await narrowed('nonsense', '/page')).status).toBe(403)
    // It may be a list in the wrong place, which must not be taken for a path.
    expect((await ask(site, '/allow/*/page', session)).status).toBe(403)
    expect((await ask(site, '/allow/group:ops/page', session)).status).toBe(403)
  })
})
