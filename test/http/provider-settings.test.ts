import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import type { ClientMetadata, KoaContextWithOIDC } from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../demo/free-port.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent, type AgentRequest, type Answer } from '../support/agent.ts'
import { clientId, clientSecret, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { signIn } from '../support/sign-in.ts'

const [alice] = demoUsers as [User]
const program = { accept: 'application/json' }

/** Makes the provider know the gateway as another kind of client. */
function register(site: TestGateway, client: Partial<ClientMetadata>): void {
  site.idp.putClient({
    client_id: clientId,
    redirect_uris: [`${site.url}/auth/callback`],
    post_logout_redirect_uris: [`${site.url}/auth/logged-out`],
    ...client,
  })
}

/** Signs in, refreshes and signs out, each with the client's authentication. */
async function stay(site: TestGateway): Promise<void> {
  const used: string[] = []
  const revoked = () => site.idp.requests.filter(({ path }) => path === '/token/revocation').length
  const granted = ({ oidc }: KoaContextWithOIDC) =>
    void used.push(String(oidc.client?.tokenEndpointAuthMethod))
  site.idp.provider.on('grant.success', granted)
  const { agent } = await site.signIn()
  expect((await site.validateAs(agent)).headers['x-username']).toBe('alice')
  const renewed = await agent.fetch(`${site.url}/auth/session/refresh`, {
    method: 'POST',
    headers: program,
  })
  expect(renewed.status).toBe(200)
  expect((await agent.fetch(`${site.url}/auth/logout`)).status).toBe(302)
  await expect.poll(revoked).toBe(1)
  expect(used).toHaveLength(2)
}

const makeKey = promisify(generateKeyPair) as (
  type: 'rsa' | 'ec' | 'ed25519',
  options: object,
) => Promise<{
  publicKey: import('node:crypto').KeyObject
  privateKey: import('node:crypto').KeyObject
}>

describe('OIDC_CLIENT_AUTH', () => {
  test('client_secret_basic', async () => {
    await using site = await startTestGateway()
    register(site, {
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_basic',
    })
    await stay(site)
  })

  test('client_secret_basic with a secret of odd characters', async () => {
    const secret = 'a:b%c d+e/f=-!~*\'()"'
    await using site = await startTestGateway({ env: { OIDC_CLIENT_SECRET: secret } })
    register(site, { client_secret: secret })
    await stay(site)
  })

  test('client_secret_post', async () => {
    await using site = await startTestGateway({ env: { OIDC_CLIENT_AUTH: 'client_secret_post' } })
    register(site, {
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
    })
    await stay(site)
  })

  test('none', async () => {
    await using site = await startTestGateway({
      env: { OIDC_CLIENT_AUTH: 'none', OIDC_CLIENT_SECRET: '' },
    })
    register(site, { token_endpoint_auth_method: 'none' })
    await stay(site)
  })

  test.each([
    ['RSA', 'rsa', { modulusLength: 2_048 }, 'RS256'],
    ['EC P-256', 'ec', { namedCurve: 'P-256' }, 'ES256'],
    ['EC P-384', 'ec', { namedCurve: 'P-384' }, 'ES384'],
    ['EC P-521', 'ec', { namedCurve: 'P-521' }, 'ES512'],
    ['Ed25519', 'ed25519', {}, 'Ed25519'],
  ] as const)('private_key_jwt with a key of %s', async (_name, type, options, alg) => {
    const { publicKey, privateKey } = await makeKey(type, options)
    await using site = await startTestGateway({
      env: {
        OIDC_CLIENT_AUTH: 'private_key_jwt',
        OIDC_CLIENT_SECRET: '',
        OIDC_CLIENT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
    })
    register(site, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), alg, use: 'sig' } as never] },
    })
    await stay(site)
  })

  test('a secret the provider does not take: the sign-in says so, and so does the log', async () => {
    await using site = await startTestGateway({ env: { OIDC_CLIENT_SECRET: 'x'.repeat(32) } })
    const agent = new Agent()
    const answer = await signIn(agent, `${site.url}/auth/login`, alice)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('token_exchange_failed')
    expect(site.log).toContainEqual(
      expect.objectContaining({
        event: 'sign_in_failed',
        code: 'token_exchange_failed',
        reason: expect.stringContaining('invalid_client'),
      }),
    )
  })
})

