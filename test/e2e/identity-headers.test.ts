import { beforeAll, describe, expect, it } from 'vitest'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import type { Agent } from '../support/agent.ts'
import { exchange } from './support/exchange.ts'
import { signedIn } from './support/keycloak.ts'
import { app, auth } from './support/stack.ts'

let bob: Agent
beforeAll(async () => {
  bob = await signedIn('bob', app)
})

const cookie = () => ({ cookie: bob.cookies.header(new URL(app)) })

/** Every value with which each header reached the app. */
function received(body: string): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (const [name, value] of JSON.parse(body) as [string, string][]) {
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value])
  }
  return headers
}

describe('identity headers behind Traefik', () => {
  it('H-01 overwrites whatever the client sends', async () => {
    const forged = Object.fromEntries(
      identityHeaderNames.map((name) => [name, ['forged', 'twice']] as const),
    )
    const answer = await exchange(`${app}/headers`, { headers: { ...cookie(), ...forged } })
    expect(answer.status).toBe(200)
    const headers = received(answer.body)
    for (const name of identityHeaderNames) {
      expect(headers.get(name), name).toHaveLength(1)
      expect(headers.get(name)?.[0], name).not.toMatch(/forged|twice/)
    }
    expect(headers.get('x-username')).toEqual(['bob'])
    expect(headers.get('x-user-roles')).toEqual(['user'])
    expect(headers.get('x-service-name')).toEqual([''])
  })

  it.each(['X_User_Id', 'X.User.Id', 'x_auth-kind'])('H-02 refuses %s', async (name) => {
    const answer = await exchange(`${app}/headers`, {
      headers: { ...cookie(), [name]: 'forged', accept: 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'bad_forwarded_request' })
  })

  it('H-04 a Connection header that names them lets no other identity through', async () => {
    const answer = await exchange(`${app}/headers`, {
      headers: {
        ...cookie(),
        'x-user-id': 'forged',
        connection: 'close, x-user-id, x-auth-kind',
      },
    })
    expect(answer.body).not.toContain('forged')
  })

  it('P-01 a flood of headers hides nothing from the gateway', async () => {
    const flood = { a: Array.from({ length: 1100 }, () => ''), accept: 'application/json' }
    const cold = await exchange(`${app}/headers`, { headers: flood })
    expect(cold.status).toBe(401)
    const warm = await exchange(`${app}/headers`, { headers: { ...flood, ...cookie() } })
    expect(received(warm.body).get('x-username')).toEqual(['bob'])
  })
})

describe('what Traefik tells the gateway', () => {
  it('P-02 P-03 a client cannot choose its original request', async () => {
    const answer = await exchange(`${app}/headers`, {
      headers: {
        'x-forwarded-uri': '/public',
        'x-forwarded-host': 'elsewhere.example',
        'x-forwarded-proto': 'https',
        'x-original-uri': '/public',
        accept: 'text/html',
      },
    })
    expect(answer.status).toBe(302)
    expect(returnUrl(answer.headers.location)).toBe(`${app}/headers`)
  })

  it('P-25 with forwardAuth before stripPrefix the whole path is decided and returned to', async () => {
    const cold = await exchange(`${app}/auth-first/headers?x=1`, {
      headers: { accept: 'text/html' },
    })
    expect(cold.status).toBe(302)
    expect(returnUrl(cold.headers.location)).toBe(`${app}/auth-first/headers?x=1`)
    const warm = await exchange(`${app}/auth-first/headers`, { headers: cookie() })
    expect(warm.status).toBe(200)
    expect(received(warm.body).get('x-username')).toEqual(['bob'])
  })

  it('P-25 with stripPrefix before forwardAuth only the rest of the path is', async () => {
    const cold = await exchange(`${app}/strip-first/headers?x=1`, {
      headers: { accept: 'text/html', 'x-forwarded-prefix': '/elsewhere' },
    })
    expect(cold.status).toBe(302)
    expect(returnUrl(cold.headers.location)).toBe(`${app}/headers?x=1`)
    const warm = await exchange(`${app}/strip-first/headers`, { headers: cookie() })
    expect(warm.status).toBe(200)
    expect(received(warm.body).get('x-username')).toEqual(['bob'])
  })
})

describe('P-26 a WebSocket handshake', () => {
  const handshake = (origin: string, more: Record<string, string> = {}) =>
    exchange(`${app}/headers`, {
      headers: {
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        origin,
        ...more,
      },
    })

  it('P-26 from a page of another site is refused', async () => {
    const answer = await handshake('https://evil.example', cookie())
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'csrf' })
  })

  it('P-26 from a page of an app reaches the app', async () => {
    const answer = await handshake(app, cookie())
    expect(answer.status).toBe(200)
    expect(received(answer.body).get('x-username')).toEqual(['bob'])
  })

  it('P-26 without a session is 401, never a redirect', async () => {
    expect((await handshake(app)).status).toBe(401)
  })
})

function returnUrl(location: string | undefined): string | null {
  const url = new URL(location ?? '')
  expect(url.origin + url.pathname).toBe(`${auth}/auth/login`)
  return url.searchParams.get('return_to')
}
