import { expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { clientId } from '../../support/gateway.ts'
import {
  identityOf,
  type Particulars,
  pairwise,
  signOutAt,
  startGatewayLike,
  withOfflineAccess,
} from '../../support/provider-like.ts'

const [alice] = demoUsers as [User]
const scopes = 'openid profile email offline_access'
const group = '0760b6cf-170e-4a14-91b3-4b78e0739963'

/**
 * A sub for each application, app roles in the id token alone, an access token for Microsoft Graph, and
 * no word about whether an address is verified.
 */
const entra: Particulars = {
  scopes: {
    openid: ['sub', 'roles', 'groups', 'tid'],
    profile: ['name', 'preferred_username', 'oid'],
    email: ['email'],
  },
  idToken: ({ id, name, email, roles }) => ({
    name,
    email,
    preferred_username: email,
    oid: id,
    tid: '833ced3d-cb2e-41de-92f1-29e2af035ddc',
    roles: [...roles],
    groups: [group],
  }),
  userinfo: ({ name, email }) => ({ name, email }),
  subject: 'pairwise',
  accessToken: ({ exp, sub }) => ({
    iss: 'https://sts.windows.net/833ced3d-cb2e-41de-92f1-29e2af035ddc/',
    aud: '00000003-0000-0000-c000-000000000000',
    appid: clientId,
    sub: `graph-${sub}`,
    roles: ['Directory.ReadWrite.All'],
    exp: Number(exp),
  }),
  refreshToken: withOfflineAccess,
  revocation: false,
}

const aliceAtEntra = {
  status: 200,
  'x-user-id': pairwise(alice.id, clientId),
  'x-username': 'alice@example.com',
  'x-user-email': 'alice@example.com',
  'x-user-roles': 'admin,user',
  'x-user-groups': group,
}

test('the sub of this application and its roles; the access token for Graph is not read', async () => {
  await using site = await startGatewayLike(entra, { OIDC_SCOPES: scopes })
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual(aliceAtEntra)
  const asked = site.idp.requests.map(({ path }) => path)
  expect(asked).not.toContain('/me')
})

test('userinfo takes the token for Graph where the id token leaves something out', async () => {
  const { idToken } = entra
  await using site = await startGatewayLike(
    { ...entra, idToken: (user) => ({ ...idToken(user), name: undefined, groups: undefined }) },
    { OIDC_SCOPES: scopes },
  )
  const { agent } = await site.signIn()
  expect(await identityOf(site, agent)).toEqual({ ...aliceAtEntra, 'x-user-groups': '' })
  expect((await site.validateAs(agent)).headers['x-user-name']).toBe('Alice Archer')
})

test('offline_access gives a refresh token, and a refresh leaves the identity as it is', async () => {
  await using site = await startGatewayLike(entra, { OIDC_SCOPES: scopes })
  const { agent } = await site.signIn()
  site.clock.advance(301_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtEntra)
  expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(1)
})

test('without offline_access the session ends with the access token', async () => {
  await using site = await startGatewayLike(entra)
  const { agent } = await site.signIn()
  site.clock.advance(301_000)
  expect((await identityOf(site, agent)).status).toBe(302)
})

test('sign-out ends the session there too, and comes back', async () => {
  expect(await signOutAt(entra, { OIDC_SCOPES: scopes })).toEqual({
    end: '/auth/logged-out',
    asksAgain: true,
  })
})

test.each([
  ['domain:example.com,email:alice@example.com', 403],
  ['role:admin', 404],
  [`group:${group}`, 404],
])('ALLOW=%s: addresses are not verified, roles and groups count', async (allow, status) => {
  await using site = await startGatewayLike(entra, { OIDC_SCOPES: scopes, ALLOW: allow })
  expect((await site.signIn()).answer.status).toBe(status)
})
