import Fastify, { type FastifyReply } from 'fastify'
import { afterAll, describe, expect, test } from 'vitest'
import { accountPageHeaders } from '../../../../src/http/pages/page-headers.ts'
import {
  securityHeaders,
  setSecurityHeaders,
} from '../../../../src/http/plugins/security-headers.ts'

describe('security headers', async () => {
  const app = Fastify({
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      setSecurityHeaders(reply)
      reply.code(400).send({})
    },
  })
  app.register(securityHeaders)
  app.get('/json', async () => ({ ok: true }))
  app.get('/redirect', async (_request, reply) => reply.redirect('https://idp.example/'))
  app.get('/throws', async () => {
    throw new Error('bug')
  })
  app.get('/page', async (_request, reply) => reply.headers(accountPageHeaders).send('<p>'))
  app.get('/cors', async (_request, reply) => reply.header('vary', 'Origin, cookie').send({}))
  app.get('/validate', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, ['x-user-id', 'u1']).end()
  })
  await app.ready()
  afterAll(() => app.close())

  test.each([
    ['/json', 200],
    ['/redirect', 302],
    ['/throws', 500],
    ['/missing', 404],
    ['/%zz', 400],
  ])('C-12 L-17 %s %d: not stored, not framed, not sniffed', async (url, status) => {
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      vary: 'Cookie, Authorization',
      'content-security-policy':
        "default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    })
  })

  test('what a route sets is kept', async () => {
    const answer = await app.inject('/page')
    expect(answer.headers).toMatchObject(accountPageHeaders)
  })

  test('Vary is added to, not doubled', async () => {
    const answer = await app.inject('/cors')
    expect(answer.headers.vary).toBe('Origin, cookie, Authorization')
  })

  test('a hijacked reply is left alone', async () => {
    const answer = await app.inject('/validate')
    expect(answer.headers).not.toHaveProperty('content-security-policy')
    expect(answer.headers['x-user-id']).toBe('u1')
  })
})
