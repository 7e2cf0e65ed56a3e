import { createPublicKey } from 'node:crypto'
import { decodeJwt, type JWTPayload } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import {
  clientId,
  clientSecret,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import { signToken, unsignedToken } from '../../support/sign-token.ts'

let site: TestGateway

beforeAll(async () => {
  // Without claims in the id token, userinfo is asked at every sign-in.
  site = await startTestGateway({ idp: { idTokenClaims: false } })
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.alter = undefined
  site.idp.intercept = undefined
})

/** Signs in while the provider answers otherwise. */
async function signInWith(alter: NonNullable<TestGateway['idp']['alter']>) {
  const agent = new Agent()
  const url = await callbackUrl(agent, `${site.url}/auth/login?return_to=/page`)
  site.idp.alter = alter
  return { agent, answer: await agent.fetch(url) }
}

/** Signs in with an id token made of the true one's claims. */
function signInWithToken(make: (claims: JWTPayload) => unknown) {
  return signInWith(async (path, body) =>
    path === '/token' ? { ...body, id_token: await make(decodeJwt(String(body.id_token))) } : body,
  )
}

const resign = (changes: JWTPayload) =>
  signInWithToken((claims) => signToken(site.idp.keys.RS256, { ...claims, ...changes }))

async function noSession(
  { agent, answer }: Awaited<ReturnType<typeof signInWith>>,
  status = 400,
  code = 'invalid_token_payload',
) {
  expect(answer.status).toBe(status)
  expect(answer.text).toContain(code)
  expect(answer.headers.getSetCookie()).toEqual([])
  expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
}

test('an id token that is signed anew with the same claims signs in', async () => {
  const { agent, answer } = await resign({})
  expect([answer.status, answer.headers.get('location')]).toEqual([302, `${site.url}/page`])
  expect((await site.validateAs(agent)).status).toBe(200)
})

describe('L-08 the nonce', () => {
  test.each([
    ['absent', undefined],
    ['different', 'another'],
    ['empty', ''],
    ['a list', ['another']],
  ])('L-08 %s: no session', async (_name, nonce) => {
    await noSession(await resign({ nonce }))
  })

  test('L-08 of another start of the same browser: no session', async () => {
    const agent = new Agent()
    const other = await agent.fetch(`${site.url}/auth/login`)
    const nonce = new URL(other.headers.get('location') ?? '').searchParams.get('nonce') ?? ''
    await noSession(await resign({ nonce }))
  })
})

const now = () => Math.floor(Date.now() / 1_000)

describe('L-18 the claims of the id token', () => {
  test.each([
    ['iss of another provider', { iss: 'https://evil.example' }],
    ['iss with a slash more', { iss: 'ISSUER/' }],
    ['iss missing', { iss: undefined }],
    ['iss a list', { iss: ['ISSUER'] as unknown as string }],
    ['aud another client', { aud: 'other' }],
    ['aud a longer name', { aud: `${clientId}2` }],
    ['aud missing', { aud: undefined }],
    ['aud empty', { aud: [] }],
    ['aud two clients without azp', { aud: [clientId, 'other'] }],
    ['aud two clients, azp the other', { aud: [clientId, 'other'], azp: 'other' }],
    ['azp another client', { azp: 'other' }],
    ['exp past', { exp: 1_000_000_000 }],
    ['exp missing', { exp: undefined }],
    ['exp a text', { exp: '9999999999' as unknown as number }],
    ['exp not finite', { exp: 'Infinity' as unknown as number }],
    ['nbf to come', { nbf: now() + 3_600 }],
    ['iat missing', { iat: undefined }],
    ['iat a text', { iat: 'now' as unknown as number }],
    ['sub missing', { sub: undefined }],
    ['sub empty', { sub: '' }],
    ['sub of 256 characters', { sub: 'x'.repeat(256) }],
    ['sub a number', { sub: 42 as unknown as string }],
    ['sub an object', { sub: {} as unknown as string }],
  ])('L-18 %s: no session', async (_name, changes) => {
    const issuer = (value: unknown): unknown =>
      typeof value === 'string'
        ? value.replace('ISSUER', site.idp.issuer)
        : Array.isArray(value)
          ? value.map(issuer)
          : value
    await noSession(
      await resign(
        Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, issuer(value)])),
      ),
    )
  })

  test('L-18 the times have thirty seconds of grace, no more', async () => {
    const graced = await resign({ exp: now() - 10 })
    expect(graced.answer.status).toBe(302)
    await noSession(await resign({ exp: now() - 60 }))
  })

  test('L-18 a list of audiences with us alone is ours, and azp may name us', async () => {
    const { answer } = await resign({ aud: [clientId], azp: clientId })
    expect(answer.status).toBe(302)
  })
})

