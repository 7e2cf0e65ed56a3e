import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway({
    env: {
      PUBLIC_URL: 'https://auth.example.com',
      COOKIE_DOMAIN: 'example.com',
      APP_HOSTS: 'app.example.com,*.apps.example.com',
    },
  })
})
afterAll(() => site[Symbol.asyncDispose]())

const ours = ['https://auth.example.com', 'https://app.example.com', 'https://a.b.apps.example.com']
const foreign = [
  'https://evil.example',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://example.com',
  'https://apps.example.com',
  'https://app.example.com.evil.example',
  'null',
  'https://app.example.com/',
  'app.example.com',
  '',
]

const routes: [string, string][] = ['', '/api'].flatMap((prefix): [string, string][] => [
  ['GET', `${prefix}/auth/session`],
  ['POST', `${prefix}/auth/session/refresh`],
  ['GET', `${prefix}/auth/login-url?redirect_uri=/x`],
  ['POST', `${prefix}/auth/logout`],
  ['GET', `${prefix}/session`],
])

const ask = (method: string, path: string, headers: Record<string, string>) =>
  rawRequest(site.gateway.origin, method, path, {
    Host: 'auth.example.com',
    Accept: 'application/json',
    ...headers,
  })

const varies = ({ headers }: RawAnswer) => headers.vary?.split(/\s*,\s*/) ?? []

describe('CORS with credentials', () => {
  test.each(routes)('%s %s, for pages of apps and of the gateway', async (method, path) => {
    for (const origin of ours) {
      const answer = await ask(method, path, { Origin: origin })
      expect(answer.status, origin).toBeLessThan(500)
      expect(answer.headers, origin).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      })
      expect(varies(answer), origin).toContain('Origin')
    }
  })

  test.each(routes)('%s %s, for no page elsewhere', async (method, path) => {
    for (const origin of foreign) {
      const answer = await ask(method, path, { Origin: origin })
      expect(answer.headers, origin).not.toHaveProperty('access-control-allow-origin')
      expect(answer.headers, origin).not.toHaveProperty('access-control-allow-credentials')
      expect(varies(answer), origin).toContain('Origin')
    }
  })

  test.each(routes)('the preflight of %s %s is answered alike', async (method, path) => {
    const asked = {
      'Access-Control-Request-Method': method,
      'Access-Control-Request-Headers': 'content-type',
    }
    for (const origin of ours) {
      const answer = await ask('OPTIONS', path, { Origin: origin, ...asked })
      expect([answer.status, answer.body], origin).toEqual([204, ''])
      expect(answer.headers, origin).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '600',
      })
      expect(varies(answer), origin).toContain('Origin')
    }
    for (const origin of foreign) {
      const answer = await ask('OPTIONS', path, { Origin: origin, ...asked })
      expect(answer.headers, origin).not.toHaveProperty('access-control-allow-origin')
    }
  })

  test.each([
    ['GET', '/auth/callback'],
    ['GET', '/auth/'],
    ['POST', '/auth/sessions/end'],
    ['POST', '/auth/backchannel-logout'],
    ['GET', '/health'],
  ])('not on %s %s', async (method, path) => {
    const answer = await ask(method, path, { Origin: 'https://app.example.com' })
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('CORS on refusals of /validate', () => {
  const validate = (headers: Record<string, string>) =>
    site.validate({
      'X-Forwarded-Host': 'app.example.com',
      'X-Forwarded-Proto': 'https',
      Accept: 'application/json',
      ...headers,
    })

  test('so that a page of an app can read why', async () => {
    for (const origin of ours) {
      const answer = await validate({ Origin: origin })
      expect(answer.status).toBe(401)
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      })
      expect(answer.rawHeaders.join(' ')).toContain('Origin')
    }
  })

  test('and no other page', async () => {
    for (const origin of foreign) {
      const answer = await validate({ Origin: origin })
      expect(answer.status, origin).toBe(401)
      expect(answer.headers, origin).not.toHaveProperty('access-control-allow-origin')
    }
  })
})
