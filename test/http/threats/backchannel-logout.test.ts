import { createPublicKey } from 'node:crypto'
import { decodeJwt, type JWK } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import type { Agent } from '../../support/agent.ts'
import { logoutClaims, logoutToken, sendLogoutToken } from '../../support/backchannel.ts'
import {
  clientId,
  clientSecret,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import { signToken, unsignedToken } from '../../support/sign-token.ts'

const [alice, lukasz] = demoUsers as [User, User]
const event = 'http://schemas.openid.net/event/backchannel-logout'

let site: TestGateway
let foreignKey: JWK

beforeAll(async () => {
  site = await startTestGateway()
  await using other = await startTestGateway()
  foreignKey = other.idp.keys.RS256
})
afterAll(() => site[Symbol.asyncDispose]())
afterEach(() => {
  site.idp.intercept = undefined
})

const nowSec = () => Math.floor(Date.now() / 1_000)
const claims = () => logoutClaims(site)
const signed = (changes = {}, header = {}) => logoutToken(site, changes, header)
const send = (token: string) => sendLogoutToken(site, token)

/** Signs Alice in; `sid` is what the provider calls the session. */
async function signInWithSid(): Promise<{ agent: Agent; sid: string }> {
  let sid = ''
  site.idp.alter = (path, body) => {
    if (path === '/token') sid = String(decodeJwt(String(body.id_token)).sid)
    return body
  }
  const { agent } = await site.signIn(alice)
  site.idp.alter = undefined
  return { agent, sid }
}

const lives = async (agent: Agent) => (await site.validateAs(agent)).status === 200

/** A token that is refused, and ends nothing. */
async function refused(token: string) {
  const { agent } = await site.signIn(alice)
  const answer = await send(token)
  expect(answer.status).toBe(400)
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(JSON.parse(answer.body)).toEqual({
    error: 'invalid_request',
    error_description: 'The logout token is not acceptable.',
  })
  expect(await lives(agent)).toBe(true)
}

test('a logout token that is right ends the session', async () => {
  const { agent } = await site.signIn(alice)
  const answer = await send(await signed())
  expect([answer.status, answer.body, answer.headers['cache-control']]).toEqual([
    200,
    '',
    'no-store',
  ])
  expect(await lives(agent)).toBe(false)
})

describe('O-05 a forged logout token', () => {
  test.each(['none', 'None', ''])('O-05 alg %j: 400', async (alg) => {
    await refused(unsignedToken(claims(), alg))
  })

  test('O-05 HS256 by the client secret or by the public key: 400', async () => {
    const publicKey = createPublicKey({ key: { ...site.idp.keys.RS256 }, format: 'jwk' })
    for (const secret of [clientSecret, publicKey.export({ type: 'spki', format: 'pem' })]) {
      const k = Buffer.from(secret).toString('base64url')
      const { kid = '' } = site.idp.keys.RS256
      await refused(await signToken({ kty: 'oct', k, alg: 'HS256' }, claims(), { kid }))
    }
  })

  test('O-05 by a key of somebody else, under the provider’s kid: 400', async () => {
    await refused(await signToken(foreignKey, claims()))
  })

  test('O-05 by a key it brings along: 400', async () => {
    const { n = '', e = '' } = foreignKey
    await refused(await signToken(foreignKey, claims(), { jwk: { kty: 'RSA', n, e } }))
  })

  test.each([
    ['iss of another provider', { iss: 'https://evil.example' }],
    ['iss missing', { iss: undefined }],
    ['aud another client', { aud: 'other' }],
    ['aud a longer name', { aud: `${clientId}2` }],
    ['aud missing', { aud: undefined }],
    ['exp past', { exp: 1_000_000_000 }],
    ['exp missing', { exp: undefined }],
    ['neither sub nor sid', { sub: undefined }],
    ['an empty sub', { sub: '' }],
    ['sub a list', { sub: [alice.id] as unknown as string }],
    ['sid a number', { sid: 42 }],
  ])('O-05 %s: 400', async (_name, changes) => {
    await refused(await signed(changes))
  })

  test.each(['', 'x', 'a.b.c', 'e30.e30.', '..', 'null'])('O-05 %j: 400', async (token) => {
    await refused(token)
  })
})

describe('O-06 another token of the provider', () => {
  test('O-06 an id token: 400', async () => {
    const { agent } = await site.signIn(alice)
    const out = await agent.fetch(`${site.url}/auth/logout`)
    const location = new URL(out.headers.get('location') ?? '')
    await refused(location.searchParams.get('id_token_hint') ?? '')
  })

  test.each([
    ['no events', { events: undefined }],
    ['events a text', { events: event }],
    ['events a list', { events: [event] }],
    ['another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    ['the event no object', { events: { [event]: true } }],
    ['the event a list', { events: { [event]: [] } }],
    ['a nonce', { nonce: 'n' }],
    ['an empty nonce', { nonce: '' }],
  ])('O-06 %s: 400', async (_name, changes) => {
    await refused(await signed(changes))
  })

  test.each(['at+jwt', 'JOSE', 'application/at+jwt'])('O-06 typ %s: 400', async (typ) => {
    await refused(await signed({}, { typ }))
  })

  test.each(['logout+jwt', 'application/logout+jwt', 'Logout+JWT', 'JWT'])(
    'O-06 typ %s is a logout token’s',
    async (typ) => {
      const { agent } = await site.signIn(alice)
      expect((await send(await signed({}, { typ }))).status).toBe(200)
      expect(await lives(agent)).toBe(false)
    },
  )
})

describe('O-07 an old logout token', () => {
  test.each([
    ['iat missing', { iat: undefined }],
    ['iat a text', { iat: 'now' as unknown as number }],
    ['iat five minutes and more ago', { iat: nowSec() - 400 }],
    ['iat to come', { iat: nowSec() + 400 }],
    ['jti missing', { jti: undefined }],
    ['jti empty', { jti: '' }],
    ['jti a number', { jti: 42 as unknown as string }],
    ['jti of 256 characters', { jti: 'x'.repeat(256) }],
  ])('O-07 %s: 400', async (_name, changes) => {
    await refused(await signed(changes))
  })

  test('O-07 replayed: 400, and a newer session lives on', async () => {
    const { agent } = await site.signIn(alice)
    const token = await signed()
    expect((await send(token)).status).toBe(200)
    expect(await lives(agent)).toBe(false)
    await refused(token)
  })

  test('O-07 sent a hundred times at once it counts once', async () => {
    const token = await signed()
    const answers = await Promise.all(Array.from({ length: 100 }, () => send(token)))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 400)).toHaveLength(99)
  })
})

