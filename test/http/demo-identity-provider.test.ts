import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { close, listen } from '../../demo/listen.ts'
import { Agent } from '../support/agent.ts'
import { isSignInPage, signIn } from '../support/sign-in.ts'

const [alice, lukasz] = demoUsers as [User, User]
const secret = 'client-secret-client-secret-1234'

/** A relying party: redirects end on it, and back-channel logouts reach it. */
const logouts: Record<string, unknown>[] = []
const relyingParty = createServer(async (request, response) => {
  const token = new URLSearchParams(await text(request)).get('logout_token')
  if (token) logouts.push(decodeJwt(token))
  response.end(`arrived at ${request.url}`)
})
let origin: string

beforeEach(async () => {
  origin = `http://localhost:${await listen(relyingParty, 0, '127.0.0.1')}`
  logouts.length = 0
})
afterEach(() => close(relyingParty))

async function start(options: IdentityProviderOptions = {}) {
  const idp = await startIdentityProvider({
    clients: [
      {
        client_id: 'gateway',
        client_secret: secret,
        redirect_uris: [`${origin}/callback`],
        post_logout_redirect_uris: [`${origin}/bye`],
        backchannel_logout_uri: `${origin}/logout`,
      },
      {
        client_id: 'worker',
        client_secret: secret,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    ...options,
  })
  return { idp, config: await discover(idp.issuer, 'gateway') }
}

function discover(issuer: string, clientId: string) {
  return client.discovery(new URL(issuer), clientId, secret, undefined, {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  })
}

async function authorize(config: client.Configuration, extra: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: `${origin}/callback`,
    scope: 'openid profile email',
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...extra,
  })
  const redeem = (callback: string) =>
    client.authorizationCodeGrant(config, new URL(callback), {
      pkceCodeVerifier: verifier,
      expectedState: state,
    })
  return { url, redeem }
}

async function tokensOf(config: client.Configuration, agent: Agent, user: User, extra = {}) {
  const { url, redeem } = await authorize(config, extra)
  return redeem((await signIn(agent, url, user)).url)
}

describe('sign-in', () => {
  test('one click, no consent: id token, refresh token and userinfo speak of the user', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const tokens = await tokensOf(config, new Agent(), lukasz)
    const expected = {
      sub: lukasz.id,
      name: 'Łukasz Żółw',
      preferred_username: 'lukasz',
      email: 'lukasz@example.com',
      email_verified: true,
      groups: ['/engineering'],
      realm_access: { roles: ['user'] },
    }
    expect(tokens.claims()).toMatchObject({ ...expected, sid: expect.any(String) })
    expect(await client.fetchUserInfo(config, tokens.access_token, lukasz.id)).toMatchObject(
      expected,
    )
  })

  test('a browser that is signed in goes straight on, unless it is told to ask', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const agent = new Agent()
    await tokensOf(config, agent, alice)
    const again = await authorize(config)
    expect((await agent.follow(again.url)).url).toContain('/callback')
    for (const prompt of ['login', 'select_account']) {
      const asked = await agent.follow((await authorize(config, { prompt })).url)
      expect(isSignInPage(asked), prompt).toBe(true)
      expect(asked.text).toContain('Signed in now')
    }
  })

  test('nobody is asked for consent, not even on request', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const tokens = await tokensOf(config, new Agent(), alice, { prompt: 'consent' })
    expect(tokens.claims()?.sub).toBe(alice.id)
  })

  test('prompt=none without a session is refused', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const { url } = await authorize(config, { prompt: 'none' })
    expect((await new Agent().follow(url)).url).toContain('error=login_required')
  })

  test('cancelling is access_denied', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const agent = new Agent()
    const page = await agent.follow((await authorize(config)).url)
    const answer = await agent.follow(page.url, { form: { cancel: 'yes' } })
    expect(new URL(answer.url).searchParams.get('error')).toBe('access_denied')
  })

  test('another account ends the session of the first, also at the clients', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const agent = new Agent()
    const first = await tokensOf(config, agent, alice)
    const second = await tokensOf(config, agent, lukasz, { prompt: 'select_account' })
    expect(second.claims()?.sub).toBe(lukasz.id)
    expect(logouts).toMatchObject([{ sub: alice.id, sid: first.claims()?.sid }])
  })

  test('a sign-in page of another browser says so', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const page = await new Agent().follow((await authorize(config)).url)
    const stranger = await new Agent().fetch(page.url)
    expect([stranger.status, stranger.text]).toEqual([
      400,
      expect.stringContaining('belongs to another browser'),
    ])
  })
})

