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
const owned = 'https://gitlab.org/claims/groups/owner'

const person = ({ name, username, email, emailVerified = true }: User) => ({
  name,
  nickname: username,
  preferred_username: username,
  email,
  email_verified: emailVerified,
})

/** Groups with a path in userinfo alone, refresh tokens for all, no end of the session. */
const gitlab: Particulars = {
  scopes: {
    openid: ['sub', 'groups', 'groups_direct', owned],
    profile: ['name', 'nickname', 'preferred_username'],
    email: ['email', 'email_verified'],
  },
  idToken: (user) => ({ ...person(user), groups_direct: ['acme'] }),
  userinfo: (user) => ({ ...person(user), groups: ['acme', 'acme/dev'], [owned]: ['acme/dev'] }),
  endSession: false,
}

const aliceAtGitlab = {
  status: 200,
  'x-user-id': alice.id,
  'x-username': 'alice',
  'x-user-email': 'alice@example.com',
  'x-user-roles': '',
  'x-user-groups': 'acme,acme/dev',
}

test('groups are the paths that userinfo lists, those below a group included', async () => {
  expect(await identityAt(gitlab)).toEqual(aliceAtGitlab)
})

test('AUTH_GROUPS_CLAIM=groups_direct takes those one is in oneself, from the id token', async () => {
  expect(await identityAt(gitlab, { AUTH_GROUPS_CLAIM: 'groups_direct' })).toEqual({
    ...aliceAtGitlab,
    'x-user-groups': 'acme',
  })
})

test('the groups that one owns can be roles', async () => {
  expect(await identityAt(gitlab, { AUTH_ROLES_CLAIM: owned })).toEqual({
    ...aliceAtGitlab,
    'x-user-roles': 'acme/dev',
  })
})

test('a refresh token comes by itself, and each is redeemed once', async () => {
  await using site = await startGatewayLike(gitlab)
  const { agent } = await site.signIn()
  for (let round = 0; round < 3; round += 1) {
    site.clock.advance(301_000)
    expect(await identityOf(site, agent)).toEqual(aliceAtGitlab)
  }
  expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(3)
})

test('sign-out ends here: the tokens are revoked, and GitLab signs in again without asking', async () => {
  await using site = await startGatewayLike(gitlab)
  const { agent } = await site.signIn()
  expect(await signOut(site, agent)).toEqual({
    end: `${site.url}/auth/logged-out`,
    asksAgain: false,
  })
  await expect.poll(() => site.idp.requests.map(({ path }) => path)).toContain('/token/revocation')
})

test.each([
  ['group:acme', 404],
  ['group:acme/dev', 404],
  ['group:other', 403],
  ['domain:example.com', 404],
])('ALLOW=%s at an account of acme ends with %i', async (allow, status) => {
  await using site = await startGatewayLike(gitlab, { ALLOW: allow })
  expect((await site.signIn()).answer.status).toBe(status)
})
