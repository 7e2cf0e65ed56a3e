import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import { startForwardAuthProxy } from '../../demo/forward-auth-proxy.ts'
import { close, listen } from '../../demo/listen.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import { Agent } from '../support/agent.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A server, and every request it got. */
async function serve(answer: RequestListener) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  const port = await listen(server, 0, '127.0.0.1')
  cleanups.push(() => close(server))
  return { origin: `http://127.0.0.1:${port}`, requests, stop: () => close(server) }
}

const allow: RequestListener = (_request, response) => {
  response.writeHead(200, { 'x-user-id': 'alice', 'x-other': 'not listed' }).end('dropped')
}

async function start({
  gateway: judge = allow,
  app: answer = ((_, r) => r.end('app')) as RequestListener,
} = {}) {
  const gateway = await serve(judge)
  const app = await serve(answer)
  const idp = await serve((_request, response) => response.end('idp'))
  const proxy = await startForwardAuthProxy({
    gateway: gateway.origin,
    app: app.origin,
    unchecked: { '/idp': idp.origin },
  })
  cleanups.push(() => proxy.close())
  return { gateway, app, idp, proxy }
}

/** Bytes as they are on the wire; resolves when the other side closes. */
async function send(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(lines.join('\r\n'))
  return text(socket)
}

describe('what the gateway is asked', () => {
  test('the five headers describe the request, whatever the client says', async () => {
    const { proxy, gateway } = await start()
    await new Agent().fetch(`${proxy.origin}/a/b%2F;c?d=1`, {
      method: 'PUT',
      body: 'content',
      headers: {
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-uri': '/public',
        'x-forwarded-for': '10.0.0.1',
        'x-original-uri': '/kept',
      },
    })
    const [asked] = gateway.requests
    expect([asked?.method, asked?.url]).toEqual(['GET', '/validate'])
    expect(asked?.headers).toMatchObject({
      'x-forwarded-method': 'PUT',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(proxy.origin).host,
      'x-forwarded-uri': '/a/b%2F;c?d=1',
      'x-forwarded-for': '127.0.0.1',
      'x-original-uri': '/kept',
      host: new URL(gateway.origin).host,
    })
    expect(asked?.headers).not.toHaveProperty('content-length')
  })

  test('the path goes on exactly as the client wrote it', async () => {
    const { proxy, gateway, app } = await start()
    await send(proxy.port, [
      'GET /a/../b%2Fc//d;x?q HTTP/1.1',
      'Host: localhost',
      'Connection: close',
      '',
      '',
    ])
    expect(gateway.requests[0]?.headers['x-forwarded-uri']).toBe('/a/../b%2Fc//d;x?q')
    expect(app.requests[0]?.url).toBe('/a/../b%2Fc//d;x?q')
  })

  test('repeated headers stay repeated', async () => {
    const { proxy, gateway } = await start()
    await send(proxy.port, [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Authorization: Bearer one',
      'Authorization: Bearer two',
      'Connection: close',
      '',
      '',
    ])
    const raw = gateway.requests[0]?.rawHeaders ?? []
    expect(raw.filter((value) => value.startsWith('Bearer '))).toEqual(['Bearer one', 'Bearer two'])
  })
})

describe('a pass', () => {
  test('every identity header of the client is replaced or removed', async () => {
    const { proxy, app } = await start()
    const spoofed = Object.fromEntries(identityHeaderNames.map((name) => [name, 'evil']))
    await new Agent().fetch(proxy.origin, { headers: spoofed })
    const received = app.requests[0]?.headers ?? {}
    expect(Object.values(received)).not.toContain('evil')
    expect(received['x-user-id']).toBe('alice')
    expect(received).not.toHaveProperty('x-other')
  })

  test('a Connection header that names an identity header does not remove it', async () => {
    const { proxy, app } = await start()
    await send(proxy.port, [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Connection: x-user-id, close',
      '',
      '',
    ])
    expect(app.requests[0]?.headers['x-user-id']).toBe('alice')
  })

  test('header values keep their bytes', async () => {
    const { proxy, app } = await start({
      gateway: (_, response) => response.writeHead(200, { 'x-user-name': 'Zo\u00c3\u00ab' }).end(),
    })
    await new Agent().fetch(proxy.origin)
    expect(app.requests[0]?.headers['x-user-name']).toBe('Zo\u00c3\u00ab')
  })

  test('bodies stream both ways', async () => {
    const { proxy } = await start({ app: (request, response) => request.pipe(response) })
    const body = 'x'.repeat(1_000_000)
    expect((await new Agent().fetch(proxy.origin, { method: 'POST', body })).text).toBe(body)
  })

  test('a GET with a chunked body is one request to the app', async () => {
    const { proxy, app } = await start({ app: (request, response) => request.pipe(response) })
    const answer = await send(proxy.port, [
      'GET / HTTP/1.1',
      'Host: localhost',
      'Transfer-Encoding: chunked',
      'Connection: close',
      '',
      '5',
      'GET /',
      '0',
      '',
      '',
    ])
    expect(answer).toContain('GET /')
    expect(app.requests.map(({ url }) => url)).toEqual(['/'])
  })
})

