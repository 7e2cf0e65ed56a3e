import { describe, expect, test } from 'vitest'
import { isService, tokenIdentity } from '../../../src/bearer/token-identity.ts'
import type { IssuerSettings } from '../../../src/config/settings.ts'
import { issuerSettings } from './issuer-settings.ts'

const admins = ['alice@example.com']
const settings = issuerSettings({ claims: { ...issuerSettings().claims, admins } })
const mail = { email: 'Alice@example.com', email_verified: true }
const identity = (claims: object, userinfo?: object, of: IssuerSettings = settings) =>
  tokenIdentity(
    claims as Record<string, unknown>,
    userinfo as Record<string, unknown> | undefined,
    of,
    'bearer',
  )

describe('who a token is of', () => {
  test('a person has no session of ours, whatever the issuer has', () => {
    const person = identity({ sub: 's', azp: 'cli', sid: 'x', scope: 'a b', groups: ['g'] })
    expect(person).toMatchObject({
      ...{ kind: 'user', source: 'bearer', provider: 'default', issuer: settings.issuer },
      ...{ subject: 's', sessionId: '', clientId: 'cli', scopes: ['a', 'b'], groups: ['g'] },
    })
  })

  test('userinfo fills in what the token leaves out', () => {
    const person = identity({ sub: 's', roles: ['own'] }, { groups: ['g'], roles: ['other'] })
    expect([person.roles, person.groups]).toEqual([['own'], ['g']])
  })

  test('administrators are people', () => {
    expect(identity({ sub: 's', ...mail }).roles).toEqual(['admin'])
    expect(identity({ sub: 'cli', azp: 'cli', ...mail })).toMatchObject({
      kind: 'service',
      roles: [],
    })
    expect(identity({ sub: 's', ...mail, email_verified: false }).roles).toEqual([])
    expect(identity({ sub: 's', ...mail }, undefined, issuerSettings()).roles).toEqual([])
  })

  test('a service that only a marker tells has its subject for a name', () => {
    const marked = issuerSettings({ serviceMarkers: { idtyp: ['app'] } })
    const service = identity({ sub: 's', idtyp: 'app' }, undefined, marked)
    expect(service).toMatchObject({ kind: 'service', clientId: 's' })
    expect(identity({ sub: 's' }, undefined, marked)).toMatchObject({ kind: 'user', clientId: '' })
  })
})

test('markers may be paths, and lists of names', () => {
  const marked = issuerSettings({ serviceMarkers: { 'realm_access.roles': ['service'] } })
  const of = (claims: object) => isService({ sub: 's', ...claims }, marked)
  expect(of({ realm_access: { roles: ['x', 'service'] } })).toBe(true)
  expect(of({ realm_access: { roles: 'service' } })).toBe(true)
  expect(of({ 'realm_access.roles': ['service'] })).toBe(true)
  expect(of({ realm_access: { roles: ['services'] } })).toBe(false)
  expect(of({ realm_access: ['service'] })).toBe(false)
  expect(of({ roles: ['service'] })).toBe(false)
})
