import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { identityHeaderNames } from '../../../src/model/header-names.ts'
import type { Agent } from '../../support/agent.ts'
import { expectPass, expectRefusal, expectSignIn } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { providerName, userId } from '../../support/second-place.ts'

const [alice, , guest] = demoUsers as readonly [User, User, User]

let site: TestGateway
beforeAll(async () => {
  site = await startTestGateway()
})
afterAll(() => site[Symbol.asyncDispose]())

const cookieOf = (agent: Agent) => agent.cookies.header(new URL(site.url))

describe('the set is whole', () => {
  const forged = Object.fromEntries(identityHeaderNames.map((name) => [name, ['forged', 'twice']]))

  test('H-01 whatever the client sends, each header is there once and is the gateway’s', async () => {
    const { agent } = await site.signIn(alice)
    const answer = await site.validateAs(agent, forged)
    expectPass(answer, {
      'x-user-id': userId(alice),
      'x-username': 'alice',
      'x-user-email': 'alice@example.com',
      'x-user-name': 'Alice Archer',
      'x-user-roles': 'admin,user',
      'x-user-groups': '/engineering,/ops',
      'x-user-scopes': 'openid profile email',
      'x-client-id': 'gatehouse',
      'x-auth-source': 'session',
      'x-auth-kind': 'user',
      'x-auth-provider': providerName,
      'x-service-name': '',
      'x-service-id': '',
      'x-service-roles': '',
      'x-auth-truncated': '',
    })
    expect(answer.rawHeaders).not.toContain('forged')
    expect(answer.headers['x-session-id']).toMatch(/^[\w-]{16}$/)
    expect(cookieOf(agent)).not.toContain(answer.headers['x-session-id'])
  })

  test('H-01 what is unknown of a person is there and empty', async () => {
    const { agent } = await site.signIn(guest)
    const answer = await site.validateAs(agent, forged)
    expectPass(answer, { 'x-username': 'guest', 'x-user-roles': '', 'x-user-groups': '' })
  })

  test('H-01 a refusal has none of them, whatever the client sends', async () => {
    expectSignIn(await site.validate(forged), site.url, `${site.url}/page?x=1`)
    expectRefusal(await site.validate({ ...forged, Accept: '*/*' }), 'unauthenticated')
  })

  test('H-03 with AUTH_ENABLED=false everyone passes as nobody, with the set empty', async () => {
    await using open = await startTestGateway({ env: { AUTH_ENABLED: 'false' } })
    const answer = await open.validate({ ...forged, 'X-Request-Id': 'own' })
    const empty = Object.fromEntries(identityHeaderNames.map((name) => [name, '']))
    expectPass(answer, {
      ...empty,
      'x-auth-source': 'anonymous',
      'x-auth-kind': 'anonymous',
      'x-request-id': 'own',
    })
    expectRefusal(
      await open.validate({ 'X-Forwarded-Host': 'evil.example', Accept: '*/*' }),
      'unknown_host',
    )
  })
})

describe('requests that would corrupt it', async () => {
  let cookie: string
  beforeAll(async () => {
    cookie = cookieOf((await site.signIn(alice)).agent)
  })

  test.each(identityHeaderNames)('H-02 a twin of %s is refused', async (name) => {
    const [first = '', ...rest] = name.split('-')
    const twins = [
      name.replaceAll('-', '_'),
      name.replaceAll('-', '.').toUpperCase(),
      `${first}_${rest.join('-')}`,
      `${first}-${rest.join('.')}`,
    ].filter((twin) => twin !== name)
    for (const twin of twins) {
      const forged = { [twin]: 'forged' }
      expectRefusal(await site.validate(forged), 'bad_forwarded_request')
      expectRefusal(await site.validate({ Cookie: cookie, ...forged }), 'bad_forwarded_request')
    }
  })

  test.each(['x_user_agent', 'X.Userid', 'x_custom'])('H-02 %s is no twin', async (name) => {
    expectPass(await site.validate({ Cookie: cookie, [name]: 'own' }))
  })

  test.each([...identityHeaderNames, 'x-forwarded-uri'])(
    'H-04 a Connection header that names %s is refused',
    async (name) => {
      for (const Connection of [name, `close, ${name.toUpperCase()}`, `keep-alive ,\t${name} ,`]) {
        const answer = await site.validate({ Cookie: cookie, Connection })
        expectRefusal(answer, 'bad_forwarded_request')
      }
    },
  )

  test('H-04 a Connection header that names others is not', async () => {
    for (const Connection of ['close', 'keep-alive, x-custom', 'x-user-idle']) {
      expectPass(await site.validate({ Cookie: cookie, Connection }))
    }
  })
})

describe('H-05 a malformed credential', () => {
  test.each([
    { Cookie: 'gatehouse' },
    { Cookie: 'gatehouse=' },
    { Cookie: 'gatehouse=.' },
    { Cookie: 'gatehouse=undefined' },
    { Cookie: 'gatehouse="quoted"' },
    { Cookie: '=;=;;; ,' },
    { Cookie: 'gatehouse=%00%ff' },
    { Cookie: 'gatehouse=é\x80' },
  ])('H-05 %j is as good as none', async (headers) => {
    expectSignIn(await site.validate(headers), site.url, `${site.url}/page?x=1`)
    expectRefusal(await site.validate({ ...headers, Accept: '*/*' }), 'unauthenticated')
  })

  test.each([
    'Basic',
    'Basic !!!',
    'Digest username="x"',
    'Negotiate',
    '',
    'Token x',
    ', Bearer x',
  ])('H-05 Authorization: %j is the app’s own, and no proof', async (Authorization) => {
    expectRefusal(await site.validate({ Authorization }), 'unauthenticated')
  })

  test.each([
    'Bearer',
    'bearer ',
    'Bearer \t',
    'Bearer x y',
    'Bearer,',
    'BEARER é',
    'Bearer e30.e30.',
  ])('H-05 Authorization: %j is a bad token', async (Authorization) => {
    expectRefusal(await site.validate({ Authorization }), 'invalid_token')
  })
})