describe('O-08 what a logout token names', () => {
  test('O-08 a sid ends that session, and no other of the same person', async () => {
    const { agent: first } = await site.signIn(alice)
    const { agent: second, sid } = await signInWithSid()
    expect((await send(await signed({ sid }))).status).toBe(200)
    expect(await lives(first)).toBe(true)
    expect(await lives(second)).toBe(false)
    const { agent: third, sid: another } = await signInWithSid()
    expect((await send(await signed({ sub: undefined, sid: another }))).status).toBe(200)
    expect(await lives(first)).toBe(true)
    expect(await lives(third)).toBe(false)
  })

  test('O-08 the provider’s own sign-out ends the one session it is about', async () => {
    const { agent: first } = await site.signIn(alice)
    const { agent: second } = await site.signIn(alice)
    const { agent: somebody } = await site.signIn(lukasz)
    const page = await first.fetch(`${site.idp.issuer}/demo`)
    const own = /\(this browser\)[\s\S]*?name="session" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    await first.fetch(`${site.idp.issuer}/demo`, { form: { session: own } })
    expect(await lives(first)).toBe(false)
    expect(await lives(second)).toBe(true)
    expect(await lives(somebody)).toBe(true)
  })

  test('O-08 a sub alone ends every session of that person, and nobody else’s', async () => {
    const { agent: first } = await site.signIn(alice)
    const { agent: second } = await site.signIn(alice)
    const { agent: somebody } = await site.signIn(lukasz)
    expect((await send(await signed())).status).toBe(200)
    expect(await lives(first)).toBe(false)
    expect(await lives(second)).toBe(false)
    expect(await lives(somebody)).toBe(true)
  })

  test('O-08 what is not known here is 200', async () => {
    expect((await send(await signed({ sid: 'nobody' }))).status).toBe(200)
    expect((await send(await signed({ sub: 'nobody' }))).status).toBe(200)
    expect((await send(await signed({ sub: undefined, sid: 'nobody' }))).status).toBe(200)
  })
})
