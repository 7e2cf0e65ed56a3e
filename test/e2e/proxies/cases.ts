import { expect } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { identityHeaderNames } from '../../../src/model/header-names.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { signIn } from '../../support/sign-in.ts'
import type { Feature, Headers, ProxyUnderTest } from './proxy.ts'

/** One thing that holds behind every proxy. */
export interface Case {
  readonly title: string
  /** Left out where a proxy lacks it. */
  readonly needs?: Feature
  run(proxy: ProxyUnderTest): Promise<void>
}

const [administrator, person] = demoUsers as readonly [User, User]

const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const program = { accept: 'application/json' }

/** What a client claims to be. */
const forged = Object.fromEntries(identityHeaderNames.map((name) => [name, 'forged']))

const webSocket = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

const reached = (answer: RawAnswer) => answer.headers['x-reached']

/** The headers that the app shows, by their names; several values of one name are joined. */
function shown(answer: RawAnswer): Map<string, string> {
  expect([answer.status, reached(answer)]).toEqual([200, expect.any(String)])
  const headers = new Map<string, string>()
  for (const [name, value] of JSON.parse(answer.body) as [string, string][]) {
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

function expectRefused(answer: RawAnswer, ...statuses: number[]): void {
  expect(reached(answer)).toBeUndefined()
  expect(statuses).toContain(answer.status)
}

/** Paths that servers read as one below `/admin`, in one way or another. */
const disguised = [
  '/admin/headers/',
  '//admin/headers',
  '/./admin/headers',
  '/docs/../admin/headers',
  '/docs/%2e%2e/admin/headers',
  '/docs/.%2E/admin/headers',
  '/docs/..;/admin/headers',
  '/admin;x=1/headers',
  '/docs/..%2fadmin/headers',
  '/docs%2F..%2Fadmin%2Fheaders',
  '/docs/..%5cadmin/headers',
  '/docs/..\\admin\\headers',
  '/%61dmin/headers',
  '/%41DMIN/headers',
  '/ADMIN/headers',
  '/optional/../admin/headers',
  '/optional/%2e%2e/admin/headers',
  '/optional/..;/admin/headers',
  '/optional//../admin/headers',
]

export const cases: readonly Case[] = [
  {
    title: 'a page is sent to sign in, and comes back to its own address',
    async run({ app, browser }) {
      const deep = `${app}/deep/link?a=1&b=%2F2`
      const answer = await signIn(browser(), deep, administrator)
      expect([answer.status, answer.url]).toEqual([200, deep])
      expect(answer.text).toContain(`Hello, ${administrator.name}`)
    },
  },
  {
    title: 'L-16 a form is sent to sign in with 303',
    async run({ app, auth, request }) {
      const answer = await request('/form?x=1', { method: 'POST', headers: page, body: 'a=b' })
      expectRefused(answer, 303)
      const back = new URLSearchParams({ return_to: `${app}/form?x=1` })
      expect(answer.headers.location).toBe(`${auth}/auth/login?${back}`)
    },
  },
  {
    title: 'L-14 a program gets 401 and no cookie',
    async run({ can, cookies, request }) {
      const bad = { ...program, authorization: 'Bearer none', cookie: cookies.person }
      for (const headers of [program, bad]) {
        const answer = await request('/headers', { headers })
        expectRefused(answer, 401)
        expect(answer.headers).not.toHaveProperty('set-cookie')
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="gatehouse"/)
        if (can('pass refusals on')) expect(JSON.parse(answer.body)).toMatchObject({ status: 401 })
      }
    },
  },
  {
    title: '403 for whoever lacks the role, and nobody else',
    async run({ can, cookies, request }) {
      const ask = (cookie: string, accept: typeof page | typeof program) =>
        request('/admin/headers', { headers: { ...accept, cookie } })
      expect(shown(await ask(cookies.administrator, program)).get('x-user-roles')).toBe(
        'admin,user',
      )
      for (const accept of [page, program]) {
        const answer = await ask(cookies.person, accept)
        expectRefused(answer, 403)
        if (can('pass refusals on')) expect(answer.body).toMatch(/forbidden|another account/i)
      }
    },
  },
  {
    title: '429 past the quota, with the time to wait',
    async run({ cookies, request }) {
      const ask = () =>
        request('/counted/headers', { headers: { ...program, cookie: cookies.person } })
      shown(await ask())
      const answer = await ask()
      expectRefused(answer, 429)
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    },
  },
  {
    title: 'H-01 what a client claims to be does not reach the app',
    async run({ cookies, request }) {
      const twice = Object.fromEntries(identityHeaderNames.map((name) => [name, ['forged', 'too']]))
      for (const claims of [forged, twice]) {
        const headers = { ...program, ...claims, cookie: cookies.person }
        const answer = await request('/headers', { headers })
        const seen = shown(answer)
        expect(seen.get('x-user-id')).toBe(person.id)
        expect(seen.get('x-username')).toBe(person.username)
        expect(seen.get('x-service-name') ?? '').toBe('')
        if (claims === twice) seen.delete('x-request-id')
        expect([...seen.values()].join()).not.toMatch(/forged.*forged|too/)
      }
    },
  },
  {
    title: 'H-02 nor does it in disguise, by underscores or dots',
    async run({ cookies, request }) {
      for (const twin of ['X_User_Id', 'x-user_id', 'X.User.Id', 'X_FORWARDED_URI']) {
        const headers = { ...program, cookie: cookies.person, [twin]: 'forged' }
        const answer = await request('/headers', { headers })
        // The proxy itself drops it, or the gateway refuses it.
        if (answer.status === 200) expect([...shown(answer).values()]).not.toContain('forged')
        else expectRefused(answer, 400)
      }
    },
  },
  {
    title: 'H-03 where nobody has to sign in, a claim does not reach the app either',
    async run({ cookies, request }) {
      const nobody = shown(
        await request('/optional/headers', { headers: { ...program, ...forged } }),
      )
      expect(nobody.get('x-auth-kind')).toBe('anonymous')
      for (const name of ['x-user-id', 'x-username', 'x-user-roles', 'x-service-name'])
        expect(nobody.get(name) ?? '').toBe('')
      nobody.delete('x-request-id')
      expect([...nobody.values()].join()).not.toContain('forged')
      const headers = { ...program, ...forged, cookie: cookies.person }
      const known = shown(await request('/optional/headers', { headers }))
      expect(known.get('x-user-id')).toBe(person.id)
    },
  },
  {
    title: 'H-04 Connection does not take the identity away',
    async run({ cookies, request }) {
      for (const connection of ['x-user-id', 'close, X-User-Roles']) {
        const headers = { ...program, cookie: cookies.person, connection }
        const answer = await request('/headers', { headers })
        if (answer.status === 200) {
          const seen = shown(answer)
          expect([seen.get('x-user-id'), seen.get('x-user-roles')]).toEqual([person.id, 'user'])
        } else expectRefused(answer, 400)
      }
    },
  },
  {
    title: 'P-02 P-03 what a client says of its request changes nothing',
    async run({ app, auth, cookies, request }) {
      const said = {
        'x-forwarded-uri': '/optional/headers',
        'x-forwarded-method': 'OPTIONS',
        'x-forwarded-host': 'other.example.org',
        'x-forwarded-proto': 'http',
        'x-original-uri': '/optional/headers',
        'x-original-url': `${app}/optional/headers`,
        'x-original-method': 'OPTIONS',
        'x-rewrite-url': '/optional/headers',
        'x-envoy-original-path': '/optional/headers',
        forwarded: 'host=other.example.org',
      }
      const ask = (headers: Readonly<Record<string, string>>) =>
        request('/admin/headers', { headers: { ...said, ...headers } })
      expectRefused(await ask({ ...program, cookie: cookies.person }), 403)
      expectRefused(await ask(program), 401)
      const back = new URLSearchParams({ return_to: `${app}/admin/headers` })
      expect((await ask(page)).headers.location).toBe(`${auth}/auth/login?${back}`)
    },
  },
  {
    title: 'P-09 to P-16 no spelling of a path leads past its rule',
    async run({ cookies, request }) {
      for (const path of disguised) {
        for (const headers of [program, { ...program, cookie: cookies.person }]) {
          const answer = await request(path, { headers })
          expect({ path, reached: reached(answer) }).toEqual({ path, reached: undefined })
          expect([400, 401, 403, 404]).toContain(answer.status)
        }
      }
    },
  },
  {
    title: 'the app gets path and query as the client sent them',
    async run({ cookies, request }) {
      for (const path of [
        '/docs/a%20b/%C3%B8/headers?x=%2F..%2F&y=a+b',
        '/docs/~user/a:b/@me/headers?q=%%',
      ]) {
        const answer = await request(path, { headers: { ...program, cookie: cookies.person } })
        expect([answer.status, reached(answer)]).toEqual([200, path])
      }
    },
  },
  {
    title: 'a body reaches the app',
    async run({ cookies, request }) {
      const body = 'x'.repeat(100_000)
      const headers = { ...program, cookie: cookies.person, 'content-type': 'text/plain' }
      const answer = await request('/headers', { method: 'POST', headers, body })
      const seen = shown(answer)
      expect(seen.get('content-type')).toBe('text/plain')
      expect(seen.get('content-length') ?? seen.get('transfer-encoding')).toMatch(
        /^100000$|chunked/,
      )
    },
  },
  {
    title: 'P-20 only a real preflight passes, as nobody',
    async run({ app, request }) {
      const origin = app
      const asked = { origin, 'access-control-request-method': 'GET' }
      const options = (path: string, headers: Readonly<Record<string, string>>) =>
        request(path, { method: 'OPTIONS', headers: { ...headers, ...forged } })
      const seen = shown(await options('/api/headers', asked))
      expect(seen.get('x-user-id') ?? '').toBe('')
      seen.delete('x-request-id')
      expect([...seen.values()].join()).not.toContain('forged')
      expectRefused(await options('/api/headers', { origin }), 401)
      expectRefused(await options('/headers', asked), 401)
    },
  },
  {
    title: 'P-26 a WebSocket needs a session, and an origin of ours',
    async run({ app, cookies, upgrade }) {
      const cookie = cookies.person
      const open = (headers: Readonly<Record<string, string>>) =>
        upgrade('/socket', { ...webSocket, ...headers }, 'hello')
      expect(await open({ cookie, origin: app })).toEqual({ status: 101, echo: 'hello' })
      expect(await open({ origin: app })).toEqual({ status: 401 })
      expect(await open({ cookie, origin: 'https://evil.example' })).toEqual({ status: 403 })
      expect(await open({ cookie })).toEqual({ status: 403 })
    },
  },
  {
    title: 'nothing but a WebSocket becomes a connection that nobody judges any more',
    async run({ cookies, upgrade }) {
      const settings = { 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' }
      for (const asked of ['h2c', 'H2C', 'h2c, websocket']) {
        const connection = 'Upgrade, HTTP2-Settings'
        const headers = { ...program, ...settings, cookie: cookies.person, connection }
        const answer = await upgrade('/socket', { ...headers, upgrade: asked }, 'hello')
        expect({ asked, ...answer }).toEqual({ asked, status: expect.any(Number) })
        expect([200, 400, 404]).toContain(answer.status)
      }
    },
  },
  {
    title: 'by HTTP/2 all is the same: cookies in pieces, and WebSockets where they are offered',
    needs: 'speak HTTP/2',
    async run({ app, can, connectHttp2, cookies, requestHttp2 }) {
      const cookie = ['theme=dark', ...cookies.person.split('; '), 'lang=de']
      const ask = (path: string, headers: Headers) =>
        requestHttp2(path, { headers: { ...program, ...forged, ...headers } })
      expect(shown(await ask('/headers', { cookie })).get('x-user-id')).toBe(person.id)
      expectRefused(await ask('/headers', {}), 401)
      expectRefused(await ask('/admin/headers', { cookie }), 403)
      const open = (headers: Headers) =>
        connectHttp2('/socket', { 'sec-websocket-version': '13', origin: app, ...headers }, 'hello')
      const granted = await open({ cookie })
      if (!granted && !can('open WebSockets by HTTP/2')) return
      expect(granted).toEqual({ status: 200, echo: 'hello' })
      expect(await open({})).toEqual({ status: 401 })
      expect(await open({ cookie, origin: 'https://evil.example' })).toEqual({ status: 403 })
    },
  },
  {
    title: 'D-01 12 KB of other cookies: the session still counts',
    async run({ cookies, request }) {
      const others = Array.from({ length: 6 }, (_, i) => `app-${i}=${'x'.repeat(2000)}`)
      const ask = (...more: string[]) =>
        request('/headers', { headers: { ...program, cookie: [...others, ...more].join('; ') } })
      expect(shown(await ask(cookies.person)).get('x-user-id')).toBe(person.id)
      expectRefused(await ask(), 401)
    },
  },
  {
    title: 'D-01 more than anybody takes is refused, and the next request is answered',
    async run({ cookies, request }) {
      const session = { ...program, cookie: cookies.person }
      for (const size of [40_000, 100_000]) {
        const cookie = `${cookies.person}; app=${'x'.repeat(size)}`
        // A proxy may also close the connection in the middle of it.
        const asked = request('/headers', { headers: { ...session, cookie } })
        const answer = await asked.catch(() => undefined)
        if (answer) expectRefused(answer, 400, 403, 431, 500, 502, 503)
        shown(await request('/headers', { headers: session }))
      }
    },
  },
  {
    title: 'D-01 among a thousand headers no claim is overlooked',
    async run({ cookies, request }) {
      const session = { ...program, cookie: cookies.person }
      const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x-${i}`, 'x']))
      for (const claims of [forged, { X_User_Id: 'forged' }]) {
        const asked = request('/headers', { headers: { ...session, ...many, ...claims } })
        const answer = await asked.catch(() => undefined)
        if (answer?.status === 200) {
          expect(shown(answer).get('x-user-id')).toBe(person.id)
          expect(shown(answer).get('x_user_id')).toBeUndefined()
        } else if (answer) expectRefused(answer, 400, 403, 431, 500, 502, 503)
        shown(await request('/headers', { headers: session }))
      }
    },
  },
  {
    title: 'P-17 a host that nobody named reaches no app',
    async run({ app, cookies, request }) {
      const asked = { headers: { ...program, cookie: cookies.administrator } }
      const host = new URL(app).host.replace('app.', 'payroll.')
      const answer = await request('/headers', { ...asked, host }).catch(() => undefined)
      if (answer) expect(reached(answer)).toBeUndefined()
    },
  },
  {
    title: 'C-09 after a sign-out the session is over',
    async run({ app, auth, browser, request }) {
      const agent = browser()
      await signIn(agent, `${app}/`, person)
      const headers = { ...program, cookie: agent.cookies.header(new URL(app)) }
      shown(await request('/headers', { headers }))
      const left = await agent.fetch(`${auth}/auth/logout`)
      expect(new URL(left.headers.get('location') ?? '').pathname).toBe('/session/end')
      expectRefused(await request('/headers', { headers }), 401)
    },
  },
  {
    title: 'F-01 while the gateway is down, nobody passes',
    async run({ app, cookies, killGateway, request, upgrade }) {
      await killGateway()
      const session = { cookie: cookies.administrator }
      const callers = [program, page, { ...program, ...session }, { ...program, ...forged }]
      const answers = callers.flatMap((headers) =>
        ['/headers', '/optional/headers'].map((path) => request(path, { headers })),
      )
      for (const answer of await Promise.all(answers))
        expectRefused(answer, 403, 500, 502, 503, 504)
      const { status } = await upgrade(
        '/socket',
        { ...webSocket, ...session, origin: app },
        'hello',
      )
      expect([403, 500, 502, 503, 504]).toContain(status)
    },
  },
]