describe('L-18 the signature of the id token', () => {
  test.each(['none', 'None', 'NONE', ''])('L-18 alg %j: no session', async (alg) => {
    await noSession(await signInWithToken((claims) => unsignedToken(claims, alg)))
  })

  test('L-18 HS256 by the client secret: no session', async () => {
    const k = Buffer.from(clientSecret).toString('base64url')
    await noSession(
      await signInWithToken((claims) => signToken({ kty: 'oct', k, alg: 'HS256' }, claims)),
    )
  })

  test('L-18 HS256 by the provider’s public key: no session', async () => {
    const { kid = '' } = site.idp.keys.RS256
    const publicKey = createPublicKey({ key: { ...site.idp.keys.RS256 }, format: 'jwk' })
    for (const secret of [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicKey.export({ format: 'jwk' })),
    ]) {
      const k = Buffer.from(secret).toString('base64url')
      await noSession(
        await signInWithToken((claims) =>
          signToken({ kty: 'oct', k, alg: 'HS256' }, claims, { kid }),
        ),
      )
    }
  })

  test('L-18 an algorithm the provider does not announce, by its own key: no session', async () => {
    const { keys } = site.idp
    await noSession(
      await signInWithToken((claims) => signToken({ ...keys.RS256, alg: 'RS512' }, claims)),
    )
  })

  test('L-18 by a key that is not the provider’s, under its kid: no session', async () => {
    await using other = await startTestGateway()
    await noSession(await signInWithToken((claims) => signToken(other.idp.keys.RS256, claims)))
  })

  test('L-18 altered after signing: no session', async () => {
    await noSession(
      await signInWithToken(async (claims) => {
        const [header, , signature] = (await signToken(site.idp.keys.RS256, claims)).split('.')
        const payload = Buffer.from(JSON.stringify({ ...claims, sub: demoUsers[1]?.id }))
        return `${header}.${payload.toString('base64url')}.${signature}`
      }),
    )
  })

  test('L-18 an embedded key or a key URL is not looked at: no session, and nobody is asked', async () => {
    const { n = '', e = '' } = site.idp.keys.RS256
    const trap = `${site.idp.issuer}/trap`
    for (const header of [{ jku: trap }, { x5u: trap }, { jwk: { kty: 'RSA', n, e } }]) {
      await using other = await startTestGateway()
      const attempt = await signInWithToken((claims) =>
        signToken(other.idp.keys.RS256, claims, { ...header, kid: 'elsewhere' }),
      )
      await noSession(attempt)
    }
    expect(site.idp.requests.map(({ path }) => path)).not.toContain('/trap')
  })

  test('L-18 an unknown crit header: no session', async () => {
    const header = { crit: ['x'], x: true }
    await noSession(
      await signInWithToken((claims) => signToken(site.idp.keys.RS256, claims, header)),
    )
  })

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['not a JWT', 'token'],
    ['of five parts', 'a.b.c.d.e'],
    ['a number', 42],
  ])('L-18 an id token that is %s: no session', async (_name, token) => {
    await noSession(await signInWithToken(() => token))
  })
})

describe('L-19 userinfo', () => {
  const answering = (make: (body: Record<string, unknown>) => unknown) =>
    signInWith((path, body) => (path === '/me' ? make(body) : body))

  test.each([
    ['about another sub', (body: Record<string, unknown>) => ({ ...body, sub: demoUsers[1]?.id })],
    ['without a sub', ({ sub: _, ...rest }: Record<string, unknown>) => rest],
    ['a list', () => []],
    ['null', () => 'null'],
    ['a text', () => '"alice"'],
  ])('L-19 %s: no session', async (_name, make) => {
    await noSession(await answering(make))
  })

  test('L-19 that is an outage is no reason to sign in without roles', async () => {
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login?return_to=/page`)
    site.idp.intercept = (request, response) => {
      if (request.url !== '/me') return 'pass'
      response.writeHead(500).end()
      return 'handled'
    }
    await noSession({ agent, answer: await agent.fetch(url) }, 503, 'idp_unavailable')
  })
})
