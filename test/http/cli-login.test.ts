import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { login } from '../../src/cli/login/login.ts'
import { realWorld } from '../../src/cli/login/world.ts'
import { Agent, type Answer } from '../support/agent.ts'
import { type RunningCommand, startCommand } from '../support/command.ts'
import {
  challenge,
  type ProtectedResource,
  startProtectedResource,
  wellKnown,
} from '../support/protected-resource.ts'
import { signIn } from '../support/sign-in.ts'
import { recordingTerminal } from '../unit/cli/recording-terminal.ts'

const [alice] = demoUsers as [User]
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const anyPath = /^http:\/\/127\.0\.0\.1:\d+\/callback\/[\w-]{22}$/

let idp: IdentityProvider
let api: ProtectedResource
let folder: string
let env: Record<string, string>
beforeEach(async () => {
  // The library says of each page of its own that it is one.
  vi.spyOn(console, 'info').mockImplementation(() => {})
  idp = await startIdentityProvider({
    configure: (configuration) => ({
      ...configuration,
      ttl: { ...configuration.ttl, DeviceCode: 600 },
      features: { ...configuration.features, deviceFlow: { enabled: true } },
    }),
    // Nobody has to wait for five seconds between two questions.
    alter: (path, body) => (path === '/device/auth' ? { ...body, interval: 0.02 } : body),
  })
  idp.putClient({
    client_id: 'gatehouse-cli',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token', deviceGrant],
  })
  // As the wildcard of Keycloak; the library itself takes any port, and the path as it is registered.
  const exact = idp.provider.Client.prototype.redirectUriAllowed
  idp.provider.Client.prototype.redirectUriAllowed = function (uri: string) {
    return anyPath.test(uri) || exact.call(this, uri)
  }
  api = await startProtectedResource(idp.issuer)
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-cli-'))
  env = { XDG_CONFIG_HOME: folder, GATEHOUSE_KEYRING: 'off' }
})
afterEach(async () => {
  await idp.close()
  await api[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const storeFile = () => join(folder, 'gatehouse', 'credentials.json')
const start = (...args: string[]) => startCommand(args, env)

async function gatehouse(...args: string[]) {
  const { lines, errors, ended } = start(...args)
  const code = await ended
  return { code, output: lines.join('\n'), errors: errors.join('\n') }
}

/** A login that waits for its browser, and where the browser is to go. */
async function begin(...args: string[]) {
  const command = start('login', ...args, '--no-browser')
  const [page] = await command.saw(/\S+\/auth\?\S+/)
  return { command, page: new URL(page), query: new URL(page).searchParams }
}

/** Signs in from the start to the end; the answer is the page that the browser ends on. */
async function signedIn(...args: string[]): Promise<{ command: RunningCommand; answer: Answer }> {
  const { command, page } = await begin(...args)
  const answer = await signIn(new Agent(), page, alice)
  expect(await command.ended).toBe(0)
  return { command, answer }
}

const tokenRequests = () => idp.requests.filter(({ path }) => path === '/token').length

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

/** Changes a field of what is stored. */
async function editStore(changes: Record<string, unknown>) {
  const { logins, ...rest } = JSON.parse(await readFile(storeFile(), 'utf8'))
  const edited = logins.map((login: object) => ({ ...login, ...changes }))
  await writeFile(storeFile(), JSON.stringify({ ...rest, logins: edited }))
}

describe('login in a browser', () => {
  test('signs in at the issuer that the API names, with PKCE, state, nonce and resource', async () => {
    const { command, page, query } = await begin(api.url)
    expect(Object.fromEntries(query)).toMatchObject({
      client_id: 'gatehouse-cli',
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid profile email',
      resource: api.url,
      redirect_uri: expect.stringMatching(anyPath),
      state: expect.stringMatching(/^.{43}$/),
      nonce: expect.stringMatching(/^.{43}$/),
    })
    const answer = await signIn(new Agent(), page, alice)
    expect(await command.ended).toBe(0)
    expect(answer).toMatchObject({
      status: 200,
      text: expect.stringContaining('You are signed in'),
    })
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.text).not.toContain('<script')
    expect(command.lines.at(-1)).toBe(
      `Signed in at ${api.url} as Alice Archer (alice, alice@example.com).`,
    )
    expect(command.errors).toEqual([expect.stringContaining(storeFile())])

    const { code, output, errors } = await gatehouse('token')
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(payloadOf(output)).toMatchObject({ iss: idp.issuer, aud: api.url, sub: alice.id })
    // The listener is gone.
    await expect(new Agent().fetch(answer.url)).rejects.toThrow()
  })

  test('asks for the scopes of the challenge, as the client and for the path that are given', async () => {
    const place = `${api.origin}${wellKnown}/api`
    api.answers.set('/api', challenge(`resource_metadata="${place}", scope="tools:read"`))
    const registered = { redirect_uris: ['http://127.0.0.1/registered'] }
    idp.putClient({
      client_id: 'mine',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      ...registered,
    })
    env.GATEHOUSE_CLIENT_ID = 'mine'
    const { answer } = await signedIn(`${api.url}?x=1`, '--redirect-path', '/registered')
    expect(new URL(answer.url).pathname).toBe('/registered')
    expect((await gatehouse('whoami')).output).toContain('tools:read')
    const other = await begin(api.url, '--client-id', 'gatehouse-cli', '--scope', 'openid')
    expect(Object.fromEntries(other.query)).toMatchObject({
      client_id: 'gatehouse-cli',
      scope: 'openid',
    })
    await signIn(new Agent(), other.page, alice)
    await other.command.ended
  })

  test('another state is refused, and the sign-in goes on', async () => {
    const { command, page, query } = await begin(api.url)
    const agent = new Agent()
    const redirectUri = `${query.get('redirect_uri')}`
    for (const forged of ['?code=x', `?code=x&state=${'A'.repeat(43)}`, '?error=access_denied']) {
      expect(await agent.fetch(redirectUri + forged)).toMatchObject({
        status: 400,
        text: expect.stringContaining('Not of this sign-in'),
      })
    }
    const { origin } = new URL(redirectUri)
    expect(await agent.fetch(`${origin}/favicon.ico`)).toMatchObject({ status: 404 })
    expect(await agent.fetch(redirectUri, { method: 'POST', form: {} })).toMatchObject({
      status: 404,
    })
    expect(await signIn(agent, page, alice)).toMatchObject({ status: 200 })
    expect(await command.ended).toBe(0)
  })

  test('an error of the issuer is told, escaped for page and terminal', async () => {
    const { command, query } = await begin(api.url)
    const error = new URLSearchParams({
      error: 'access_denied',
      error_description: '<script>alert(1)</script>\u001b[31m',
      state: `${query.get('state')}`,
      iss: idp.issuer,
    })
    const answer = await new Agent().fetch(`${query.get('redirect_uri')}?${error}`)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('access_denied (&lt;script&gt;alert(1)&lt;/script&gt;\uFFFD[31m)')
    expect(await command.ended).toBe(1)
    expect(command.errors.join('\n')).toContain(`${idp.issuer} failed: access_denied`)
    expect(command.errors.join('\n')).not.toContain('\u001b')
  })

  test.each([
    ['no iss', undefined],
    ['the iss of another', 'https://other.example'],
  ])('a code with %s is refused (RFC 9207)', async (_, iss) => {
    const { command, query } = await begin(api.url)
    const callback = new URLSearchParams({
      code: 'stolen',
      state: `${query.get('state')}`,
      ...(iss && { iss }),
    })
    const before = tokenRequests()
    const answer = await new Agent().fetch(`${query.get('redirect_uri')}?${callback}`)
    expect(answer.status).toBe(400)
    expect(await command.ended).toBe(1)
    expect(tokenRequests()).toBe(before)
  })

  test('an id token with another signature is refused', async () => {
    idp.alter = (path, body) =>
      path === '/token'
        ? { ...body, id_token: `${body.id_token}`.replace(/.{8}$/, 'AAAAAAAA') }
        : body
    const { command, page } = await begin(api.url)
    expect(await signIn(new Agent(), page, alice)).toMatchObject({ status: 400 })
    expect(await command.ended).toBe(1)
    expect(await gatehouse('token')).toMatchObject({ code: 1, output: '' })
  })

  test('opens the browser where there is one, and gives up when nobody comes', async () => {
    const { terminal, lines, errors } = recordingTerminal()
    const desktop = { ...(await realWorld(env, terminal)), platform: 'darwin' } as const
    const options = {
      ...{ url: api.url, browser: true, device: false, port: 0 },
      ...{ clientId: undefined, scope: undefined, issuer: undefined, redirectPath: undefined },
    }
    const openBrowser = (url: URL) => void signIn(new Agent(), url, alice)
    expect(await login(options, { ...desktop, openBrowser })).toBe(0)
    expect(lines[0]).toContain('Your browser opens')

    const late = { ...desktop, openBrowser: () => {}, patience: () => AbortSignal.abort() }
    await expect(login(options, late)).rejects.toThrow('nobody signed in')
    await expect(login({ ...options, device: true }, late)).rejects.toThrow('nobody signed in')
    expect(errors).toHaveLength(1)
  })

  test('a port that is taken is told', async () => {
    const port = new URL(api.url).port
    const { code, errors } = await gatehouse('login', api.url, '--no-browser', '--port', port)
    expect(code).toBe(1)
    expect(errors).toContain(`the port ${port} cannot be used`)
  })
})

describe('login finds the issuer', () => {
  const at = (path: string) => `${api.origin}${path}`

  test('at the path form, else at the root, where there is no challenge', async () => {
    const document = api.answers.get(`${wellKnown}/api`)?.json as object
    api.answers.set('/api', { status: 401 })
    await signedIn(api.url)
    api.answers.delete(`${wellKnown}/api`)
    api.answers.set(wellKnown, { json: { ...document, resource: api.origin } })
    const { command } = await signedIn(at('/other/page'))
    expect(command.lines.at(-1)).toContain(`Signed in at ${api.origin} as`)
  })

  test.each([
    [
      'speaks for another',
      { resource: 'https://bank.example/' },
      'speaks for https://bank.example/',
    ],
    ['is none', { nothing: true }, 'holds no metadata of a resource'],
    ['names nobody', { authorization_servers: [] }, 'name it: --issuer URL'],
    ['names http', { authorization_servers: ['http://id.example'] }, 'is no https URL'],
  ])('metadata that %s ends it', async (_, changes, message) => {
    const place = `${wellKnown}/api`
    const document = 'nothing' in changes ? {} : (api.answers.get(place)?.json as object)
    api.answers.set(place, { json: { ...document, ...changes } })
    const { code, errors } = await gatehouse('login', api.url, '--no-browser')
    expect(code).toBe(1)
    expect(errors).toContain(message)
  })

  test('none without metadata; then --issuer names it, and no resource is sent', async () => {
    api.answers.clear()
    const { code, errors } = await gatehouse('login', at('/plain'), '--no-browser')
    expect(code).toBe(1)
    expect(errors).toContain('--issuer URL')
    const { command, page, query } = await begin(at('/plain'), '--issuer', idp.issuer)
    expect(query.has('resource')).toBe(false)
    await signIn(new Agent(), page, alice)
    expect(await command.ended).toBe(0)
    expect((await gatehouse('token', at('/plain/below'))).code).toBe(0)
    expect((await gatehouse('token', at('/plainly'))).errors).toContain('gatehouse login')
  })

  test('whose metadata is that of RFC 8414 alone', async () => {
    const [openid, oauth] = ['openid-configuration', 'oauth-authorization-server'].map(
      (name) => `/.well-known/${name}`,
    )
    idp.intercept = (request, response) => {
      if (request.url === openid) {
        response.writeHead(404).end()
        return 'handled'
      }
      if (request.url === oauth) Object.assign(request, { url: openid })
      return 'pass'
    }
    await signedIn(api.url)
    expect((await gatehouse('token')).code).toBe(0)
  })

  test('nobody where nothing listens', async () => {
    const { code, errors } = await gatehouse('login', 'http://127.0.0.1:1/', '--no-browser')
    expect(code).toBe(1)
    expect(errors).toContain('http://127.0.0.1:1/ does not answer')
  })
})

describe('login on another device', () => {
  /** The forms of the library's own pages, up to the sign-in. */
  async function enterCode(agent: Agent, url: string, code: string, last: Record<string, string>) {
    const page = await agent.follow(url)
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const confirm = await agent.follow(page.url, { form: { xsrf, user_code: code } })
    expect(confirm.text).toContain(code)
    return agent.follow(page.url, { form: { xsrf, user_code: code, ...last } })
  }

  test('shows address and code, where there is no browser', async () => {
    const command = start('login', api.url)
    const [, url = '', code = ''] = await command.saw(/Open (\S+) in any browser.*\s+(\S+)/)
    const agent = new Agent()
    const page = await enterCode(agent, url, code, { confirm: 'yes' })
    const done = await agent.follow(page.url, { form: { user: alice.id } })
    expect(done.text).toContain('Sign-in Success')
    expect(await command.ended).toBe(0)
    expect(payloadOf((await gatehouse('token')).output)).toMatchObject({ aud: api.url })
  })

  test('ends when the person refuses', async () => {
    env.DISPLAY = ':0'
    const command = start('login', api.url, '--device')
    const [, url = '', code = ''] = await command.saw(/Open (\S+) in any browser.*\s+(\S+)/)
    await enterCode(new Agent(), url, code, { abort: 'yes' })
    expect(await command.ended).toBe(1)
    expect(command.errors.join('\n')).toContain('access_denied')
  })
})

describe('token', () => {
  test('renews what is nearly over, stores the rotated refresh token, and renews again', async () => {
    await signedIn(api.url)
    const first = await gatehouse('token')
    expect(await gatehouse('token')).toEqual(first)
    const seen = new Set([first.output])
    for (let renewal = 0; renewal < 3; renewal += 1) {
      await editStore({ expiresAt: Date.now() + 29_000 })
      const before = await readFile(storeFile(), 'utf8')
      const { code, output } = await gatehouse('token', `${api.url}/below`)
      expect(code).toBe(0)
      seen.add(output)
      const [was, is] = [before, await readFile(storeFile(), 'utf8')].map(
        (text) => JSON.parse(text).logins[0].refreshToken,
      )
      expect(is).not.toBe(was)
    }
    expect(seen.size).toBe(4)
    expect(payloadOf([...seen].at(-1) ?? '')).toMatchObject({ aud: api.url })
  })

  test('of several processes at once one renews, and all print the same', async () => {
    await signedIn(api.url)
    await editStore({ expiresAt: 0 })
    const before = tokenRequests()
    const answers = await Promise.all(Array.from({ length: 4 }, () => inProcess('token', api.url)))
    expect(new Set(answers.map(({ output }) => output)).size).toBe(1)
    expect(answers[0]).toMatchObject({
      code: 0,
      errors: '',
      output: expect.stringMatching(/^\S+\n$/),
    })
    expect(tokenRequests()).toBe(before + 1)
  })

  test('says how to sign in where that is needed', async () => {
    expect(await gatehouse('token')).toEqual({
      code: 1,
      output: '',
      errors: 'gatehouse: you are signed in nowhere: gatehouse login URL',
    })
    await signedIn(api.url)
    await editStore({ expiresAt: 0, refreshToken: 'planted-token' })
    const refused = await gatehouse('token')
    expect(refused).toMatchObject({ code: 1, output: '' })
    expect(refused.errors).toMatch(/invalid_grant .*: gatehouse login http:\S+\/api$/)
    await editStore({ refreshToken: undefined })
    expect((await gatehouse('token')).errors).toContain(`gatehouse login ${api.url}`)
  })

  test.each(['two\nlines', '\u001b[31mred'])('%j is not taken for one', async (access_token) => {
    await signedIn(api.url)
    await editStore({ expiresAt: 0 })
    idp.alter = (path, body) => (path === '/token' ? { ...body, access_token } : body)
    expect(await gatehouse('token')).toMatchObject({
      code: 1,
      output: '',
      errors: expect.stringContaining('no header can hold'),
    })
  })

  test('of somebody else is not taken', async () => {
    await signedIn(api.url)
    await editStore({ expiresAt: 0, who: { subject: 'another' } })
    expect(await gatehouse('token')).toMatchObject({
      code: 1,
      output: '',
      errors: expect.stringContaining('somebody else'),
    })
  })

  test('an issuer that is away is told, and nothing is lost', async () => {
    await signedIn(api.url)
    await editStore({ expiresAt: 0 })
    idp.intercept = (_, response) => {
      response.writeHead(503).end()
      return 'handled'
    }
    expect((await gatehouse('token')).errors).toContain('answered 503')
    idp.intercept = undefined
    expect((await gatehouse('token')).code).toBe(0)
  })

  test('with several sign-ins it has to be said which', async () => {
    await signedIn(api.url)
    await signedIn(`${api.origin}/other`, '--issuer', idp.issuer)
    const { code, output, errors } = await gatehouse('token')
    expect({ code, output }).toEqual({ code: 1, output: '' })
    expect(errors).toContain(`\n  ${api.url}\n  ${api.origin}/other`)
    expect((await gatehouse('token', `${api.origin}/other`)).code).toBe(0)
  })
})

describe('whoami and logout', () => {
  test('whoami tells who, where and until when, and no token', async () => {
    await signedIn(api.url)
    const { output } = await gatehouse('whoami')
    expect(output.split('\n')).toEqual([
      'who       Alice Archer (alice, alice@example.com)',
      `issuer    ${idp.issuer}`,
      `resource  ${api.url}`,
      expect.stringMatching(/^scopes {4}/),
      expect.stringMatching(/^ends {6}\d{4}-\d\d-\d\dT[\d:.]+Z, then renewed$/),
    ])
    expect(output).not.toContain((await gatehouse('token')).output)
  })

  test('whoami asks userinfo where no id token said it', async () => {
    api.answers.clear()
    await signedIn(api.url, '--issuer', idp.issuer)
    await editStore({ who: undefined })
    expect((await gatehouse('whoami')).output).toContain('Alice Archer')
  })

  test('logout revokes both tokens and forgets them', async () => {
    // Opaque tokens, which have no resource: the provider of these tests revokes no JWT.
    api.answers.clear()
    await signedIn(api.url, '--issuer', idp.issuer)
    const { refreshToken } = JSON.parse(await readFile(storeFile(), 'utf8')).logins[0]
    expect(await idp.provider.RefreshToken.find(refreshToken)).toBeDefined()
    expect(await gatehouse('logout')).toEqual({
      code: 0,
      output: `Signed out at ${api.url}.`,
      errors: '',
    })
    expect(idp.requests.filter(({ path }) => path === '/token/revocation')).toHaveLength(2)
    expect(await idp.provider.RefreshToken.find(refreshToken)).toBeUndefined()
    expect(await gatehouse('token')).toMatchObject({ code: 1 })
    expect(await gatehouse('logout')).toMatchObject({ code: 1 })
  })

  test('logout says what lives on', async () => {
    await signedIn(api.url)
    const { code, errors } = await gatehouse('logout')
    expect({ code, errors }).toEqual({
      code: 0,
      errors: expect.stringContaining('the access token lives: unsupported_token_type'),
    })
  })

  test('logout forgets them also where the issuer is away, and says so', async () => {
    await signedIn(api.url)
    idp.intercept = (_, response) => {
      response.writeHead(503).end()
      return 'handled'
    }
    const { code, errors } = await gatehouse('logout')
    expect(code).toBe(0)
    expect(errors).toMatch(/the tokens live: .* answered 503/)
    expect(await readFile(storeFile(), 'utf8')).not.toContain(api.url)
  })
})

const program = new URL('../../src/cli/gatehouse.ts', import.meta.url).pathname

/** A command as a process of its own. */
function inProcess(...args: string[]) {
  return new Promise<{ code: unknown; output: string; errors: string }>((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, output, errors) =>
      resolve({ code: error?.code ?? 0, output, errors }),
    )
  })
}
