import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { freePort } from '../../../demo/free-port.ts'
import { close, listen } from '../../../demo/listen.ts'
import { recipe } from '../../../src/cli/recipes/recipes.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { all, handlerLua, type Lines, type Sent, throughKong } from './kong.ts'

const validateUrl = 'http://gatehouse:8080/validate'

/** The two ways into Kong, as Lua that returns the function of the phase. */
const ways: Readonly<Record<string, (url: string, identity?: readonly string[]) => string>> = {
  'the plugin': (url, identity = all) => `
    local plugin = (function() ${handlerLua} end)()
    return function()
      return plugin:access({
        validate_url = "${url}", connect_timeout = 1000, read_timeout = 400, keepalive_timeout = 60000,
        ssl_verify = true, own_pages = false,
        identity_headers = { ${identity.map((name) => `"${name}"`).join(', ')} },
      })
    end`,
  'the pre-function': (url, identity = all) =>
    preFunction(identity).replace(validateUrl, url).replace('15000', '400'),
}

/** What Kong reads of the recipe. */
function preFunction(identity: readonly string[]): string {
  const [, second] = parseAllDocuments(recipe('kong', { identity, passesToken: false }) ?? '')
  return String(second?.getIn(['plugins', 0, 'config', 'access', 0]))
}

let site: TestGateway
let cookie: string
let host: string
beforeAll(async () => {
  site = await startTestGateway({ env: { PROXY: 'kong' } })
  const { agent } = await site.signIn()
  cookie = agent.cookies.header(new URL(site.url))
  host = new URL(site.url).host
})
afterAll(() => site[Symbol.asyncDispose]())

const valuesOf = (lines: Lines | undefined, wanted: string) =>
  lines?.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
const page = ['Accept', 'text/html'] as const

