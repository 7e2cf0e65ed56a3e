import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DatabaseFile, databaseFile } from '../../support/database-file.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { startReplica } from '../../support/replica.ts'

let database: DatabaseFile
let site: TestGateway
let cookie: string
beforeAll(async () => {
  database = await databaseFile()
  site = await startTestGateway({ env: { STORE_URL: database.url } })
  const { agent } = await site.signIn()
  cookie = agent.cookies.header(new URL(site.url))
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

/** Origins that are not the app's, however much they look like it. */
const foreign = () => [
  undefined,
  '',
  'null',
  'https://evil.example',
  site.url.replace('http:', 'https:'),
  site.url.toUpperCase(),
  `${site.url}/`,
  `${site.url}.evil.example`,
  site.url.replace('localhost', 'localhost.'),
  site.url.replace('localhost', 'evil-localhost'),
  site.url.replace('localhost', 'user@localhost'),
  `${site.url}, ${site.url}`,
  'http://127.0.0.1',
  'chrome-extension://abcdef',
]

describe('a WebSocket handshake', () => {
  const handshakes: readonly Readonly<Record<string, string>>[] = [
    { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version': '13' },
    { 'Sec-WebSocket-Version': '13' },
    { 'Sec-Fetch-Mode': 'websocket' },
    { 'X-Forwarded-Proto': 'ws' },
    { 'X-Forwarded-Proto': 'wss' },
  ]

  test.each(handshakes)('P-26 %j by session needs an Origin of an app', async (handshake) => {
    expectPass(await site.validate({ ...handshake, Cookie: cookie, Origin: site.url }))
    for (const Origin of foreign()) {
      const answer = await site.validate({ ...handshake, Cookie: cookie, Origin })
      expectRefusal(answer, 'csrf')
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  test.each(handshakes)('P-26 %j without a session is 401, never a redirect', async (handshake) => {
    for (const Origin of [site.url, 'https://evil.example']) {
      expectRefusal(await site.validate({ ...handshake, Origin }), 'unauthenticated')
    }
  })
})

describe('a request that changes something', () => {
  const unsafe = ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH', 'QUERY']
  const ask = (proxy: Pick<TestGateway, 'validate'>, method: string, Origin?: string) =>
    proxy.validate({ 'X-Forwarded-Method': method, Cookie: cookie, Origin, Accept: '*/*' })

  test('C-19 with CSRF_CHECK its Origin must be an app’s', async () => {
    await using checking = await startReplica(site, { csrfCheck: true })
    for (const method of unsafe) {
      expectPass(await ask(checking, method, site.url))
      expectRefusal(await ask(checking, method), 'csrf')
    }
    for (const origin of foreign()) expectRefusal(await ask(checking, 'POST', origin), 'csrf')
  })

  test('C-19 with CSRF_CHECK one that only reads passes from anywhere', async () => {
    await using checking = await startReplica(site, { csrfCheck: true })
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) {
      expectPass(await ask(checking, method, 'https://evil.example'))
      expectPass(await ask(checking, method))
    }
  })

  test('C-19 with SameSite=None the check is always on', async () => {
    const [first] = site.settings.sites
    await using none = await startReplica(site, { sites: [{ ...first, cookieSameSite: 'none' }] })
    expectRefusal(await ask(none, 'POST', 'https://evil.example'), 'csrf')
    expectPass(await ask(none, 'POST', site.url))
  })

  test('C-19 without the check SameSite=Lax is what there is', async () => {
    expectPass(await ask(site, 'POST', 'https://evil.example'))
  })

  test('C-19 without a session the sign-in comes first', async () => {
    await using checking = await startReplica(site, { csrfCheck: true })
    const headers = { 'X-Forwarded-Method': 'POST', Accept: '*/*', Origin: 'https://evil.example' }
    expectRefusal(await checking.validate(headers), 'unauthenticated')
  })
})
