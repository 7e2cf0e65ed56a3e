import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deriveKeys } from '../../../src/lib/seal.ts'
import { SessionCookies } from '../../../src/sessions/session-cookie.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { expectPass, expectRefusal, expectSignIn } from '../../support/decisions.ts'
import { sessionSecret, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { rawRequest } from '../../support/raw-request.ts'
import { storeCounts } from '../../support/store-counts.ts'

let site: TestGateway
/** The value of a live session's cookie. */
let live: string
beforeAll(async () => {
  site = await startTestGateway()
  const { agent } = await site.signIn()
  live = agent.cookies.get(site.url, 'gatehouse') ?? ''
  expect(live).toMatch(/^[\w-]{32}\.[\w-]{43}$/)
})
afterAll(() => site[Symbol.asyncDispose]())

const showSession = (Cookie: string) =>
  rawRequest(site.gateway.origin, 'GET', '/auth/session', { Cookie })

/** As good as no cookie at all, on every route, and found out without asking the store. */
async function expectNoSession(Cookie: string) {
  const before = await storeCounts(site.gateway)
  expectSignIn(await site.validate({ Cookie }), site.url, `${site.url}/page?x=1`)
  expectRefusal(await site.validate({ Cookie, Accept: '*/*' }), 'unauthenticated')
  const shown = await showSession(Cookie)
  expect([shown.status, JSON.parse(shown.body).code]).toEqual([401, 'unauthenticated'])
  expect(await storeCounts(site.gateway)).toEqual(before)
}

/** A cookie value that verifies, of a session that is not there. */
const signedFor = (instance?: string) => {
  const [own] = site.settings.sites
  return new SessionCookies([sessionSecret]).mint(instance ? { ...own, instance } : own).value
}

describe('C-01 a cookie that is not as it was made', () => {
  test('C-01 with any one character changed', async () => {
    for (let at = 0; at < live.length; at += 1) {
      const other = live[at] === 'A' ? 'B' : 'A'
      const Cookie = `gatehouse=${live.slice(0, at)}${other}${live.slice(at + 1)}`
      expectRefusal(await site.validate({ Cookie, Accept: '*/*' }), 'unauthenticated')
    }
  })

  const altered: Readonly<Record<string, (value: string) => string>> = {
    empty: () => '',
    'without its signature': (value) => value.slice(0, 33),
    'without its id': (value) => value.slice(32),
    'a character short': (value) => value.slice(0, -1),
    'a character long': (value) => `${value}A`,
    padded: (value) => `${value}=`,
    'signed twice': (value) => `${value}${value.slice(32)}`,
    'in quotes': (value) => `"${value}"`,
    'with a space': (value) => `${value} `,
    'with its dot escaped': (value) => value.replace('.', '%2E'),
    'with a letter escaped': (value) => `%${value.charCodeAt(0).toString(16)}${value.slice(1)}`,
    'in base64': (value) => Buffer.from(value).toString('base64'),
    'in hexadecimal': (value) => Buffer.from(value).toString('hex'),
    'in upper case': (value) => value.toUpperCase(),
    'under another id': (value) => `${'A'.repeat(32)}${value.slice(32)}`,
    // 43 characters hold two bits more than 32 bytes need.
    'with the same bytes in other letters': (value) => {
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      return value.slice(0, -1) + letters[letters.indexOf(value.at(-1) ?? '') ^ 1]
    },
  }
  test.each(Object.keys(altered))('C-01 %s', async (name) => {
    await expectNoSession(`gatehouse=${altered[name]?.(live)}; other=1`)
  })
})

describe('C-02 another secret of the gateway as session cookie', () => {
  test('C-02 cookies and state of a sign-in', async () => {
    const agent = new Agent()
    const callback = await callbackUrl(agent, `${site.url}/auth/login`)
    const names = agent.cookies.names(site.url).filter((name) => name.startsWith('gatehouse-'))
    expect(names).toHaveLength(1)
    const values = names.map((name) => agent.cookies.get(site.url, name))
    for (const value of [...values, callback.searchParams.get('state'), sessionSecret]) {
      await expectNoSession(`gatehouse=${value}`)
    }
  })

  test('C-02 a signature by the key of another purpose', async () => {
    const [id = ''] = live.split('.')
    const [{ instance }] = site.settings.sites
    for (const purpose of ['state', 'session-record', 'login', '']) {
      const [key = ''] = deriveKeys([sessionSecret], purpose)
      const mac = createHmac('sha256', key).update(`session\n${instance}\n${id}`)
      await expectNoSession(`gatehouse=${id}.${mac.digest('base64url')}`)
    }
  })

  test('C-02 the public id of the session', async () => {
    const answer = await site.validate({ Cookie: `gatehouse=${live}` })
    await expectNoSession(`gatehouse=${answer.headers['x-session-id']}.${live.slice(33)}`)
  })
})

test('C-03 a cookie of another instance, cookie scope or environment, by the same secret', async () => {
  const [{ instance, origin }] = site.settings.sites
  expectRefusal(
    await site.validate({ Cookie: `gatehouse=${signedFor(instance)}`, Accept: '*/*' }),
    'session_expired',
  )
  const others = ['', origin, `${origin} example.com`, instance.replace('http:', 'https:')]
  for (const other of [...others, `${instance} `]) {
    const value = new SessionCookies([sessionSecret]).mint({
      ...site.settings.sites[0],
      instance: other,
    }).value
    await expectNoSession(`gatehouse=${value}`)
  }
})

describe('C-05 two session cookies', () => {
  const both = (one: string, other: string) => [
    `gatehouse=${one}; gatehouse=${other}`,
    `gatehouse=${other}; x=1; gatehouse=${one}`,
  ]

  test('C-05 that both verify are a contradiction, in either order, with no redirect', async () => {
    for (const Cookie of both(live, signedFor())) {
      expectRefusal(await site.validate({ Cookie, Accept: '*/*' }), 'conflicting_credentials')
      const page = await site.validate({ Cookie })
      expect([page.status, page.headers.location]).toEqual([400, undefined])
      expect(page.body).toContain('400 conflicting_credentials')
      expect((await showSession(Cookie)).status).toBe(401)
    }
  })

  test('C-05 of which one was planted: the forged one does not count', async () => {
    for (const Cookie of both(live, `${'A'.repeat(32)}.${'A'.repeat(43)}`)) {
      expectPass(await site.validate({ Cookie }))
      expect((await showSession(Cookie)).status).toBe(200)
    }
  })

  test('C-05 that are the same are one, and two forged ones are none', async () => {
    expectPass(await site.validate({ Cookie: `gatehouse=${live}; gatehouse=${live}` }))
    await expectNoSession('gatehouse=a; gatehouse=b')
  })
})

test.each([
  'Gatehouse=LIVE',
  'GATEHOUSE=LIVE',
  '__Host-gatehouse=LIVE',
  '__host-gatehouse=LIVE',
  'gatehouse =LIVE',
  'x=1;\tgatehouse=LIVE',
  'x\tgatehouse=LIVE',
  '\u00a0gatehouse=LIVE',
  // U+2000 in UTF-8, as browsers would send it.
  '\xe2\x80\x80gatehouse=LIVE',
  'xgatehouse=LIVE',
  'gatehouse2=LIVE',
  'gatehouse[]=LIVE',
  'gate%68ouse=LIVE',
  '"gatehouse"=LIVE',
  'gatehouse',
  'x=y gatehouse=LIVE',
  'x=gatehouse=LIVE',
  'x=1,gatehouse=LIVE',
  'x=1, gatehouse=LIVE',
  'x="; gatehouse=LIVE"',
  '=gatehouse=LIVE',
])('C-06 %j is another name', (Cookie) => expectNoSession(Cookie.replace('LIVE', live)))

test.each(['$Version="1"; gatehouse=LIVE; $Path="/"', ';; gatehouse=LIVE;', 'a;gatehouse=LIVE'])(
  'C-06 %j holds the cookie by its exact name',
  async (Cookie) => expectPass(await site.validate({ Cookie: Cookie.replace('LIVE', live) })),
)

test('C-13 hundreds of cookies of the name, thousands of others, and what is no cookie', async () => {
  const forged = (i: number) => `gatehouse=${String(i).padStart(32, 'A')}.${live.slice(33)}`
  const many = Array.from({ length: 300 }, (_, i) => forged(i)).join('; ')
  await expectNoSession(many)
  expectPass(await site.validate({ Cookie: `${many}; gatehouse=${live}` }))
  for (const filler of ['a=b;', ';', '=', ' ', 'gatehouse;', 'gatehouse=gatehouse=']) {
    await expectNoSession(filler.repeat(20_000 / filler.length))
  }
})

describe('C-14 names of the prototype', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']

  test('C-14 as cookies', async () => {
    const cookies = names.map((name) => `${name}=${name}`).join('; ')
    await expectNoSession(cookies)
    expectPass(await site.validate({ Cookie: `${cookies}; gatehouse=${live}` }))
    for (const path of ['/auth/login', '/auth/', '/auth/callback?code=x&state=abcdefgh.x']) {
      const answer = await rawRequest(site.gateway.origin, 'GET', path, { Cookie: cookies })
      expect(answer.status, path).toBeLessThan(500)
    }
  })

  test('C-14 as headers and parameters', async () => {
    const { origin } = site.gateway
    const Cookie = `gatehouse=${live}`
    for (const name of names) {
      expectPass(await site.validate({ Cookie, [name]: 'x' }))
      const login = await rawRequest(origin, 'GET', `/auth/login?${name}=1&${name}[x]=1`, {})
      expect(login.status, name).toBe(302)
      const form = { Cookie, 'Content-Type': 'application/x-www-form-urlencoded' }
      const ended = await rawRequest(origin, 'POST', '/auth/sessions/end', form, `${name}=1`)
      expect(ended.status, name).toBe(400)
    }
    const json = { Cookie, 'Content-Type': 'application/json' }
    const body = '{"__proto__":{"all":true}}'
    expect((await rawRequest(origin, 'POST', '/auth/sessions/end', json, body)).status).toBe(400)
    expect(Object.hasOwn(Object.prototype, 'all')).toBe(false)
    expectPass(await site.validate({ Cookie }))
  })
})

