import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { all, runLua } from './kong.ts'

const script = readFileSync(
  new URL('../../../deploy/haproxy/gatehouse.lua', import.meta.url),
  'utf8',
)
const stub = readFileSync(new URL('haproxy.lua', import.meta.url), 'utf8')

type Headers = Readonly<Record<string, readonly string[]>>

interface Outcome {
  readonly passed: boolean
  readonly app: Headers
  readonly answer?: { status: number; body: string; headers: [name: string, value: string][] }
  /** The headers of the call. */
  readonly call?: Headers
}

const pass = { status: 200, headers: { 'x-user-id': ['alice'], 'x-username': [''] }, body: '' }

/** What comes of one request, where the gateway answers so. */
async function through(
  headers: Headers,
  answer: { status: number; headers: Headers; body?: string } | undefined = pass,
  { action = 'gatehouse', names = '', secure = true as boolean | number } = {},
): Promise<Outcome> {
  const request = { method: 'POST', uri: '/a/../b?x=1', secure, headers }
  let call: Headers | undefined
  const asked = (_url: string, sent: Headers) => {
    call = sent
  }
  const load = `(function(...) ${script} end)(${names && `"${names}"`})`
  const source = `${stub}\n${load}\nreturn through("${action}")`
  return { ...(await runLua(source, { request, answer, asked })), call }
}

const own = { host: ['app.example.com:8443'], 'x-own': ['kept'] }

describe('the script for HAProxy', () => {
  test('H-01 takes every header of the default settings from the gateway', async () => {
    const forged = Object.fromEntries(all.map((name) => [name, ['forged', 'twice']]))
    const { passed, app } = await through({ ...own, ...forged })
    expect([passed, app]).toEqual([true, { ...own, 'x-user-id': ['alice'] }])
  })

  test('H-01 takes those it is given, and none beside them', async () => {
    const { app } = await through(
      { ...own, 'x-dept': ['forged'], 'x-user-id': ['own'], authorization: ['Basic b3du'] },
      { ...pass, headers: { 'x-dept': ['a', 'b'], authorization: ['Bearer token'] } },
      { names: 'x-dept,remote-user' },
    )
    expect(app).toEqual({ ...own, 'x-user-id': ['own'], authorization: ['Basic b3du'] })
  })

  test('takes Authorization for apps that are passed a token', async () => {
    const action = { action: 'gatehouse-token' }
    const client = { ...own, authorization: ['Basic b3du'] }
    const token = { ...pass, headers: { authorization: ['Bearer token'] } }
    expect((await through(client, token, action)).app.authorization).toEqual(['Bearer token'])
    expect((await through(client, pass, action)).app).not.toHaveProperty('authorization')
  })

  test('P-02 describes the request itself, with every header of the client', async () => {
    const { call } = await through({
      ...own,
      'x-forwarded-uri': ['/other'],
      'x-forwarded-for': ['192.0.2.1'],
      authorization: ['Bearer a', 'Bearer b'],
      cookie: ['a=1'],
      connection: ['upgrade'],
      upgrade: ['websocket'],
      'sec-websocket-key': ['key'],
      'content-length': ['5'],
      expect: ['100-continue'],
    })
    expect(call).toEqual({
      'x-own': ['kept'],
      authorization: ['Bearer a', 'Bearer b'],
      cookie: ['a=1'],
      'sec-websocket-key': ['key'],
      'x-forwarded-method': ['POST'],
      'x-forwarded-proto': ['https'],
      'x-forwarded-host': ['app.example.com:8443'],
      'x-forwarded-uri': ['/a/../b?x=1'],
      'x-forwarded-for': ['198.51.100.7'],
    })
  })

  test.each([
    [true, 'https'],
    [1, 'https'],
    [false, 'http'],
    [0, 'http'],
  ])('P-24 the scheme is that of the connection: %s is %s', async (secure, scheme) => {
    const { call } = await through(own, pass, { secure })
    expect(call?.['x-forwarded-proto']).toEqual([scheme])
  })

  test.each(['x-user-id', 'close, X-Auth-Kind', 'x-forwarded-uri'])(
    'H-04 Connection: %s is refused',
    async (named) => {
      const { passed, answer, call } = await through({ ...own, connection: ['close', named] })
      expect([passed, answer?.status, call]).toEqual([false, 400, undefined])
    },
  )

  test('more headers than a call can have are refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 78 }, (_, i) => [`x-${i}`, ['']]))
    expect((await through({ ...own, ...many })).passed).toBe(true)
    const { passed, answer } = await through({ ...own, ...many, cookie: ['a=1'] })
    expect([passed, answer?.status]).toEqual([false, 431])
  })

  test('a refusal reaches the client as it is, with every cookie', async () => {
    const headers = {
      location: ['https://auth.example.com/auth/login'],
      'set-cookie': ['a=1; Path=/', 'b=2'],
      'content-length': ['4'],
      connection: ['keep-alive'],
    }
    const { passed, answer } = await through(own, { status: 303, headers, body: 'body' })
    expect([passed, answer?.status, answer?.body]).toEqual([false, 303, 'body'])
    expect(answer?.headers.sort()).toEqual([
      ['location', 'https://auth.example.com/auth/login'],
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2'],
    ])
  })

  test.each([0, 100, 201, 204, 206, 304, 502, 504])(
    'P-27 %i lets nobody pass, and is 503',
    async (status) => {
      const { passed, answer } = await through(own, { status, headers: {} })
      expect([passed, answer?.status]).toEqual([false, 503])
    },
  )
})
