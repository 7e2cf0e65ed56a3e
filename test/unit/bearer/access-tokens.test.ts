import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK } from 'jose'
import * as client from 'openid-client'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { AccessTokens } from '../../../src/bearer/access-tokens.ts'
import type { TrustedIssuer } from '../../../src/bearer/trusted-issuer.ts'
import { signToken } from '../../support/sign-token.ts'
import { TestClock } from '../../support/test-clock.ts'
import { issuerSettings } from './issuer-settings.ts'

afterEach(() => {
  vi.useRealTimers()
})

let key: JWK
beforeAll(async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  key = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'k' }
})

/** An issuer that answers about tokens as `introspection` does. */
function issuerWith(introspection: () => Promise<Response>, keys?: TrustedIssuer['keys']) {
  const settings = issuerSettings({
    introspection: 'opaque',
    client: { clientId: 'us', clientSecret: 'secret', clientAuth: 'client_secret_basic' },
  })
  const { d: _, ...publicKey } = key
  const configuration = new client.Configuration(
    { issuer: settings.issuer, introspection_endpoint: `${settings.issuer}/introspect` },
    'us',
    'secret',
  )
  configuration[client.customFetch] = introspection
  const issuer = {
    settings,
    keys: keys ?? createLocalJWKSet({ keys: [publicKey] }),
    configuration: async () => configuration,
  } as unknown as TrustedIssuer
  const clock = new TestClock()
  const tokens = new AccessTokens({ issuers: [issuer], passesTokens: false, clock })
  return { tokens, clock }
}

const never = () => new Promise<Response>(() => {})
const active = (clock: TestClock) =>
  Response.json({
    ...{ active: true, token_type: 'Bearer', sub: 's', aud: 'api', client_id: 'cli' },
    exp: Math.floor(clock.now() / 1_000) + 300,
  })
const jwt = (claims: object = {}) =>
  signToken(key, {
    ...{ iss: 'https://idp.example', aud: 'api', sub: 's', scope: 'x' },
    exp: Math.floor(Date.now() / 1_000) + 300,
    ...claims,
  })

describe('an issuer that hangs', () => {
  test('is waited for two seconds, then what it said holds', async () => {
    const introspection = vi.fn(async () => active(clock))
    const { tokens, clock } = issuerWith(introspection)
    expect(await tokens.prove('opaque')).toMatchObject({ kind: 'verified' })
    introspection.mockImplementation(never)
    clock.advance(60_001)
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const waiting = Promise.resolve(tokens.prove('opaque'))
    const settled = vi.fn()
    waiting.then(settled, settled)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(await waiting).toMatchObject({ kind: 'verified' })
    // The next one waits for the same question.
    const next = tokens.prove('opaque')
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await next).toMatchObject({ kind: 'verified' })
    expect(introspection).toHaveBeenCalledTimes(2)
  })

  test('does not keep a token beyond its end', async () => {
    const introspection = vi.fn(async () => active(clock))
    const { tokens, clock } = issuerWith(introspection)
    await tokens.prove('opaque')
    introspection.mockImplementation(never)
    clock.advance(320_000)
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const waiting = Promise.resolve(tokens.prove('opaque'))
    clock.advance(11_000)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await waiting).toMatchObject({ kind: 'unavailable' })
  })
})

test('a fault of ours is no refusal of the token', async () => {
  const { tokens } = issuerWith(never, async () => {
    throw new Error('text of a bug')
  })
  await expect(tokens.prove(await jwt())).rejects.toThrow('text of a bug')
})

test('what is known is answered at once, without a promise', async () => {
  const { tokens } = issuerWith(never)
  const token = await jwt()
  const first = tokens.prove(token)
  expect(first).toBeInstanceOf(Promise)
  const proof = await first
  expect(proof).toMatchObject({ kind: 'verified' })
  const second = tokens.prove(token)
  expect(second).not.toBeInstanceOf(Promise)
  // The very same proof: what was worked out of it stays.
  expect(second).toMatchObject({ kind: 'verified' })
  if (proof.kind === 'verified') expect(second).toHaveProperty('token', proof.token)
})
