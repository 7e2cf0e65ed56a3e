import { readFileSync } from 'node:fs'
import { freePort } from '../../demo/free-port.ts'
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../demo/identity-provider.ts'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { loadSettings } from '../../src/config/load.ts'
import { renderProblem } from '../../src/config/problem.ts'
import type { Settings } from '../../src/config/settings.ts'
import { type Gateway, startGateway } from '../../src/services.ts'
import { Agent, type Answer } from './agent.ts'
import type { Http2Connection } from './http2-connection.ts'
import { type RawAnswer, rawRequest } from './raw-request.ts'
import { callbackRoute, inSecondPlace, secondPlace } from './second-place.ts'
import { isSignInPage, signIn } from './sign-in.ts'
import { TestClock } from './test-clock.ts'

export const clientId = 'gatehouse'
export const clientSecret = 'client-secret-client-secret-1234'
export const sessionSecret = 'p9wGk2vRzqXh4sYcT7mNfBdJ8uLeWa3V'

/** Asks a gateway for decisions. */
export interface AskingProxy {
  /**
   * Asks `/validate` as Traefik would for a page of the app; headers given here replace or add to
   * those, and undefined leaves one out.
   */
  validate(
    headers?: Readonly<Record<string, string | readonly string[] | undefined>>,
    options?: { readonly method?: string; readonly path?: string },
  ): Promise<RawAnswer>
  /** As `validate`, with the cookies of a browser. */
  validateAs(
    agent: Agent,
    headers?: Readonly<Record<string, string | readonly string[] | undefined>>,
  ): Promise<RawAnswer>
}

export interface TestGateway extends AskingProxy, AsyncDisposable {
  readonly gateway: Gateway
  readonly settings: Settings
  /** What the settings were made of. */
  readonly env: Readonly<Record<string, string>>
  readonly idp: IdentityProvider
  readonly clock: TestClock
  /** `PUBLIC_URL`; the app's host is the same. */
  readonly url: string
  /** Every log line so far, parsed. */
  readonly log: Record<string, unknown>[]
  /** A browser signed in as a user; `answer` is where it ended (there is no app behind: 404). */
  signIn(user?: Pick<User, 'id'>, agent?: Agent): Promise<{ agent: Agent; answer: Answer }>
}

export interface TestGatewayOptions {
  /** Variables, or what makes them of the gateway's origin. */
  readonly env?:
    | Readonly<Record<string, string>>
    | ((url: string) => Readonly<Record<string, string>>)
  readonly idp?: IdentityProviderOptions
  /** Text of `CONFIG_FILE`, made of the gateway's origin. */
  readonly file?: (url: string) => string
  /** What is registered at the provider, made of the gateway's origin, where it is not the usual. */
  readonly redirectUris?: (url: string) => string[]
  readonly clock?: TestClock
}

/** A gateway that listens, beside a real provider in the same process. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  await using stack = new AsyncDisposableStack()
  const clock = options.clock ?? new TestClock()
  const port = await freePort(20_000 + Math.floor(Math.random() * 20_000), '127.0.0.1')
  const url = `http://localhost:${port}`
  const idp = stack.use(
    await startIdentityProvider({
      ttl: { idToken: 36_000 },
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: options.redirectUris?.(url) ?? [url + callbackRoute],
          post_logout_redirect_uris: [`${url}/auth/logged-out`],
          backchannel_logout_uri: `${url}/auth/backchannel-logout`,
        },
      ],
      ...options.idp,
    }),
  )
  const file = options.file?.(url)
  const first = {
    PUBLIC_URL: url,
    OIDC_ISSUER: idp.issuer,
    OIDC_CLIENT_ID: clientId,
    OIDC_CLIENT_SECRET: clientSecret,
    SESSION_SECRET: sessionSecret,
    STORE_URL: 'sqlite::memory:',
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: '0',
    LOG_LEVEL: 'debug',
    ...(typeof options.env === 'function' ? options.env(url) : options.env),
    ...(file !== undefined && { CONFIG_FILE: file }),
  }
  const env = inSecondPlace ? secondPlace(first, url) : first
  const settings = settingsFrom(env, readText)
  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const gateway = stack.use(await startGateway(settings, { clock, logTo }))
  const running = stack.move()

  return {
    gateway,
    settings,
    env,
    idp,
    clock,
    url,
    log,
    ...proxyOf(gateway, url),
    async signIn(user = demoUsers[0] as User, agent = new Agent()) {
      const answer = await signIn(agent, `${url}/auth/login?return_to=/page`, user)
      if (isSignInPage(answer)) throw new Error('the sign-in did not come back')
      return { agent, answer }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/**
 * @param url - of the app that is asked about
 * @param send - one request to the gateway, where it is not plain HTTP/1.1
 */
export function proxyOf(
  { origin }: Pick<Gateway, 'origin'>,
  url: string,
  send: Http2Connection['request'] = (...request) => rawRequest(origin, ...request),
): AskingProxy {
  const validate: AskingProxy['validate'] = (
    headers = {},
    { method = 'GET', path = '/validate' } = {},
  ) =>
    send(method, path, {
      'X-Forwarded-Method': 'GET',
      'X-Forwarded-Proto': 'http',
      'X-Forwarded-Host': new URL(url).host,
      'X-Forwarded-Uri': '/page?x=1',
      'X-Forwarded-For': '198.51.100.7',
      Accept: 'text/html',
      ...headers,
    })
  return {
    validate,
    validateAs: (agent, headers = {}) =>
      validate({ Cookie: agent.cookies.header(new URL(url)), ...headers }),
  }
}

/** Reads files; takes what is no path for the text itself. */
const readText = (path: string) => (path.startsWith('/') ? readFileSync(path, 'utf8') : path)

/** Settings of an environment that is right; throws with every problem otherwise. */
export function settingsFrom(
  env: Readonly<Record<string, string>>,
  readFile?: (path: string) => string,
): Settings {
  const loaded = loadSettings(env, readFile)
  if (loaded.kind === 'ok') return loaded.settings
  throw new Error(loaded.problems.map(renderProblem).join('\n'))
}
