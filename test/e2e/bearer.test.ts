import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, type Bearer, startBearer } from './support/bearer.ts'
import {
  ours,
  partner,
  personsToken,
  personsTokens,
  saidBy,
  servicesToken,
} from './support/bearer-realms.ts'
import { administerAll } from './support/keycloak.ts'
import { until } from './support/until.ts'

let bearer: Bearer
let person: string
let service: string

beforeAll(async () => {
  bearer = await startBearer(2)
  person = await personsToken('cli', 'anna')
  service = await servicesToken('nightly-backup', 'example-service-secret-change-me')
})
afterAll(() => bearer?.[Symbol.asyncDispose]())

describe('tokens of our own realm', () => {
  it('pass where the rule is open to their kind', async () => {
    const statuses = async (token?: string) => {
      const answers = (['user', 'service', 'any', 'optional', 'admin'] as const).map((rule) =>
        ask(rule, token),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    expect(await statuses(person)).toEqual([200, 403, 200, 200, 200])
    expect(await statuses(await personsToken('cli', 'bob'))).toEqual([200, 403, 200, 200, 403])
    expect(await statuses(service)).toEqual([403, 200, 200, 200, 403])
    expect(await statuses()).toEqual([401, 401, 401, 200, 401])
  })

  it('of people tell the app who they are', async () => {
    const { received } = await ask('any', person)
    expect(received).toMatchObject({
      'x-auth-kind': 'user',
      'x-auth-source': 'bearer',
      'x-auth-provider': 'default',
      'x-user-id': bearer.anna,
      'x-username': 'anna',
      'x-user-email': 'anna@example.com',
      'x-user-name': 'Anna Admin',
      'x-client-id': 'cli',
      'x-session-id': '',
      'x-service-id': '',
    })
    expect(received['x-user-roles']?.split(',')).toEqual(expect.arrayContaining(['admin', 'user']))
    expect(received['x-user-groups']?.split(',').toSorted()).toEqual(['/dev/frontend', '/ops'])
  })

  it('of services tell the app which service it is, and name no person', async () => {
    const { received } = await ask('service', service, { 'x-user-id': bearer.anna })
    expect(received).toMatchObject({
      'x-auth-kind': 'service',
      'x-auth-source': 'bearer',
      'x-service-name': 'nightly-backup',
      'x-service-id': saidBy(service).claims.sub,
      'x-client-id': 'nightly-backup',
      'x-user-id': '',
      'x-username': '',
      'x-user-email': '',
      'x-user-roles': '',
    })
    expect(received['x-service-roles']?.split(',')).toContain('user')
  })

  it('H-01 without one an optional route is anonymous, whatever was sent', async () => {
    const forged = { 'x-user-id': bearer.anna, 'x-user-roles': 'admin', 'x-service-name': 'batch' }
    const { received } = await ask('optional', undefined, forged)
    expect(received).toMatchObject({
      'x-auth-kind': 'anonymous',
      'x-user-id': '',
      'x-user-roles': '',
      'x-service-name': '',
    })
  })

  it('B-25 a bad one is 401 with what is wrong, on optional routes too', async () => {
    const forged = `${person.slice(0, person.lastIndexOf('.'))}.${service.split('.')[2]}`
    const challenge = 'Bearer realm="gatehouse", error="invalid_token"'
    for (const rule of ['user', 'service', 'any', 'optional'] as const) {
      expect(await ask(rule, forged)).toMatchObject({
        status: 401,
        code: 'invalid_token',
        challenge,
      })
    }
    expect(await ask('service', person)).toMatchObject({ code: 'wrong_identity_kind' })
  })

  it('B-11 of another client of the realm are 401: for other services, or not among clients', async () => {
    for (const client of ['elsewhere', 'stranger', 'light-elsewhere', 'admin-cli']) {
      const answer = await ask('optional', await personsToken(client, 'anna'))
      expect([client, answer.status]).toEqual([client, 401])
    }
  })

  it('B-10 id tokens and refresh tokens are 401', async () => {
    const tokens = await personsTokens('cli', 'anna', { scope: 'openid' })
    expect((await ask('user', tokens.access_token)).status).toBe(200)
    for (const other of [tokens.id_token, tokens.refresh_token]) {
      expect(await ask('optional', other)).toMatchObject({ status: 401, code: 'invalid_token' })
    }
  })

  it('leave groups to userinfo where they have the scope openid', async () => {
    const groups = async (scope: string) => {
      const answer = await ask('user', await personsToken('bare-cli', 'bob', { scope }))
      return answer.received['x-user-groups']
    }
    expect(await groups('openid')).toBe('/dev')
    expect(await groups('profile')).toBe('')
  })
})

describe('tokens that say too little', () => {
  it('are introspected: a lightweight one of a person, with what it leaves out', async () => {
    const token = await personsToken('light', 'anna')
    expect(Object.keys(saidBy(token).claims)).not.toContain('aud')
    const { received } = await ask('admin', token)
    expect(received).toMatchObject({
      'x-auth-kind': 'user',
      'x-auth-source': 'introspection',
      'x-user-id': bearer.anna,
      'x-username': 'anna',
      'x-client-id': 'light',
    })
    expect(received['x-user-groups']?.split(',').toSorted()).toEqual(['/dev/frontend', '/ops'])
  })

  it('are introspected: a lightweight one of a service', async () => {
    const token = await servicesToken('light')
    expect((await ask('user', token)).status).toBe(403)
    expect((await ask('service', token)).received).toMatchObject({
      'x-auth-kind': 'service',
      'x-auth-source': 'introspection',
      'x-service-name': 'light',
      'x-username': '',
    })
  })

  it('B-21 end with the session at Keycloak', async () => {
    const token = await personsToken('light', 'bob')
    await administerAll('DELETE', `/realms/${ours}/sessions/${saidBy(token).claims.sid}`)
    expect(await ask('user', token)).toMatchObject({ status: 401, code: 'invalid_token' })
  })

  it('are 401 where Keycloak does not know them', async () => {
    const answer = await ask('optional', 'an-opaque-token-of-nobody')
    expect(answer).toMatchObject({ status: 401, code: 'invalid_token' })
  })
})

describe('tokens of a partner', () => {
  it('H-11 with the sub and the role of our administrator are of somebody else', async () => {
    const token = await personsToken('cli', 'anna', { realm: partner })
    const { claims } = saidBy(token)
    expect(claims).toMatchObject({ sub: bearer.anna, realm_access: { roles: ['admin'] } })
    const { received } = await ask('user', token)
    expect(received).toMatchObject({
      'x-user-id': `partner:${bearer.anna}`,
      'x-auth-provider': 'partner',
      'x-user-roles': '',
      'x-user-groups': '',
    })
    expect((await ask('admin', token)).status).toBe(403)
    expect((await ask('admin', person)).status).toBe(200)
  })
})

describe('new keys at Keycloak', () => {
  it('F-09 B-07 come into use with no request refused', async () => {
    // A replica that has just read the keys does not ask again for one that it does not know.
    const coolDown = Date.now() + 31_000
    await until('keys may be asked for again', () => Date.now() > coolDown, 60_000)
    const kidOf = (token: string) => saidBy(token).header.kid
    const former = kidOf(person)
    const realm = (await administerAll('GET', `/realms/${ours}`)) as { id: string }
    const statuses = new Set<number>()
    const pass = async (token: string) => statuses.add((await ask('any', token)).status)
    await using others = new AsyncDisposableStack()
    for (const token of [person, service]) others.defer(over(() => pass(token)))
    await administerAll('POST', `/realms/${ours}/components`, {
      name: 'newer',
      providerId: 'rsa-generated',
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm.id,
      config: { priority: ['200'], enabled: ['true'], active: ['true'], algorithm: ['RS256'] },
    })
    for (let count = 0; count < 30; count += 1) {
      const token = await servicesToken('batch')
      expect(kidOf(token)).not.toBe(former)
      await pass(token)
    }
    await pass(await personsToken('cli', 'bob'))
    await others.disposeAsync()
    expect(statuses).toEqual(new Set([200]))
  })
})

/** Does something over and over; what it returns ends that. */
function over(act: () => Promise<unknown>): () => Promise<void> {
  let goesOn = true
  const acting = (async () => {
    while (goesOn) await act()
  })()
  return () => {
    goesOn = false
    return acting
  }
}
