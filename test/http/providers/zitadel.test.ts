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
const project = '223281986649719041'
const rolesClaim = 'urn:zitadel:iam:org:project:roles'
const rolesOfProject = `urn:zitadel:iam:org:project:${project}:roles`

const env = {
  OIDC_SCOPES: 'openid profile email offline_access',
  AUTH_ROLES_CLAIM: rolesClaim,
}

/** Each role with the organisations that gave it. */
const roles = {
  admin: { '223281939119866113': 'corporate.zitadel.example' },
  'corporate member': {
    '223279178798072065': 'org-a.zitadel.example',
    '223279223391912193': 'org-b.zitadel.example',
  },
}

/** Roles as the keys of an object, in userinfo; an id token for the whole project. */
const zitadel: Particulars = {
  scopes: {
    openid: ['sub', rolesClaim, rolesOfProject],
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
  },
  idToken: ({ username }) => ({ preferred_username: username }),
  userinfo: ({ name, username, email }) => ({
    name,
    preferred_username: username,
    email,
    email_verified: true,
    [rolesClaim]: roles,
    [rolesOfProject]: roles,
  }),
  refreshToken: withOfflineAccess,
}

const aliceAtZitadel = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice',
  'x-user-email': 'alice@example.com',
  'x-user-roles': 'admin,corporate member',
  'x-user-groups': '',
}

test('the keys of the claim are the roles, at the sign-in and at a refresh', async () => {
  await using site = await startGatewayLike(zitadel, env)
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual(aliceAtZitadel)
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtZitadel)
  expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(1)
})

test('the claim of one project is as good, and so is one in the id token', async () => {
  const { idToken } = zitadel
  expect(
    await identityAt(
      { ...zitadel, idToken: (user) => ({ ...idToken(user), [rolesOfProject]: { viewer: {} } }) },
      { ...env, AUTH_ROLES_CLAIM: rolesOfProject },
    ),
  ).toEqual({ ...aliceAtZitadel, 'x-user-roles': 'viewer' })
})

test('an access token that is a JWT for the project is read', async () => {
  expect(
    await identityAt(
      {
        ...zitadel,
        accessToken: ({ iss, sub, exp }) => ({
          iss: String(iss),
          sub: String(sub),
          aud: [clientId, 'another-application', project],
          exp: Number(exp),
          [rolesClaim]: { viewer: {} },
        }),
      },
      env,
    ),
  ).toEqual({ ...aliceAtZitadel, 'x-user-roles': 'viewer' })
})

test('without the name of the claim there are no roles', async () => {
  expect(await identityAt(zitadel, { OIDC_SCOPES: env.OIDC_SCOPES })).toEqual({
    ...aliceAtZitadel,
    'x-user-roles': '',
  })
})

test('sign-out ends the session there too, and comes back', async () => {
  expect(await signOutAt(zitadel, env)).toEqual({ end: '/auth/logged-out', asksAgain: true })
})

test('ALLOW can name a role', async () => {
  await using site = await startGatewayLike(zitadel, { ...env, ALLOW: 'role:admin' })
  expect((await site.signIn()).answer.status).toBe(404)
  await using other = await startGatewayLike(zitadel, { ...env, ALLOW: 'role:223281939119866113' })
  expect((await other.signIn()).answer.status).toBe(403)
})
