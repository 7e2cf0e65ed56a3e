import { decodeJwt, type JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { callbackUrl } from '../support/callback-url.ts'
import { clientId, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { signToken } from '../support/sign-token.ts'

const [alice, lukasz] = demoUsers as [User, User]

/** The identity headers of somebody who signs in. */
async function identityOf(site: TestGateway, user: Pick<User, 'id'> = alice) {
  const { agent } = await site.signIn(user)
  const { status, headers } = await site.validateAs(agent)
  expect(status).toBe(200)
  return headers
}

/** From now on id tokens have these claims as well; undefined takes one away. */
function idTokenWith(site: TestGateway, changes: JWTPayload): void {
  site.idp.alter = async (path, body) =>
    path === '/token'
      ? {
          ...body,
          id_token: await signToken(site.idp.keys.RS256, {
            ...decodeJwt(String(body.id_token)),
            ...changes,
          }),
        }
      : body
}

const asked = (site: TestGateway, path: string) =>
  site.idp.requests.filter((request) => request.path === path).length

describe('userinfo', () => {
  test('gives what the id token leaves out', async () => {
    await using site = await startTestGateway({ idp: { idTokenClaims: false } })
    expect(await identityOf(site)).toMatchObject({
      'x-user-id': alice.id,
      'x-username': 'alice',
      'x-user-email': 'alice@example.com',
      'x-user-name': 'Alice Archer',
      'x-user-roles': 'admin,user',
      'x-user-groups': '/engineering,/ops',
    })
    expect(asked(site, '/me')).toBe(1)
  })

  test('is not asked where the id token says everything', async () => {
    await using site = await startTestGateway()
    await identityOf(site)
    expect(asked(site, '/me')).toBe(0)
  })

  test('does not override the id token', async () => {
    await using site = await startTestGateway()
    idTokenWith(site, { name: 'Alice of the token', groups: undefined, roles: ['token'] })
    expect(await identityOf(site)).toMatchObject({
      'x-user-name': 'Alice of the token',
      'x-user-groups': '/engineering,/ops',
      'x-user-roles': 'admin,user,token',
    })
  })

  test('is asked again at a refresh whose tokens leave something out', async () => {
    await using site = await startTestGateway({ idp: { idTokenClaims: false } })
    const { agent } = await site.signIn()
    site.idp.alter = (path, body) => (path === '/me' ? { ...body, groups: ['/new'] } : body)
    site.clock.advance(301_000)
    expect((await site.validateAs(agent)).headers['x-user-groups']).toBe('/new')
    expect(asked(site, '/me')).toBe(2)
  })

  test('that fails at a refresh leaves the last claims and keeps the new refresh token', async () => {
    await using site = await startTestGateway({ idp: { idTokenClaims: false } })
    const { agent } = await site.signIn()
    site.idp.intercept = ({ url }, response) => {
      if (url !== '/me') return 'pass'
      response.writeHead(500).end()
      return 'handled'
    }
    for (let round = 0; round < 2; round += 1) {
      site.clock.advance(301_000)
      const { status, headers } = await site.validateAs(agent)
      expect([status, headers['x-user-groups']]).toEqual([200, '/engineering,/ops'])
    }
    expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(2)
  })

  test('that refuses the token is done without', async () => {
    await using site = await startTestGateway({ idp: { idTokenClaims: false } })
    site.idp.intercept = ({ url }, response) => {
      if (url !== '/me') return 'pass'
      response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end()
      return 'handled'
    }
    expect(await identityOf(site)).toMatchObject({ 'x-user-id': alice.id, 'x-user-roles': '' })
  })
})

describe('an access token', () => {
  test('that is opaque is not read', async () => {
    await using site = await startTestGateway({ idp: { accessToken: 'opaque' } })
    expect(await identityOf(site)).toMatchObject({ 'x-client-id': clientId, 'x-username': 'alice' })
  })

  test('that is a JWT for us adds its roles and groups', async () => {
    await using site = await startTestGateway({
      idp: {
        accessToken: 'jwt',
        audience: clientId,
        idTokenClaims: false,
        ttl: { idToken: 36_000, accessToken: 300 },
      },
    })
    expect(await identityOf(site)).toMatchObject({
      'x-user-roles': 'admin,user',
      'x-user-groups': '/engineering,/ops',
      'x-username': 'alice',
    })
    expect(asked(site, '/me')).toBe(0)
  })

  /** The access token is a JWT of these claims beside the usual ones. */
  function accessTokenWith(site: TestGateway, claims: Readonly<Record<string, unknown>>): void {
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            access_token: await signToken(site.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              ...claims,
            }),
          }
        : body
  }

  test('names us by azp as well as by aud', async () => {
    await using site = await startTestGateway()
    accessTokenWith(site, { aud: 'account', azp: clientId, roles: ['by-azp'] })
    expect((await identityOf(site))['x-user-roles']).toBe('admin,user,by-azp')
  })

  test.each([
    ['for another audience', { aud: 'other', roles: ['root'] }],
    ['of another issuer', { iss: 'https://evil.example', roles: ['root'] }],
    ['that is over', { exp: 1_000_000_000, roles: ['root'] }],
    ['of another sub, for another audience', { aud: 'other', sub: lukasz.id, roles: ['root'] }],
  ])('%s is not ours to read', async (_name, claims) => {
    await using site = await startTestGateway()
    accessTokenWith(site, claims)
    expect(await identityOf(site)).toMatchObject({
      'x-user-id': alice.id,
      'x-user-roles': 'admin,user',
    })
  })

  test('that is a JWT of somebody’s key is not read', async () => {
    await using site = await startTestGateway()
    await using other = await startTestGateway()
    site.idp.alter = async (path, body) =>
      path === '/token'
        ? {
            ...body,
            access_token: await signToken(other.idp.keys.RS256, {
              ...decodeJwt(String(body.id_token)),
              sub: lukasz.id,
              roles: ['root'],
            }),
          }
        : body
    expect((await identityOf(site))['x-user-roles']).toBe('admin,user')
  })

  test('for us and of another sub ends the sign-in: mismatched_token_sub', async () => {
    await using site = await startTestGateway()
    accessTokenWith(site, { sub: lukasz.id })
    const agent = new Agent()
    const url = await callbackUrl(agent, `${site.url}/auth/login`)
    const answer = await agent.fetch(url)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('mismatched_token_sub')
    expect(agent.cookies.get(site.url, 'gatehouse')).toBeUndefined()
  })
})

