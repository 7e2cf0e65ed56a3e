import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close, listen } from '../../../demo/listen.ts'
import type { TestGateway } from '../../support/gateway.ts'
import { identityOf, type Particulars, startGatewayLike } from '../../support/provider-like.ts'

/** Where the token says the groups are. */
const elsewhere = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.setHeader('content-type', 'application/json')
  response.end('{"value":["admins"],"groups":["admins"]}')
})
const asked: string[] = []
let endpoint = ''

beforeAll(async () => {
  endpoint = `http://127.0.0.1:${await listen(elsewhere, 0, '127.0.0.1')}/getMemberObjects`
})
afterAll(() => close(elsewhere))

/** As Entra for somebody in more than 200 groups (OIDC Core section 5.6.2). */
const overage = () => ({
  _claim_names: { groups: 'src1' },
  _claim_sources: { src1: { endpoint } },
})

const like = (
  groups: () => object,
  userinfo: Particulars['userinfo'] = () => ({}),
): Particulars => ({
  scopes: { openid: ['sub', 'roles', 'groups'], profile: ['name', 'preferred_username'] },
  idToken: ({ name, username, roles }) => ({
    name,
    preferred_username: username,
    roles: [...roles],
    ...groups(),
  }),
  userinfo,
})

const warnings = (site: TestGateway) => site.log.filter(({ event }) => event === 'groups_overage')

test('a link in place of the groups: none of them, nobody asks there, and the sign-in goes on', async () => {
  await using site = await startGatewayLike(like(overage))
  const { agent, answer } = await site.signIn()
  expect(answer.url).toBe(`${site.url}/page`)
  expect(await identityOf(site, agent)).toMatchObject({
    status: 200,
    'x-username': 'alice',
    'x-user-roles': 'admin,user',
    'x-user-groups': '',
  })
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toMatchObject({ status: 200, 'x-user-groups': '' })
  expect(asked).toEqual([])
})

test('the log says so once a sign-in, and what to do', async () => {
  await using site = await startGatewayLike(like(overage))
  const { agent } = await site.signIn()
  site.clock.advance(301_000)
  await identityOf(site, agent)
  expect(warnings(site)).toEqual([
    expect.objectContaining({
      level: 'warn',
      audit: true,
      provider: 'default',
      username: 'alice',
      message: expect.stringMatching(/app roles.*groups that are assigned to the application/),
    }),
  ])
})

test('groups that were known are so no more once a refresh brings a link', async () => {
  let groups: () => object = () => ({ groups: ['ops'] })
  await using site = await startGatewayLike(like(() => groups()))
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toMatchObject({ 'x-user-groups': 'ops' })
  groups = overage
  site.idp.intercept = ({ url }, response) => {
    if (url !== '/me') return 'pass'
    response.writeHead(500).end()
    return 'handled'
  }
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toMatchObject({ status: 200, 'x-user-groups': '' })
  expect(warnings(site)).toEqual([])
})

test('a list in userinfo is as good as one in the token', async () => {
  await using site = await startGatewayLike(like(overage, () => ({ groups: ['ops'] })))
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toMatchObject({ 'x-user-groups': 'ops' })
  expect(warnings(site)).toEqual([])
  expect(asked).toEqual([])
})

test('ALLOW by a group lets nobody in whose groups are not known, and the log says why', async () => {
  await using site = await startGatewayLike(like(overage), { ALLOW: 'group:admins' })
  expect((await site.signIn()).answer.status).toBe(403)
  expect(warnings(site)).toHaveLength(1)
  expect(asked).toEqual([])
})