describe('a refusal', () => {
  test('reaches the client with status, headers and body, and the app hears nothing', async () => {
    const { proxy, app } = await start({
      gateway: (_, response) =>
        response
          .writeHead(302, [
            ...['location', 'http://x/auth/login'],
            ...['set-cookie', 'a=1', 'set-cookie', 'b=2'],
          ])
          .end('sign in'),
    })
    const answer = await new Agent().fetch(`${proxy.origin}/page`)
    expect([answer.status, answer.text]).toEqual([302, 'sign in'])
    expect(answer.headers.get('location')).toBe('http://x/auth/login')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(app.requests).toHaveLength(0)
  })

  test('a relative Location is resolved against the gateway, as Traefik does', async () => {
    const { proxy, gateway } = await start({
      gateway: (_, response) => response.writeHead(302, { location: '/login' }).end(),
    })
    const answer = await new Agent().fetch(proxy.origin)
    expect(answer.headers.get('location')).toBe(`${gateway.origin}/login`)
  })

  test('a WebSocket handshake is checked and never upgraded', async () => {
    const { proxy, gateway } = await start({
      gateway: (_, response) => response.writeHead(401).end(),
    })
    const answer = await send(proxy.port, [
      'GET /ws HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade, close',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      '',
      '',
    ])
    expect(answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(gateway.requests[0]?.headers['sec-websocket-key']).toBe('dGhlIHNhbXBsZSBub25jZQ==')
  })
})

describe('routes', () => {
  test('the gateway’s public paths and unchecked prefixes go there directly', async () => {
    const { proxy, gateway, idp, app } = await start()
    const agent = new Agent()
    for (const path of [
      '/auth/login?x',
      '/api/auth/session',
      '/health',
      '/.well-known/jwks.json',
    ]) {
      await agent.fetch(proxy.origin + path)
    }
    await agent.fetch(`${proxy.origin}/idp/auth`)
    expect(gateway.requests.map(({ url }) => url)).toEqual([
      '/auth/login?x',
      '/api/auth/session',
      '/health',
      '/.well-known/jwks.json',
    ])
    expect(idp.requests.map(({ url }) => url)).toEqual(['/idp/auth'])
    expect(app.requests).toHaveLength(0)
  })

  test('a path that only begins like one is checked', async () => {
    const { proxy, app } = await start({ gateway: (_, response) => response.writeHead(401).end() })
    for (const path of ['/authors', '/%61uth/login', '//auth/', '/idpx', '/validate']) {
      expect((await new Agent().fetch(proxy.origin + path)).status, path).toBe(401)
    }
    expect(app.requests).toHaveLength(0)
  })
})

describe('faults', () => {
  test('no gateway: 500, and the app hears nothing', async () => {
    const { proxy, gateway, app } = await start()
    await gateway.stop()
    expect((await new Agent().fetch(proxy.origin)).status).toBe(500)
    expect(app.requests).toHaveLength(0)
  })

  test('no app: 502', async () => {
    const { proxy, app } = await start()
    await app.stop()
    expect((await new Agent().fetch(proxy.origin)).status).toBe(502)
  })

  test('a client that leaves takes its request to the app with it, and the proxy lives', async () => {
    const reached = Promise.withResolvers<IncomingMessage>()
    const left = Promise.withResolvers<void>()
    const { proxy } = await start({
      app: (request, response) => {
        if (request.url !== '/slow') return void response.end('app')
        reached.resolve(request)
        response.on('close', () => left.resolve())
      },
    })
    const socket = connect(proxy.port, '127.0.0.1')
    socket.write('POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf')
    await reached.promise
    socket.destroy()
    await left.promise
    expect((await new Agent().fetch(proxy.origin)).text).toBe('app')
  })

  test('an app that breaks off in the middle breaks off the client', async () => {
    const { proxy } = await start({
      app: (_, response) => {
        response.write('half', () => response.destroy())
      },
    })
    await expect(new Agent().fetch(proxy.origin)).rejects.toThrow()
    await expect(new Agent().fetch(`${proxy.origin}/health`)).resolves.toMatchObject({
      status: 200,
    })
  })
})
