import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import { callbackUrl } from '../../support/callback-url.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { userId } from '../../support/second-place.ts'
import { signToken } from '../../support/sign-token.ts'

const [alice, lukasz, guest] = demoUsers as readonly [User, User, User]
const eve: User = {
  id: 'eve',
  username: 'eve\rx-user-roles: admin',
  name: 'Eve\r\nx-user-id: admin\r\n\r\n\0\x7f\u2028',
  email: ' eve@example.com,admin@example.com ',
  groups: ['viewer,admin', '', ' ', 'a%2Cb', 'Żółw\n'],
  roles: ['us\ter', 'admin\0'],
}
const many: User = {
  ...alice,
  id: 'many',
  groups: Array.from({ length: 2_000 }, (_, i) => `/department-${i}/Łódź`),
}
/** Its groups change while it is signed in. */
const changing = { ...alice, id: 'changing', groups: ['/ops'], roles: ['admin'] }
const users: User[] = [alice, lukasz, guest, eve, many, changing]

let site: TestGateway
beforeAll(async () => {
  site = await startTestGateway({ idp: { users } })
})
afterAll(() => site[Symbol.asyncDispose]())

const decoded = (value: string | undefined) => decodeURIComponent(value ?? '')
const items = (value: string | undefined) => (value ?? '').split(',').map(decodeURIComponent)

describe('claims of any characters', () => {
  test('H-06 line ends and controls in a claim make no header and no error', async () => {
    const { agent } = await site.signIn(eve)
    const answer = await site.validateAs(agent)
    expectPass(answer, { 'x-user-id': userId(eve) })
    expect(decoded(answer.headers['x-username'])).toBe(eve.username)
    expect(decoded(answer.headers['x-user-name'])).toBe(eve.name)
    expect(decoded(answer.headers['x-user-email'])).toBe(eve.email)
    expect(items(answer.headers['x-user-roles'])).toEqual(eve.roles)
  })

  test('H-07 a claim outside Latin-1 arrives decodable', async () => {
    const { agent } = await site.signIn(lukasz)
    const answer = await site.validateAs(agent)
    expectPass(answer, { 'x-user-name': '%C5%81ukasz %C5%BB%C3%B3%C5%82w' })
    expect(decoded(answer.headers['x-user-name'])).toBe('Łukasz Żółw')
  })

  test('H-08 a comma in a group makes no second group, an empty one makes none', async () => {
    const { agent } = await site.signIn(eve)
    const answer = await site.validateAs(agent)
    expect(items(answer.headers['x-user-groups'])).toEqual(['viewer,admin', ' ', 'a%2Cb', 'Żółw\n'])
    expect(answer.headers['x-user-groups']?.split(',')).not.toContain('admin')
  })

  test('H-14 2,000 groups are cut at 8 KB, at the end of a name, and it is said', async () => {
    const { agent } = await site.signIn(many)
    const answer = await site.validateAs(agent)
    expectPass(answer, { 'x-auth-truncated': 'x-user-groups' })
    const value = answer.headers['x-user-groups'] ?? ''
    expect(value.length).toBeLessThanOrEqual(8_192)
    expect(value.length).toBeGreaterThan(8_100)
    const sent = items(value)
    expect(sent).toEqual(many.groups.slice(0, sent.length))
  })
})

/** What the callback says when the id token has these claims beside alice's. */
async function signInWith(changes: Record<string, unknown>) {
  await using own = await startTestGateway()
  const { keys } = own.idp
  own.idp.alter = async (path, body) => {
    if (path === '/me') return { sub: body.sub }
    if (path !== '/token') return body
    const [, payload = ''] = String(body.id_token).split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return { ...body, id_token: await signToken(keys.RS256, { ...claims, ...changes }) }
  }
  const browser = new Agent()
  const ended = await browser.fetch(await callbackUrl(browser, `${own.url}/auth/login`))
  return { ended, passed: await own.validateAs(browser) }
}

describe('claims of the wrong type', () => {
  test.each([undefined, null, '', 7, 0, true, ['x'], {}, 'x'.repeat(256)])(
    'H-10 a sub that is %j gives no session',
    async (sub) => {
      const { ended, passed } = await signInWith({ sub })
      expect(ended.status).toBe(400)
      expect(ended.text).toContain('invalid_token_payload')
      expect(ended.headers.getSetCookie()).toEqual([])
      expect(passed.status).toBe(302)
    },
  )

  test('H-10 of lists only strings count, and of texts only text', async () => {
    const { passed } = await signInWith({
      roles: ['user', 1, null, {}, ['admin'], true, 'auditor'],
      realm_access: { roles: { admin: true } },
      groups: 42,
      name: ['Alice'],
      preferred_username: { toString: 'admin' },
      email: 7,
    })
    expectPass(passed, {
      'x-user-roles': 'user,auditor',
      'x-user-groups': '',
      'x-user-name': '',
      'x-username': '',
      'x-user-email': '',
    })
  })
})

test('C-14 claims named like the prototype are claims like others', async () => {
  const plainRoles = { roles: ['user'], realm_access: {} }
  const hostile = JSON.parse('{"__proto__":{"roles":["admin"]},"constructor":{"name":"admin"}}')
  const { passed } = await signInWith({ ...hostile, ...plainRoles })
  expectPass(passed, { 'x-username': 'alice', 'x-user-roles': 'user' })
  expect(Object.hasOwn(Object.prototype, 'roles')).toBe(false)
})

describe('claims that change', () => {
  test('H-12 a role that is taken away is gone after the next refresh', async () => {
    const { agent } = await site.signIn(changing)
    expectPass(await site.validateAs(agent), { 'x-user-groups': '/ops', 'x-user-roles': 'admin' })
    changing.groups = []
    changing.roles = ['user']
    site.clock.advance(250_000)
    await site.validateAs(agent)
    await expect
      .poll(async () => (await site.validateAs(agent)).headers['x-user-roles'])
      .toBe('user')
    expectPass(await site.validateAs(agent), { 'x-user-groups': '', 'x-user-roles': 'user' })
  })

  test('H-12 a refresh that is refused ends the session', async () => {
    await using own = await startTestGateway()
    const { agent } = await own.signIn()
    expectPass(await own.validateAs(agent))
    own.idp.intercept = (request, response) => {
      if (request.url !== '/token') return 'pass'
      response.writeHead(400, { 'content-type': 'application/json' })
      response.end('{"error":"invalid_grant"}')
      return 'handled'
    }
    own.clock.advance(301_000)
    expectRefusal(await own.validateAs(agent, { Accept: '*/*' }), 'session_expired')
    own.idp.intercept = undefined
    expectRefusal(await own.validateAs(agent, { Accept: '*/*' }), 'session_expired')
  })
})