describe('OIDC_PAR', () => {
  test('sends the request to the provider beforehand, and only a reference by the browser', async () => {
    await using site = await startTestGateway({ env: { OIDC_PAR: 'true' } })
    const start = await new Agent().fetch(`${site.url}/auth/login?return_to=/page`)
    const { searchParams } = new URL(start.headers.get('location') ?? '')
    expect([...searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    const pushed = site.idp.requests.filter(({ path }) => path === '/request')
    expect(pushed).toEqual([{ method: 'POST', path: '/request' }])
    expect((await site.signIn()).answer.url).toBe(`${site.url}/page`)
  })

  test('is 503 where the provider cannot take it now', async () => {
    await using site = await startTestGateway({ env: { OIDC_PAR: 'true' } })
    site.idp.intercept = ({ url }, response) => {
      if (url !== '/request') return 'pass'
      response.writeHead(503).end()
      return 'handled'
    }
    const start = await new Agent().fetch(`${site.url}/auth/login`, { headers: program })
    expect([start.status, start.json()]).toMatchObject([503, { code: 'idp_unavailable' }])
  })
})

/** A browser that knows the provider's public name, which this machine does not. */
class KnowingAgent extends Agent {
  readonly #publicOrigin: string
  readonly #origin: string

  constructor(publicOrigin: string, origin: string) {
    super()
    this.#publicOrigin = publicOrigin
    this.#origin = origin
  }

  override async fetch(url: string | URL, init?: AgentRequest): Promise<Answer> {
    return super.fetch(new URL(url).href.replace(this.#publicOrigin, this.#origin), init)
  }
}

describe('OIDC_INTERNAL_URL', () => {
  test('is where the gateway calls a provider whose public name it cannot resolve', async () => {
    const port = await freePort(0, '127.0.0.1')
    const issuer = 'http://idp.gatehouse.invalid/realms/main'
    await using site = await startTestGateway({
      idp: { port, issuer },
      env: {
        OIDC_INTERNAL_URL: `http://127.0.0.1:${port}`,
        ALLOW_INSECURE: 'true',
      },
    })
    const agent = new KnowingAgent('http://idp.gatehouse.invalid', site.idp.origin)
    const start = await agent.fetch(`${site.url}/auth/login?return_to=/page`)
    // The browser gets the public name, and so does everything that is compared.
    expect(start.headers.get('location')).toMatch(
      /^http:\/\/idp\.gatehouse\.invalid\/realms\/main\//,
    )
    await site.signIn(alice, agent)
    expect((await site.validateAs(agent)).headers['x-username']).toBe('alice')
    const renewed = await agent.fetch(`${site.url}/auth/session/refresh`, {
      method: 'POST',
      headers: program,
    })
    expect(renewed.status).toBe(200)
    const out = await agent.fetch(`${site.url}/auth/logout`)
    expect(out.headers.get('location')).toMatch(/^http:\/\/idp\.gatehouse\.invalid\/realms\/main\//)
    await expect
      .poll(() => site.idp.requests.map(({ path }) => path))
      .toContain('/realms/main/token/revocation')
  })

  test('does not make another issuer acceptable', async () => {
    const port = await freePort(0, '127.0.0.1')
    await using site = await startTestGateway({
      idp: { port, issuer: 'http://idp.gatehouse.invalid' },
      env: {
        OIDC_ISSUER: 'http://other.gatehouse.invalid',
        OIDC_INTERNAL_URL: `http://127.0.0.1:${port}`,
        ALLOW_INSECURE: 'true',
      },
    })
    const start = await new Agent().fetch(`${site.url}/auth/login`)
    expect(start.status).toBe(503)
  })
})