describe('roles and groups', () => {
  test('come from the claims that are named, all of them', async () => {
    await using site = await startTestGateway({
      env: {
        AUTH_ROLES_CLAIM: 'resource_access.app.roles,https://example.com/roles',
        AUTH_GROUPS_CLAIM: 'teams',
      },
    })
    idTokenWith(site, {
      resource_access: { app: { roles: ['editor'] } },
      'https://example.com/roles': ['auditor', 'editor'],
      teams: 'platform',
    })
    expect(await identityOf(site)).toMatchObject({
      'x-user-roles': 'editor,auditor',
      'x-user-groups': 'platform',
    })
  })

  test('OIDC_GROUPS_ALLOWLIST keeps whole names, and what is under a prefix', async () => {
    await using site = await startTestGateway({
      env: { OIDC_GROUPS_ALLOWLIST: 'ops,/teams/,Sales' },
    })
    idTokenWith(site, {
      groups: ['/ops', 'ops2', '/teams/a', 'teams', 'xteams/a', '/sales', '/engineering'],
    })
    expect((await identityOf(site))['x-user-groups']).toBe('/ops,/teams/a,/sales')
    const { agent } = await site.signIn()
    const session = await agent.fetch(`${site.url}/auth/session`)
    expect(session.json()).toMatchObject({ groups: ['/ops', '/teams/a', '/sales'] })
    site.clock.advance(301_000)
    expect((await site.validateAs(agent)).headers['x-user-groups']).toBe('/ops,/teams/a,/sales')
  })
})

describe('who it is', () => {
  test('somebody without a login name goes by the e-mail address', async () => {
    await using site = await startTestGateway()
    idTokenWith(site, { preferred_username: undefined, name: undefined })
    site.idp.intercept = ({ url }, response) => {
      if (url !== '/me') return 'pass'
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
      return 'handled'
    }
    expect(await identityOf(site)).toMatchObject({
      'x-username': 'alice@example.com',
      'x-user-name': '',
    })
  })

  test('a name may come in two parts', async () => {
    await using site = await startTestGateway()
    idTokenWith(site, { name: undefined, given_name: 'Alice', family_name: 'Archer-Ames' })
    expect((await identityOf(site))['x-user-name']).toBe('Alice Archer-Ames')
  })

  test.each([
    ['google', 'sso', 'Google (SSO)'],
    ['keycloak', 'local', 'Local'],
    [undefined, 'local', 'Local'],
  ])('identity_provider %s is %s, %s', async (name, kind, label) => {
    await using site = await startTestGateway()
    idTokenWith(site, { identity_provider: name })
    const { agent } = await site.signIn()
    expect((await agent.fetch(`${site.url}/auth/session`)).json()).toMatchObject({
      account_kind: kind,
      account_label: label,
    })
  })

  test('a refresh without an id token leaves all of it as it is', async () => {
    await using site = await startTestGateway()
    idTokenWith(site, { identity_provider: 'google', given_name: 'Alice' })
    const { agent } = await site.signIn()
    const described = async () => {
      const answer = await agent.fetch(`${site.url}/auth/session`)
      const {
        seconds_remaining: _,
        request_id: __,
        ...rest
      } = answer.json() as Record<string, unknown>
      return rest
    }
    const before = await described()
    site.idp.alter = (_path, { id_token: _, ...body }) => body
    site.clock.advance(301_000)
    expect((await site.validateAs(agent)).status).toBe(200)
    expect(site.log.filter(({ event }) => event === 'refresh')).toHaveLength(1)
    expect(await described()).toEqual(before)
  })

  test('scopes are those the provider granted', async () => {
    await using site = await startTestGateway()
    expect((await identityOf(site))['x-user-scopes']).toBe('openid profile email')
  })
})
