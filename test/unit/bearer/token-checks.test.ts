import { describe, expect, test } from 'vitest'
import {
  claimsFault,
  clientOf,
  hasAudience,
  headerFault,
  isType,
  scopesOf,
} from '../../../src/bearer/token-checks.ts'
import { issuerSettings } from './issuer-settings.ts'

const now = 1_800_000_000_000
const live = { exp: now / 1_000 + 60 }

describe('the header', () => {
  test('is good with an algorithm of the issuer, and what else does no harm', () => {
    const settings = issuerSettings()
    expect(headerFault({ alg: 'RS256' }, settings)).toBeUndefined()
    expect(headerFault({ alg: 'ES256', kid: 'a', typ: 'JWT', x5t: 'y' }, settings)).toBeUndefined()
    expect(headerFault({ alg: 'PS256' }, settings)).toContain('alg')
    expect(headerFault({ alg: 'PS256' }, issuerSettings({ algorithms: ['PS256'] }))).toBeUndefined()
  })

  test.each(['toString', '__proto__', 'length', '0'])('has no algorithm %s', (alg) => {
    expect(headerFault({ alg }, issuerSettings())).toContain('alg')
  })
})

describe('an id token', () => {
  const client = { clientId: 'gatehouse', clientAuth: 'none' } as const
  const settings = issuerSettings({ audiences: ['gatehouse', 'api'], client })
  const fault = (claims: object, typed = false) =>
    claimsFault({ ...live, ...claims }, settings, typed, now)

  test('is one that is made for the client and has no scope', () => {
    expect(fault({ aud: 'gatehouse' })).toContain('id tokens')
    expect(fault({ aud: ['api', 'gatehouse'] })).toContain('id tokens')
    expect(fault({ aud: 'api' })).toBeUndefined()
    expect(fault({ aud: 'gatehouse', scope: '' })).toBeUndefined()
    expect(fault({ aud: 'gatehouse', scp: ['x'] })).toBeUndefined()
  })

  test('is no question where the token says what it is', () => {
    expect(fault({ aud: 'gatehouse' }, true)).toBeUndefined()
    expect(fault({ aud: 'gatehouse', typ: 'Bearer' })).toBeUndefined()
    expect(fault({ aud: 'gatehouse', token_use: 'access' })).toBeUndefined()
    expect(fault({ aud: 'gatehouse', token_use: 'id' }, true)).toContain('token_use')
  })
})

test('a type that marks services is one of access tokens, for that issuer', () => {
  const marked = issuerSettings({ serviceMarkers: { typ: ['Service'] } })
  const claims = { ...live, typ: 'Service' }
  expect(claimsFault(claims, marked, false, now)).toBeUndefined()
  expect(claimsFault(claims, issuerSettings(), false, now)).toContain('typ')
  expect(claimsFault({ ...live, typ: 'ID' }, marked, false, now)).toContain('typ')
})

test.each<[unknown, string, boolean]>([
  ['at+jwt', 'at+jwt', true],
  ['AT+JWT', 'at+jwt', true],
  ['application/at+jwt', 'at+jwt', true],
  ['application/application/at+jwt', 'at+jwt', false],
  ['x-application/at+jwt', 'at+jwt', false],
  ['at+jwt ', 'at+jwt', false],
  [['at+jwt'], 'at+jwt', false],
  [undefined, 'at+jwt', false],
])('the type %j is %s: %s', (value, type, expected) => {
  expect(isType(value, type)).toBe(expected)
})

test('audiences are whole texts', () => {
  expect(hasAudience({ aud: 'api' }, ['x', 'api'])).toBe(true)
  expect(hasAudience({ aud: ['y', 'api'] }, ['api'])).toBe(true)
  for (const aud of ['ap', 'api ', 'api,x', ['api', 1], [], {}, 1, null, undefined])
    expect(hasAudience({ aud }, ['api'])).toBe(false)
  expect(hasAudience({}, [])).toBe(false)
})

test('the client is azp, else client_id', () => {
  expect(clientOf({ azp: 'a', client_id: 'b' })).toBe('a')
  expect(clientOf({ azp: '', client_id: 'b' })).toBe('b')
  expect(clientOf({ azp: ['a'], client_id: 'b' })).toBe('b')
  expect(clientOf({ azp: 1 })).toBe('')
})

test('scopes are whole texts of both claims', () => {
  expect(scopesOf({ scope: 'a  b a', scp: ['c', 'd e', 1] })).toEqual(['a', 'b', 'c', 'd e'])
  expect(scopesOf({ scope: ['a'], scp: 'b c' })).toEqual(['a', 'b', 'c'])
  expect(scopesOf({ scope: { a: true } })).toEqual([])
  expect(scopesOf({})).toEqual([])
})
