import { METHODS } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appMatcher } from '../../src/config/host-matcher.ts'
import { ownRouteMatcher } from '../../src/http/paths.ts'
import { acceptReturnUrl } from '../../src/oidc/return-url.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { socketExchange } from '../support/socket-exchange.ts'

let site: TestGateway
let host: string
/** A value of a session cookie that was good until its session ended. */
let ended: string
beforeAll(async () => {
  site = await startTestGateway()
  host = new URL(site.url).host
  const { agent } = await site.signIn()
  ended = agent.cookies.get(site.url, 'gatehouse') ?? ''
  await agent.fetch(`${site.url}/auth/logout`)
})
afterAll(() => site[Symbol.asyncDispose]())

/** Whatever a header can hold: every byte but line ends. */
const bytes = fc
  .string({ unit: fc.integer({ max: 0xff }).map((code) => String.fromCharCode(code)) })
  .map((text) => text.replaceAll(/[\r\n]/g, ''))
const visible = fc.string({
  unit: fc.integer({ min: 33, max: 126 }).map((c) => String.fromCharCode(c)),
})
const token = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_.!$%&*+^`|~'),
  minLength: 1,
})

const good = {
  'X-Forwarded-Method': () => fc.constantFrom('GET', 'GET', 'GET', 'HEAD', ...METHODS),
  'X-Forwarded-Proto': () => fc.constantFrom('http', 'https', 'ws', 'wss'),
  'X-Forwarded-Host': () => fc.constantFrom(host, host.toUpperCase(), 'localhost', 'evil.example'),
  'X-Forwarded-Uri': () => visible.map((text) => `/${text.replaceAll(/[#\\%]/g, '')}`),
  'X-Forwarded-For': () => fc.oneof(fc.ipV4(), fc.ipV6()),
}
type Line = readonly [name: string, value: string]

/** One of the five: mostly as it should be, now and then missing, doubled, or anything. */
const forwarded = (name: keyof typeof good): fc.Arbitrary<Line[]> => {
  const line = (value: fc.Arbitrary<string>) => value.map((text): Line => [name, text])
  return fc.oneof(
    { weight: 12, arbitrary: fc.tuple(line(good[name]())) },
    { weight: 2, arbitrary: fc.tuple(line(fc.oneof(bytes, visible))) },
    { weight: 1, arbitrary: fc.array(line(good[name]()), { maxLength: 2 }) },
  )
}

const known = [
  'Accept',
  'Accept',
  'Origin',
  'Authorization',
  'Cookie',
  'Sec-Fetch-Mode',
  'Sec-Fetch-Dest',
  'Sec-WebSocket-Key',
  'X-Requested-With',
  'Sec-Purpose',
  'X-Request-Id',
  'Connection',
  'Content-Type',
  'X-User-Id',
  'X_Forwarded_Uri',
  'X-Original-URI',
]
const usual = [
  'text/html',
  'navigate',
  'document',
  'iframe',
  'Bearer x',
  'Basic x',
  'prefetch',
  '*/*',
]
const extra: fc.Arbitrary<Line> = fc.oneof(
  fc.constant<Line>(['Accept', 'text/html']),
  fc.tuple(
    fc.oneof(fc.constantFrom(...known), token),
    fc.oneof(fc.constantFrom(...usual), bytes, visible),
  ),
)

async function send(method: string, path: string, lines: readonly Line[]): Promise<string> {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: gateway', 'Connection: close']
  for (const [name, value] of lines) head.push(`${name}: ${value}`)
  return socketExchange(site.gateway.origin, `${head.join('\r\n')}\r\n\r\n`)
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
const headerOf = (answer: string, name: string) =>
  new RegExp(`^${name}: (.*)$`, 'im').exec(answer.split('\r\n\r\n', 1)[0] ?? '')?.[1]?.trim()

test('P-21 no forwarded request makes a 5xx, or a pass without a session', async () => {
  const appOf = appMatcher(site.settings.apps, site.settings.sites)
  const urls = {
    answersFor: (host: string) => appOf(host) !== undefined,
    isOwnRoute: ownRouteMatcher(site.settings.sites, site.settings.authPath),
  }
  const seen = new Set<number>()
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND'),
      fc.tuple(...(Object.keys(good) as (keyof typeof good)[]).map(forwarded)),
      fc.array(extra, { maxLength: 6 }),
      async (method, five, extras) => {
        const answer = await send(method, '/validate', [...five.flat(), ...extras])
        const status = statusOf(answer)
        seen.add(status)
        expect([302, 303, 400, 401, 403], answer).toContain(status)
        expect(headerOf(answer, 'x-user-id')).toBeUndefined()
        const location = headerOf(answer, 'location')
        expect(location !== undefined).toBe(status === 302 || status === 303)
        if (location === undefined) return
        // Who is sent to sign in is also let in there.
        expect(location.startsWith(`${site.url}/auth/login?return_to=`)).toBe(true)
        const back = new URL(location).searchParams.get('return_to') ?? ''
        expect(acceptReturnUrl(back, site.settings.sites[0], urls)).toBe(back)
      },
    ),
    { numRuns: 1_500 },
  )
  expect([...seen].sort()).toEqual([302, 303, 400, 401, 403])
})

const cookieName = fc.oneof(
  fc.constantFrom('gatehouse', 'gatehouse-returns', 'gatehouse-login-abcdefgh', '__proto__'),
  token,
)
const base64url = fc.string({
  unit: fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
  minLength: 43,
  maxLength: 43,
})
const cookieValue = fc.oneof(
  base64url.map((text) => `${text.slice(0, 32)}.${text}`),
  base64url.map((text) => `1700000000000.${text.slice(0, 22)}`),
  base64url.map((text) => `3.${Date.now()}.${text.slice(0, 8)}`),
  fc.constant('ENDED'),
  fc.nat(75).map((at) => `ENDED.${at}`),
  bytes,
)
const cookieHeader = fc.oneof(
  fc
    .array(fc.tuple(cookieName, cookieValue), { maxLength: 12 })
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('; ')),
  bytes,
)

test('C-01 C-13 no cookie makes a 5xx, or a pass without a session', async () => {
  const proxied: Line[] = [
    ['X-Forwarded-Method', 'GET'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Uri', '/page'],
  ]
  const expected: Readonly<Record<string, readonly number[]>> = {
    '/validate': [400, 401],
    '/auth/session': [400, 401],
    '/auth/login': [302, 400],
    '/auth/': [400, 401],
    '/auth/callback?code=x&state=abcdefgh.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA': [400],
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(expected)),
      fc.array(cookieHeader, { minLength: 1, maxLength: 2 }),
      async (path, cookies) => {
        const lines = cookies.map((text): Line => ['Cookie', withEnded(text)])
        const answer = await send('GET', path, [...proxied, ...lines])
        expect(expected[path], answer).toContain(statusOf(answer))
        expect(headerOf(answer, 'x-user-id')).toBeUndefined()
      },
    ),
    { numRuns: 1_000 },
  )
})

/** The cookie of the ended session, as it was or with one character changed. */
function withEnded(text: string): string {
  return text.replaceAll(/ENDED(?:\.(\d+))?/g, (_, digits?: string) => {
    if (digits === undefined) return ended
    const at = Number(digits)
    return `${ended.slice(0, at)}${ended[at] === 'A' ? 'B' : 'A'}${ended.slice(at + 1)}`
  })
}
