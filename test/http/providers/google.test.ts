import { expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import {
  identityAt,
  identityOf,
  type Particulars,
  signOut,
  startGatewayLike,
} from '../../support/provider-like.ts'

const [alice] = demoUsers as [User]

const says = ({ name, email }: User) => ({
  name,
  email,
  email_verified: true,
  hd: 'example.com',
  picture: 'https://google.example/alice',
})

/** No login name, roles and groups; a refresh token only for who asks for it by parameters. */
const google: Particulars = {
  scopes: { profile: ['name', 'picture', 'hd'], email: ['email', 'email_verified'] },
  idToken: says,
  userinfo: says,
  refreshToken: (request) =>
    request.get('access_type') === 'offline' && request.get('prompt') === 'consent',
  lastingRefreshToken: true,
  endSession: false,
}
const offline = { OIDC_AUTHORIZATION_PARAMS: 'access_type=offline&prompt=consent' }

const aliceAtGoogle = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice@example.com',
  'x-user-email': 'alice@example.com',
  'x-user-roles': '',
  'x-user-groups': '',
}

test('the e-mail address is the login name; nothing is known of roles and groups', async () => {
  expect(await identityAt(google, offline)).toEqual(aliceAtGoogle)
})

test('with access_type=offline and prompt=consent a session is refreshed, with one token all along', async () => {
  await using site = await startGatewayLike(google, offline)
  const { agent } = await site.signIn()
  for (let round = 0; round < 2; round += 1) {
    site.clock.advance(301_000)
    expect(await identityOf(site, agent)).toEqual(aliceAtGoogle)
  }
  expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(2)
})

test.each([
  {},
  { OIDC_AUTHORIZATION_PARAMS: 'access_type=offline' },
  { OIDC_SCOPES: 'openid profile email offline_access' },
])('with %o there is no refresh token: the session ends with the access token', async (env) => {
  await using site = await startGatewayLike(google, env as Record<string, string>)
  const { agent } = await site.signIn()
  expect((await identityOf(site, agent)).status).toBe(200)
  site.clock.advance(301_000)
  expect((await identityOf(site, agent)).status).toBe(302)
})

test('SESSION_WITHOUT_REFRESH=max_age keeps it without', async () => {
  await using site = await startGatewayLike(google, { SESSION_WITHOUT_REFRESH: 'max_age' })
  const { agent } = await site.signIn()
  site.clock.advance(7_000_000)
  expect(await identityOf(site, agent)).toEqual(aliceAtGoogle)
  expect(site.log.filter(({ event }) => event === 'refresh')).toEqual([])
})

test('sign-out ends here: the tokens are revoked, and Google signs in again without asking', async () => {
  await using site = await startGatewayLike(google)
  const { agent } = await site.signIn()
  expect(await signOut(site, agent)).toEqual({
    end: `${site.url}/auth/logged-out`,
    asksAgain: false,
  })
  await expect.poll(() => site.idp.requests.map(({ path }) => path)).toContain('/token/revocation')
})

test('addresses are verified, so ALLOW can go by their domain', async () => {
  await using site = await startGatewayLike(google, { ALLOW: 'domain:example.com' })
  expect(await identityOf(site, (await site.signIn()).agent)).toEqual(aliceAtGoogle)
  const [, , grace] = demoUsers as [User, User, User]
  expect((await site.signIn(grace)).answer.status).toBe(403)
})
