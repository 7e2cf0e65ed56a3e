import { expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { clientId } from '../../support/gateway.ts'
import {
  identityAt,
  identityOf,
  type Particulars,
  signOutAt,
  startGatewayLike,
  withOfflineAccess,
} from '../../support/provider-like.ts'

const [alice] = demoUsers as [User]
const env = { OIDC_SCOPES: 'openid profile email offline_access' }

const says = ({ name, username, email, groups, roles }: User) => ({
  name,
  given_name: name,
  preferred_username: username,
  nickname: username,
  email,
  email_verified: false,
  groups: groups.map((group) => group.slice(1)),
  entitlements: [...roles],
  roles: [...roles],
})

/** An issuer of each application, an access token that is a JWT for us, addresses not verified. */
const authentik: Particulars = {
  path: '/application/o/gatehouse/',
  scopes: {
    profile: ['name', 'given_name', 'preferred_username', 'nickname', 'groups'],
    email: ['email', 'email_verified'],
    entitlements: ['entitlements', 'roles'],
  },
  idToken: says,
  userinfo: says,
  accessToken: (idToken) => ({ ...idToken, azp: clientId }),
  refreshToken: withOfflineAccess,
}

const aliceAtAuthentik = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice',
  'x-user-email': 'alice@example.com',
  'x-user-roles': '',
  'x-user-groups': 'engineering,ops',
}

test('groups come with the scope profile; a refresh leaves them as they are', async () => {
  await using site = await startGatewayLike(authentik, env)
  expect(site.idp.issuer).toMatch(/\/application\/o\/gatehouse\/$/)
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual(aliceAtAuthentik)
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtAuthentik)
  expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(1)
})

test('the scope entitlements gives roles', async () => {
  const scopes = `${env.OIDC_SCOPES} entitlements`
  expect(await identityAt(authentik, { OIDC_SCOPES: scopes })).toEqual({
    ...aliceAtAuthentik,
    'x-user-roles': 'admin,user',
  })
})

test('without offline_access the session ends with the access token', async () => {
  await using site = await startGatewayLike(authentik)
  const { agent } = await site.signIn()
  site.clock.advance(301_000)
  expect((await identityOf(site, agent)).status).toBe(302)
})

test('sign-out ends the session there too, and comes back', async () => {
  expect(await signOutAt(authentik, env)).toEqual({ end: '/auth/logged-out', asksAgain: true })
})

test.each([
  ['domain:example.com', 403],
  ['email:alice@example.com', 403],
  ['group:ops', 404],
  ['user:alice', 404],
])('ALLOW=%s, where addresses are not verified, ends with %i', async (allow, status) => {
  await using site = await startGatewayLike(authentik, { ...env, ALLOW: allow })
  expect((await site.signIn()).answer.status).toBe(status)
})