describe.each(Object.entries(ways))('%s', (_way, access) => {
  const send = (headers: Lines, more: Omit<Sent, 'headers'> = {}) =>
    throughKong(access(`${site.gateway.origin}/validate`), {
      headers: [['Host', host], ...headers],
      ...more,
    })

  test('H-01 a request with a session passes with the identity, whatever the client claims', async () => {
    const forged = all.map((name) => [name.toUpperCase(), 'forged'] as const)
    const { app } = await send([...forged, ...forged, ['Cookie', cookie], ['X-Own', 'kept']])
    expect(valuesOf(app, 'x-username')).toEqual(['alice'])
    expect(valuesOf(app, 'x-user-roles')).toEqual(['admin,user'])
    expect(valuesOf(app, 'x-service-name')).toEqual([])
    expect(valuesOf(app, 'x-auth-assertion')).toEqual([])
    expect(valuesOf(app, 'x-own')).toEqual(['kept'])
    expect(app?.map(([, value]) => value)).not.toContain('forged')
  })

  test('H-02 a twin of a reserved header is refused, and others are the app’s own', async () => {
    for (const twin of ['X_User_Id', 'x-user_id', 'X.Username', 'x_forwarded_uri']) {
      const { answer } = await send([
        ['Cookie', cookie],
        [twin, '/forged'],
      ])
      expect(answer?.status).toBe(400)
    }
    const { app } = await send([
      ['Cookie', cookie],
      ['content_length', '5'],
      ['x_own', 'kept'],
    ])
    expect(valuesOf(app, 'x_own')).toEqual(['kept'])
  })

  test('H-04 Connection does not take the identity away', async () => {
    for (const named of ['X-User-Id', 'keep-alive , x-auth-kind', 'x-forwarded-uri']) {
      const { answer } = await send([
        ['Cookie', cookie],
        ['Connection', named],
      ])
      expect(answer?.status).toBe(400)
    }
    const twice = [
      ['Connection', 'close'],
      ['Connection', 'x-user-id'],
    ] as const
    expect((await send([['Cookie', cookie], ...twice])).answer?.status).toBe(400)
    const { app } = await send([
      ['Cookie', cookie],
      ['Connection', 'keep-alive, X-Own'],
    ])
    expect(valuesOf(app, 'x-username')).toEqual(['alice'])
  })

  test('P-02 what the client says of its request is not looked at', async () => {
    const said = [
      ['X-Forwarded-Uri', '/other'],
      ['X-Forwarded-Host', 'other.example.com'],
      ['X-Forwarded-Method', 'POST'],
      ['X-Forwarded-Proto', 'ws'],
    ] as const
    const { answer } = await send([...said, ...said, page])
    expect(answer?.status).toBe(302)
    const location = new URL(valuesOf(answer?.headers, 'location')?.[0] ?? '')
    expect(location.searchParams.get('return_to')).toBe(`${site.url}/page?x=1`)
  })

  test('P-09 P-10 the path is the one that the app gets, the query is as received', async () => {
    const { answer } = await send([page], {
      target: '/a/../%61dmin//x%20y%2f%C3%B8?q=%2e%2E//%20',
    })
    const location = new URL(valuesOf(answer?.headers, 'location')?.[0] ?? '')
    expect(location.searchParams.get('return_to')).toBe(
      `${site.url}/admin/x%20y%2F%C3%B8?q=%2e%2E//%20`,
    )
  })

  test('a form is sent to sign in with 303', async () => {
    const { answer } = await send([page], { method: 'POST' })
    expect(answer?.status).toBe(303)
  })

  test('a program is told what it lacks', async () => {
    const { answer } = await send([
      ['Accept', '*/*'],
      ['Origin', site.url],
    ])
    expect(answer?.status).toBe(401)
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'unauthenticated' })
    for (const [name, value] of Object.entries({
      'www-authenticate': 'Bearer realm="gatehouse"',
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'access-control-allow-origin': site.url,
    }))
      expect(valuesOf(answer?.headers, name)).toEqual([value])
    expect(valuesOf(answer?.headers, 'content-length')).toEqual([])
  })

  test('two Authorization headers reach the gateway as two', async () => {
    const { answer } = await send([
      ['Authorization', 'Bearer a'],
      ['Authorization', 'Bearer b'],
    ])
    expect(answer?.status).toBe(400)
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ code: 'conflicting_credentials' })
  })

  test('P-26 a WebSocket handshake is judged as one', async () => {
    const handshake = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['Sec-WebSocket-Version', '13'],
    ] as const
    const { app } = await send([...handshake, ['Cookie', cookie], ['Origin', site.url]])
    expect(valuesOf(app, 'x-username')).toEqual(['alice'])
    const foreign = await send([
      ...handshake,
      ['Cookie', cookie],
      ['Origin', 'https://evil.example'],
    ])
    expect(foreign.answer?.status).toBe(403)
    expect((await send([...handshake, page])).answer?.status).toBe(401)
  })

  test('more headers than Kong counts are refused', async () => {
    const many = Array.from({ length: 999 }, (_, i) => [`x-${i}`, ''] as const)
    const { answer } = await send([...many, ['Cookie', cookie], ['X_User_Id', 'forged']])
    expect(answer).toMatchObject({ status: 431 })
    const { app } = await send([...many.slice(10), ['Cookie', cookie]])
    expect(valuesOf(app, 'x-username')).toEqual(['alice'])
  })

  test('P-01 a request without a host is refused, whatever the client names', async () => {
    const { answer } = await throughKong(access(`${site.gateway.origin}/validate`), {
      headers: [
        ['Cookie', cookie],
        ['X-Forwarded-Host', host],
      ],
    })
    expect(answer?.status).toBe(400)
  })

  describe('where something else answers', () => {
    const answered = async (
      handle: (request: IncomingMessage, response: ServerResponse) => void,
    ) => {
      const server = createServer(handle)
      const port = await listen(server, 0, '127.0.0.1')
      try {
        const url = access(`http://127.0.0.1:${port}/validate`, ['x-user-id', 'authorization'])
        const own = [
          ['Host', host],
          ['x-user-id', 'forged'],
          ['Authorization', 'Basic b3du'],
        ] as const
        return await throughKong(url, { headers: own })
      } finally {
        server.closeAllConnections()
        await close(server)
      }
    }

    test('nobody passes without it', async () => {
      const port = await freePort(0, '127.0.0.1')
      const gone = await throughKong(access(`http://127.0.0.1:${port}/validate`), {
        headers: [['Host', host]],
      })
      expect(gone.answer?.status).toBe(503)
      expect(gone.logged).toEqual([expect.stringContaining('the gateway did not answer')])
    })

    test('nobody passes while it says nothing', async () => {
      expect((await answered(() => {})).answer?.status).toBe(503)
    })

    test.each([201, 204, 206, 304])('P-27 %i is no pass', async (status) => {
      const { answer } = await answered((_, response) => void response.writeHead(status).end())
      expect(answer?.status).toBe(503)
    })

    test('every cookie of a refusal reaches the client', async () => {
      const { answer } = await answered((_, response) => {
        response
          .writeHead(403, { 'set-cookie': ['a=1; Path=/', 'b=2'], 'retry-after': '5' })
          .end('no')
      })
      expect(answer).toMatchObject({ status: 403, body: 'no' })
      expect(valuesOf(answer?.headers, 'set-cookie')).toEqual(['a=1; Path=/', 'b=2'])
      expect(valuesOf(answer?.headers, 'retry-after')).toEqual(['5'])
    })

    test('H-01 a header that the answer leaves out, or has twice, stays cleared', async () => {
      const left = await answered((_, response) => void response.end())
      expect(valuesOf(left.app, 'x-user-id')).toEqual([])
      expect(valuesOf(left.app, 'authorization')).toEqual([])
      const twice = await answered((_, response) => {
        response.writeHead(200, { 'x-user-id': ['a', 'b'], authorization: 'Bearer token' }).end()
      })
      expect(valuesOf(twice.app, 'x-user-id')).toEqual([])
      expect(valuesOf(twice.app, 'authorization')).toEqual(['Bearer token'])
    })

    test('the client’s credentials are asked about, with the description and no body', async () => {
      let asked: IncomingMessage | undefined
      await answered((request, response) => {
        asked = request
        response.end()
      })
      expect(asked).toMatchObject({ method: 'GET', url: '/validate' })
      expect(asked?.headers).toMatchObject({
        authorization: 'Basic b3du',
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': host,
        'x-forwarded-uri': '/page?x=1',
        'x-forwarded-for': '198.51.100.7',
      })
      expect(asked?.headers.host).not.toBe(host)
      expect(asked?.headers).not.toHaveProperty('content-length')
    })
  })
})
