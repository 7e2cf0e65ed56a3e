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
const rolesClaim = 'https://example.com/roles'

const env = {
  OIDC_SCOPES: 'openid profile email offline_access',
  AUTH_ROLES_CLAIM: rolesClaim,
}

const says = ({ name, username, email, roles }: User) => ({
  name,
  nickname: username,
  email,
  email_verified: true,
  [rolesClaim]: [...roles],
})

/** An issuer that ends in a slash, claims with a namespace, no login name and no groups. */
const auth0: Particulars = {
  path: '/',
  scopes: {
    openid: ['sub', rolesClaim],
    profile: ['name', 'nickname'],
    email: ['email', 'email_verified'],
  },
  idToken: says,
  userinfo: says,
  refreshToken: withOfflineAccess,
}

const aliceAtAuth0 = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice@example.com',
  'x-user-email': 'alice@example.com',
  'x-user-roles': 'admin,user',
  'x-user-groups': '',
}

test('roles come from the claim with a namespace; a refresh leaves them as they are', async () => {
  await using site = await startGatewayLike(auth0, env)
  expect(site.idp.issuer).toMatch(/\/$/)
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual(aliceAtAuth0)
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtAuth0)
})

test('without the name of that claim there are no roles', async () => {
  expect(await identityAt(auth0, { OIDC_SCOPES: env.OIDC_SCOPES })).toEqual({
    ...aliceAtAuth0,
    'x-user-roles': '',
  })
})

test('with an audience the access token names us in azp: its permissions can be roles', async () => {
  const audience = 'https://api.example.com'
  expect(
    await identityAt(
      {
        ...auth0,
        accessToken: ({ iss, sub, exp }) => ({
          iss: String(iss),
          sub: String(sub),
          aud: [audience, `${iss}userinfo`],
          azp: clientId,
          exp: Number(exp),
          permissions: ['read:reports'],
        }),
      },
      {
        ...env,
        AUTH_ROLES_CLAIM: `${rolesClaim},permissions`,
        OIDC_AUTHORIZATION_PARAMS: `audience=${audience}`,
      },
    ),
  ).toEqual({
    ...aliceAtAuth0,
    'x-user-roles': 'admin,user,read:reports',
  })
})

test('sign-out goes to Auth0 and comes back where its metadata names the endpoint', async () => {
  expect(await signOutAt(auth0, env)).toEqual({ end: '/auth/logged-out', asksAgain: true })
})

test('sign-out ends here where the tenant does not announce the endpoint', async () => {
  expect(await signOutAt({ ...auth0, endSession: false }, env)).toEqual({
    end: '/auth/logged-out',
    asksAgain: false,
  })
})

test('H-09 an address that nobody confirmed lets nobody in by user:', async () => {
  const unconfirmed = (user: User) => ({ ...says(user), email_verified: false })
  const allow = { ...env, ALLOW: 'user:alice@example.com' }
  await using site = await startGatewayLike(
    { ...auth0, idToken: unconfirmed, userinfo: unconfirmed },
    allow,
  )
  expect((await site.signIn()).answer.status).toBe(403)
  await using confirmed = await startGatewayLike(auth0, allow)
  expect((await confirmed.signIn()).answer.status).toBe(404)
})
