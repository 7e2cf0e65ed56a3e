import { expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import {
  identityAt,
  identityOf,
  type Particulars,
  signOutAt,
  startGatewayLike,
  withOfflineAccess,
} from '../../support/provider-like.ts'

const [alice] = demoUsers as [User]
const env = { OIDC_SCOPES: 'openid profile email groups offline_access' }

/** An id token that proves the sign-in and no more, all else in userinfo; no end of the session. */
const authelia: Particulars = {
  scopes: {
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  idToken: () => ({}),
  userinfo: ({ name, username, email, groups }) => ({
    name,
    preferred_username: username,
    email,
    email_verified: true,
    groups: groups.map((group) => group.slice(1)),
  }),
  refreshToken: withOfflineAccess,
  endSession: false,
}

const aliceAtAuthelia = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice',
  'x-user-email': 'alice@example.com',
  'x-user-roles': '',
  'x-user-groups': 'engineering,ops',
}

test('everything but the sub comes from userinfo, at the sign-in and at a refresh', async () => {
  await using site = await startGatewayLike(authelia, env)
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual(aliceAtAuthelia)
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtAuthelia)
  expect(site.idp.requests.filter(({ path }) => path === '/me')).toHaveLength(2)
})

test('without the scope groups there are none, without offline_access no refresh token', async () => {
  await using site = await startGatewayLike(authelia)
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual({ ...aliceAtAuthelia, 'x-user-groups': '' })
  site.clock.advance(301_000)
  expect((await identityOf(site, agent)).status).toBe(302)
})

test('AUTH_ROLES_CLAIM=groups makes the groups roles as well', async () => {
  expect(await identityAt(authelia, { ...env, AUTH_ROLES_CLAIM: 'groups' })).toEqual({
    ...aliceAtAuthelia,
    'x-user-roles': 'engineering,ops',
  })
})

test('sign-out ends here, and Authelia signs in again without asking', async () => {
  expect(await signOutAt(authelia, env)).toEqual({ end: '/auth/logged-out', asksAgain: false })
})