describe('C-18 a session cookie beside another credential', () => {
  const Cookie = () => `gatehouse=${live}`

  test.each(['Bearer x', 'bearer x.y.z', 'BEARER  x', 'Bearer', 'Bearer a,b'])(
    'C-18 %j decides alone, and is refused',
    async (Authorization) => {
      const answer = await site.validate({ Authorization, Cookie: Cookie() })
      expectRefusal(answer, 'invalid_token')
    },
  )

  test.each(['Basic dXNlcjpwYXNz', 'Digest x', 'BearerX y', 'Negotiate', 'token x'])(
    'C-18 %j is the app’s own, and the session decides',
    async (Authorization) => {
      expectPass(await site.validate({ Authorization, Cookie: Cookie() }))
      expectRefusal(await site.validate({ Authorization }), 'unauthenticated')
    },
  )

  test('C-18 two Authorization headers contradict each other, whatever they say', async () => {
    for (const Authorization of [
      ['Bearer x', 'Basic y'],
      ['Basic y', 'Bearer x'],
      ['Basic y', 'Basic y'],
      ['', ''],
    ]) {
      const answer = await site.validate({ Authorization, Cookie: Cookie() })
      expectRefusal(answer, 'conflicting_credentials')
    }
  })
})

test.each([
  'sessions:*',
  '*',
  'a:b',
  '../../etc/passwd',
  '%0d%0aDEL%20x',
  `${'*'.repeat(32)}.${'A'.repeat(43)}`,
  `${'a:'.repeat(16)}.${'A'.repeat(43)}`,
  "' OR 1=1 --",
  '{"$gt":""}',
  '\x80\xff',
])('C-20 the id %j never gets to the store', (id) => expectNoSession(`gatehouse=${id}`))