describe('tokens', () => {
  test('refresh tokens rotate, and one used before is refused', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const { refresh_token: first = '' } = await tokensOf(config, new Agent(), alice)
    const second = await client.refreshTokenGrant(config, first)
    expect(second.refresh_token).not.toBe(first)
    await expect(client.refreshTokenGrant(config, first)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('without rotation the refresh token stays', async () => {
    const { idp, config } = await start({ rotateRefreshTokens: false })
    await using _ = idp
    const { refresh_token: first = '' } = await tokensOf(config, new Agent(), alice)
    expect((await client.refreshTokenGrant(config, first)).refresh_token).toBe(first)
  })

  test('JWT access tokens carry audience, roles and session', async () => {
    const { idp, config } = await start({ accessToken: 'jwt', audience: 'api' })
    await using _ = idp
    const tokens = await tokensOf(config, new Agent(), alice)
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      aud: 'api',
      client_id: 'gateway',
      sub: alice.id,
      sid: tokens.claims()?.sid,
      realm_access: { roles: ['admin', 'user'] },
    })
  })

  test('with conforming id tokens names and roles are in userinfo alone', async () => {
    const { idp, config } = await start({ idTokenClaims: false })
    await using _ = idp
    const tokens = await tokensOf(config, new Agent(), alice)
    expect(tokens.claims()).not.toHaveProperty('roles')
    expect(await client.fetchUserInfo(config, tokens.access_token, alice.id)).toHaveProperty(
      'roles',
    )
  })

  test('a service gets a token, and introspection knows it until it is revoked', async () => {
    const { idp } = await start()
    await using _ = idp
    const worker = await discover(idp.issuer, 'worker')
    const { access_token } = await client.clientCredentialsGrant(worker)
    expect(await client.tokenIntrospection(worker, access_token)).toMatchObject({
      active: true,
      client_id: 'worker',
    })
    await client.tokenRevocation(worker, access_token)
    expect(await client.tokenIntrospection(worker, access_token)).toEqual({ active: false })
  })
})

describe('sign-out', () => {
  test('with the session’s id token at once: the client is told, the browser goes back', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const agent = new Agent()
    const tokens = await tokensOf(config, agent, alice)
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: `${origin}/bye`,
      state: 'state of the gateway',
    })
    expect((await agent.follow(url)).url).toBe(`${origin}/bye?state=state+of+the+gateway`)
    expect(logouts).toMatchObject([{ sub: alice.id, sid: tokens.claims()?.sid }])
    await expect(
      client.refreshTokenGrant(config, tokens.refresh_token ?? ''),
    ).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    expect(isSignInPage(await agent.follow((await authorize(config)).url))).toBe(true)
  })

  test('with the id token of an earlier session a page asks first', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const agent = new Agent()
    const { id_token = '' } = await tokensOf(config, agent, alice)
    agent.cookies.clear()
    await tokensOf(config, agent, alice)
    const page = await agent.follow(client.buildEndSessionUrl(config, { id_token_hint: id_token }))
    expect(page.text).toContain('Sign out?')
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    await agent.follow(`${idp.issuer}/session/end/confirm`, { form: { xsrf, logout: 'yes' } })
    expect(logouts).toHaveLength(1)
  })

  test('on the page of sessions: that browser alone', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const [first, second] = [new Agent(), new Agent()]
    const tokens = await tokensOf(config, first, alice)
    await tokensOf(config, second, alice)
    const page = await first.fetch(`${idp.issuer}/demo`)
    const own = /\(this browser\).*?name="session" value="([^"]+)"/s.exec(page.text)?.[1] ?? ''
    await first.fetch(`${idp.issuer}/demo`, { form: { session: own } })
    expect(logouts).toMatchObject([{ sid: tokens.claims()?.sid }])
    expect(isSignInPage(await first.follow((await authorize(config)).url))).toBe(true)
    expect((await second.follow((await authorize(config)).url)).url).toContain('/callback')
  })

  test('not from a page of another site', async () => {
    const { idp, config } = await start()
    await using _ = idp
    const agent = new Agent()
    await tokensOf(config, agent, alice)
    const { text: page } = await agent.fetch(`${idp.issuer}/demo`)
    const session = /name="session" value="([^"]+)"/.exec(page)?.[1] ?? ''
    const headers = { 'sec-fetch-site': 'cross-site' }
    const answer = await agent.fetch(`${idp.issuer}/demo`, { form: { session }, headers })
    expect([answer.status, logouts]).toEqual([403, []])
  })
})

describe('under a path, reached by another address', () => {
  test('metadata and redirects name the issuer’s origin and path', async () => {
    const issuer = 'https://login.example.com/idp'
    await using idp = await startIdentityProvider({ issuer })
    const discovery = `${idp.origin}/idp/.well-known/openid-configuration`
    const metadata = (await new Agent().fetch(discovery)).json()
    expect(metadata).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      end_session_endpoint: `${issuer}/session/end`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      authorization_response_iss_parameter_supported: true,
    })
    expect((await new Agent().fetch(`${idp.origin}/auth`)).status).toBe(404)
  })
})

describe('what tests can do to it', () => {
  test('requests are logged, intercepted and their answers altered', async () => {
    const { idp } = await start()
    await using _ = idp
    const jwks = `${idp.issuer}/jwks`
    idp.alter = (path, body) => (path === '/jwks' ? { ...body, keys: [] } : body)
    expect((await new Agent().fetch(jwks)).json()).toEqual({ keys: [] })
    idp.intercept = (_request, response) => {
      response.writeHead(503).end()
      return 'handled'
    }
    expect((await new Agent().fetch(jwks)).status).toBe(503)
    idp.intercept = undefined
    idp.alter = undefined
    expect((await new Agent().fetch(jwks)).json()).toMatchObject({
      keys: [{ kid: 'demo-rs256' }, { kid: 'demo-es256' }],
    })
    expect(idp.requests.filter(({ path }) => path === '/jwks')).toHaveLength(3)
  })
})
