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
const env = { OIDC_SCOPES: 'openid profile email groups offline_access' }

/**
 * An id token that holds next to nothing, and a JWT access token for an API that names the client in
 * `cid` and has the login name as its sub.
 */
const okta: Particulars = {
  path: '/oauth2/default',
  scopes: {
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  idToken: () => ({}),
  userinfo: ({ name, email, groups }) => ({
    name,
    email,
    email_verified: true,
    preferred_username: email,
    groups: ['Everyone', ...groups],
  }),
  accessToken: ({ iss, exp }) => ({
    iss: String(iss),
    aud: 'api://default',
    cid: clientId,
    sub: 'alice@example.com',
    groups: ['of the API'],
    exp: Number(exp),
  }),
  refreshToken: withOfflineAccess,
}

const aliceAtOkta = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice@example.com',
  'x-user-email': 'alice@example.com',
  'x-user-roles': '',
  'x-user-groups': 'Everyone,/engineering,/ops',
}

test('userinfo says what the id token does not; the access token of the API is not read', async () => {
  expect(await identityAt(okta, env)).toEqual(aliceAtOkta)
})

test('groups take the scope groups', async () => {
  expect(await identityAt(okta, { OIDC_SCOPES: 'openid profile email' })).toEqual({
    ...aliceAtOkta,
    'x-user-groups': '',
  })
})

test('a refresh asks userinfo again', async () => {
  await using site = await startGatewayLike(okta, env)
  const { agent } = await site.signIn()
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtOkta)
  const asked = site.idp.requests.filter(({ path }) => path === '/oauth2/default/me')
  expect(asked).toHaveLength(2)
})

test('OIDC_GROUPS_ALLOWLIST leaves out the group that everybody is in', async () => {
  expect(await identityAt(okta, { ...env, OIDC_GROUPS_ALLOWLIST: 'ops' })).toEqual({
    ...aliceAtOkta,
    'x-user-groups': '/ops',
  })
})

test('sign-out ends the session there too, and comes back', async () => {
  expect(await signOutAt(okta, env)).toEqual({ end: '/auth/logged-out', asksAgain: true })
})
