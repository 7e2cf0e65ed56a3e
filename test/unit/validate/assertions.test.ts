import { createHmac } from 'node:crypto'
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { deriveSigningKey } from '../../../src/lib/signing-key.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import { Assertions } from '../../../src/validate/assertions.ts'
import { keyId, RequestSignatures, signableOf } from '../../../src/validate/request-signatures.ts'
import { originalRequest } from '../../support/original-request.ts'
import { TestClock } from '../../support/test-clock.ts'
import { otherSecret, secret } from '../config/environments.ts'

const bob: Identity = { ...anonymous, kind: 'user', subject: 'b', username: 'bob', name: 'Łuk' }
const clock = new TestClock()
const verify = (token: string, { keySet }: Assertions) =>
  jwtVerify(token, createLocalJWKSet(structuredClone({ keys: [...keySet.keys] })), {
    currentDate: new Date(clock.now()),
  })

describe('an assertion', () => {
  test('C-17 of the secret before is checked during a rotation, of a foreign one never', async () => {
    const before = new Assertions([secret], clock)
    const { value } = before.make(bob, 'https://auth', 'b', 'app')
    const during = new Assertions([otherSecret, secret], clock)
    expect((await verify(value, during)).payload).toMatchObject({ sub: 'b', name: 'Łuk' })
    await expect(verify(value, new Assertions([otherSecret], clock))).rejects.toThrow()
    const next = during.make(bob, 'https://auth', 'b', 'app').value
    await expect(verify(next, before)).rejects.toThrow()
  })

  test('H-14 has lists that end within 8 KB', () => {
    const roles = Array.from({ length: 2_000 }, (_, i) => `role-${i}-${'x'.repeat(20)}`)
    const { value } = new Assertions([secret], clock).make({ ...bob, roles }, 'i', 'b', 'a')
    const claims = decodeJwt(value) as { roles: string[] }
    expect(claims.roles.join(',').length).toBeLessThanOrEqual(8_192)
    expect(claims.roles).toEqual(roles.slice(0, claims.roles.length))
  })

  test('of a service says nothing of a person', () => {
    const service: Identity = { ...bob, kind: 'service', clientId: 'backup', roles: ['r'] }
    const claims = decodeJwt(new Assertions([secret], clock).make(service, 'i', 's', 'a').value)
    expect(claims).toMatchObject({ sub: 's', client_id: 'backup', auth_kind: 'service' })
    expect(claims).not.toHaveProperty('preferred_username')
  })
})

test('S-07 keys of one secret for two purposes have nothing in common', () => {
  const [one, other] = [deriveSigningKey(secret, 'a'), deriveSigningKey(secret, 'b')]
  expect(one.jwk.x).not.toBe(other.jwk.x)
  expect(deriveSigningKey(secret, 'a').jwk).toEqual(one.jwk)
})

describe('a signature', () => {
  const signatures = new RequestSignatures(secret, clock)
  const fields = ['x-user-id', 'b', 'x-user-roles', 'admin,user']
  const sign = (request: Parameters<typeof originalRequest>[0], of = fields) =>
    signatures.sign(originalRequest(request), signableOf(of))[1]

  test('S-03 differs wherever two requests do', () => {
    const all = [
      sign({}),
      sign({ method: 'POST' }),
      sign({ receivedHost: 'other.example.com' }),
      sign({ path: '/pag', query: 'e' }),
      sign({ path: '/page', query: '?' }),
      sign({ requestId: 'request-2' }),
      sign({}, ['x-user-id', 'badmin', 'x-user-roles', ',user']),
      sign({}, ['x-user-id', '', 'x-user-roles', 'b']),
      sign({}, ['x-user-id', 'b', 'x-user-roles', 'admin', 'x-user-groups', 'user']),
      sign({}, ['x-username', 'b', 'x-user-roles', 'admin,user']),
    ]
    expect(new Set(all).size).toBe(all.length - 1)
    // Path and query are one URI: where it is cut is nothing an app could see.
    expect(sign({ path: '/pag', query: 'e' })).toBe(sign({}))
  })

  test('S-04 says when it was made, and S-06 with which key', () => {
    const [, , , ts, , kid] = signatures.sign(originalRequest(), signableOf(fields))
    expect([ts, kid]).toEqual([String(Math.floor(clock.now() / 1_000)), keyId(secret)])
    expect(keyId(otherSecret)).not.toBe(kid)
    expect(secret).not.toContain(String(kid))
  })

  test('is an HMAC over v2 and netstrings', () => {
    const ts = String(Math.floor(clock.now() / 1_000))
    const parts = [keyId(secret), ts, 'GET', 'app.example.com', '/page', 'b', '', '', '']
    const rest = ['admin,user', ...new Array<string>(10).fill(''), 'request-1', '', '']
    const text = `v2${[...parts, ...rest].map((part) => `${part.length}:${part},`).join('')}`
    expect(sign({})).toBe(createHmac('sha256', secret).update(text).digest('base64'))
  })
})
