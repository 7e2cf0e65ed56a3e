import { randomBytes } from 'node:crypto'
import { loadSettings } from '../src/config/load.ts'
import { renderProblem } from '../src/config/problem.ts'
import { startGateway } from '../src/services.ts'
import { startForwardAuthProxy } from './forward-auth-proxy.ts'
import { freePort } from './free-port.ts'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { startSampleApp } from './sample-app.ts'

export interface DemoOptions {
  /** Wanted; the next free one is taken where it is not free, any one for 0. */
  readonly port: number
  readonly host: string
  /** Wanted for the gateway's operators' listener, which is on 127.0.0.1 alone. */
  readonly opsPort: number
  /** How browsers reach it, where that is not `http://localhost:PORT`. */
  readonly publicUrl?: string | undefined
  readonly logLevel?: string | undefined
}

export interface Demo extends AsyncDisposable {
  readonly port: number
  readonly opsPort: number
  /** All there is: the app, the gateway's pages and, under `/idp`, the identity provider. */
  readonly url: string
  readonly idp: IdentityProvider
}

const clientId = 'gatehouse-demo'

/** Starts identity provider, gateway, app and proxy in this process, behind one public port. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  await using started = new AsyncDisposableStack()
  const port = await freePort(options.port, options.host)
  const opsPort = await freePort(options.opsPort, '127.0.0.1')
  const url = options.publicUrl ?? `http://localhost:${port}`
  const clientSecret = randomBytes(32).toString('base64url')

  const idp = started.use(await startIdentityProvider({ issuer: `${url}/idp` }))
  const gateway = started.use(
    await startGateway(
      settings({
        PUBLIC_URL: url,
        OIDC_ISSUER: idp.issuer,
        OIDC_INTERNAL_URL: idp.origin,
        OIDC_CLIENT_ID: clientId,
        OIDC_CLIENT_SECRET: clientSecret,
        SESSION_SECRET: randomBytes(32).toString('base64url'),
        STORE_URL: 'sqlite::memory:',
        HOST: '127.0.0.1',
        PORT: '0',
        OPS_PORT: String(opsPort),
        LOG_LEVEL: options.logLevel ?? 'error',
      }),
      { logTo: process.stderr },
    ),
  )
  idp.putClient({
    client_id: clientId,
    client_name: 'the sample app',
    client_secret: clientSecret,
    redirect_uris: [`${url}/auth/callback`],
    post_logout_redirect_uris: [`${url}/auth/logged-out`],
    backchannel_logout_uri: `${gateway.origin}/auth/backchannel-logout`,
  })
  const app = started.use(
    await startSampleApp({
      links: [{ label: 'Sessions at the provider', href: '/idp/demo' }],
    }),
  )
  started.use(
    await startForwardAuthProxy({
      port,
      host: options.host,
      gateway: gateway.origin,
      app: `http://127.0.0.1:${app.port}`,
      unchecked: { '/idp': idp.origin },
    }),
  )
  const parts = started.move()
  return { port, opsPort, url, idp, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

function settings(env: Readonly<Record<string, string>>) {
  const loaded = loadSettings(env)
  if (loaded.kind === 'ok') return loaded.settings
  throw new Error(loaded.problems.map(renderProblem).join('\n'))
}
