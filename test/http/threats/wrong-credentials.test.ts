import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiKey, type Callers, keysLine, startCallers } from '../../support/callers.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import type { TestGateway } from '../../support/gateway.ts'
import { type RawAnswer, rawRequest } from '../../support/raw-request.ts'

let site: TestGateway
let callers: Callers
/** Method and path of every route of the public listener that Fastify serves. */
let routes: (readonly [method: string, path: string])[] = []
beforeAll(async () => {
  const listeners: (typeof routes)[] = []
  const collect = (message: unknown) => {
    const found: typeof routes = []
    listeners.push(found)
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRoute', ({ method, path }) => {
      for (const one of [method].flat()) found.push([one, path])
    })
  }
  subscribe('fastify.initialization', collect)
  const started = await startCallers({ file: () => `${keysLine}\ndefault: { access: any }` })
  unsubscribe('fastify.initialization', collect)
  site = started.site
  callers = started.callers
  routes = listeners.find((found) => found.some(([, path]) => path === '/auth/login')) ?? []
})
afterAll(() => site[Symbol.asyncDispose]())

const cookieOf = (headers: Readonly<Record<string, string>>) =>
  /gatehouse=([^;]+)/.exec(headers.Cookie ?? '')?.[1] ?? ''

/** Ways to write a value that lenient readers take for it, and values that are near it. */
function near(value: string): string[] {
  const last = value.at(-1) ?? ''
  const bytes = Buffer.from(value)
  const flipped = String.fromCharCode((bytes[bytes.length - 1] ?? 0) ^ 1)
  return [
    value.slice(0, -1),
    value.slice(0, 20),
    value.slice(1),
    `${value}A`,
    `${value}${last}`,
    `${value}=`,
    `${value}==`,
    `${value.slice(0, -1)}${flipped}`,
    `${value.slice(0, -1)}%${bytes.at(-1)?.toString(16)}`,
    `"${value}"`,
    `${value}%00`,
    `${value}.${value}`,
    value.toUpperCase(),
    value.replaceAll('-', '+').replaceAll('_', '/').concat('='),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(value).concat('%20'),
    `${value.slice(0, -1)}\xe9`,
    'x'.repeat(8_000),
  ]
}

describe('S-01 no route takes a credential that is wrong', () => {
  const forged = (): Readonly<Record<string, string>>[] => [
    { Cookie: `gatehouse=${cookieOf(callers.session).slice(0, -2)}AA` },
    { Cookie: `gatehouse=${'A'.repeat(32)}.${'A'.repeat(43)}` },
    { Authorization: 'Bearer e30.e30.e30' },
    { Authorization: `Bearer ${apiKey}x` },
    { Authorization: `Basic ${Buffer.from(`x:${apiKey}x`).toString('base64')}` },
    { 'X-Api-Key': `${apiKey}x` },
    { 'X-Authz-Signature': 'x', 'X-Authz-Ts': '1', 'X-User-Id': 'x', 'X-Auth-Kind': 'user' },
  ]

  /** What differs from one answer to the next, whoever asks. */
  const comparable = ({ status, body, headers }: RawAnswer) => {
    const text = body.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[\w-]{43,}/g, '')
    const { location, 'content-type': type } = headers
    return [status, location?.replace(/\?.*/, ''), type, text]
  }

  test('S-01 all are known', () => {
    const paths = new Set(routes.map(([, path]) => path))
    expect(paths.size).toBeGreaterThan(15)
    for (const path of ['/auth/session', '/api/session', '/auth/logout', '/health'])
      expect(paths).toContain(path)
  })

  test('S-01 each answers as it does to nobody, without a word of anybody', async () => {
    for (const [method, path] of routes) {
      const ask = (headers: Readonly<Record<string, string>>) =>
        rawRequest(site.gateway.origin, method, path.replaceAll(/[:*]\w*/g, 'default'), {
          Host: new URL(site.url).host,
          Accept: '*/*',
          ...(method === 'POST' && { Origin: site.url, 'Content-Length': '0' }),
          ...headers,
        })
      const toNobody = comparable(await ask({}))
      for (const headers of forged()) {
        const answer = await ask(headers)
        expect(comparable(answer), `${method} ${path} ${JSON.stringify(headers)}`).toEqual(toNobody)
        expect(JSON.stringify(answer)).not.toMatch(/alice|x-user-|x-auth-kind|backup/i)
      }
    }
  })

  test('S-01 the routes that decide refuse it, under each of their addresses', async () => {
    for (const path of ['/validate', '/api/auth/validate', '/validate/allow/*', '/validate?x=1']) {
      for (const headers of forged()) {
        const answer = await site.validate({ Accept: '*/*', ...headers }, { path })
        expect(answer.status, `${path} ${JSON.stringify(headers)}`).toBe(401)
        expect(JSON.stringify(answer.rawHeaders)).not.toMatch(/x-user-|x-auth-kind|x-authz/i)
      }
    }
  })
})

describe('S-02 what is nearly a credential', () => {
  test('S-02 is no session, and is never an error', async () => {
    const live = cookieOf(callers.session)
    const [id = '', mac = ''] = live.split('.')
    const variants = [
      ...near(live),
      ...near(mac).map((other) => `${id}.${other}`),
      `${id}`,
      `${id}.`,
      `.${mac}`,
      `${mac}.${id}`,
    ]
    for (const value of variants) {
      const headers = { ...callers.nobody, Cookie: `gatehouse=${value}` }
      expectRefusal(await site.validate(headers), 'unauthenticated')
    }
    expectPass(await site.validate({ ...callers.nobody, Cookie: `gatehouse=${live}` }))
  })

  test('S-02 is no API key, and is never an error', async () => {
    for (const key of near(apiKey)) {
      expectRefusal(await site.validate({ ...callers.nobody, 'X-Api-Key': key }), 'invalid_token')
      const bearer = { ...callers.nobody, Authorization: `Bearer ${key}` }
      expectRefusal(await site.validate(bearer), 'invalid_token')
    }
    expectPass(await site.validate(callers.key))
  })
})
