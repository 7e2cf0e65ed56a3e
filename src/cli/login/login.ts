import type { Configuration } from 'openid-client'
import { exitCodes } from '../terminal.ts'
import { browserFlow } from './browser-flow.ts'
import { deviceFlow } from './device-flow.ts'
import { discoverResource, type ProtectedResource } from './discover-resource.ts'
import { Failure, plain } from './failure.ts'
import { connectIssuer } from './issuer.ts'
import { type LoginBasis, labelOf, loginFrom, type Tokens } from './login-record.ts'
import { resourceUrl } from './resource-url.ts'
import { hasBrowser, type World } from './world.ts'

export interface LoginOptions {
  readonly url: string
  /** Whether to open a browser by itself. */
  readonly browser: boolean
  /** Whether to sign in on another device, whatever this one has. */
  readonly device: boolean
  readonly clientId: string | undefined
  readonly scope: string | undefined
  readonly issuer: string | undefined
  /** Port of the redirect URI; 0: any free one. */
  readonly port: number
  /** Path of the redirect URI; undefined: one of this sign-in only. */
  readonly redirectPath: string | undefined
}

const defaultClientId = 'gatehouse-cli'

/** Signs a person in at the issuer of a protected resource, and stores the tokens. */
export async function login(options: LoginOptions, world: World): Promise<number> {
  const { terminal, store } = world
  const url = resourceUrl(options.url)
  // Before anybody signs in for nothing.
  await store.read()
  const metadata = await discover(url, options.issuer)
  const issuer = options.issuer ?? metadata?.servers[0]
  if (issuer === undefined)
    throw new Failure(`${url} does not say who issues its tokens; name it: --issuer URL`)
  const clientId = options.clientId || world.env.GATEHOUSE_CLIENT_ID || defaultClientId
  const configuration = await connectIssuer(issuer, clientId)
  const basis: LoginBasis = {
    resource: metadata?.resource ?? url.href,
    indicated: metadata !== undefined,
    issuer,
    clientId,
    scope: options.scope ?? scopesFor(metadata, configuration),
  }
  const tokens = await signIn(basis, configuration, { options, world })
  const made = loginFrom(tokens, basis, world.now())
  const { sealed } = await store.update((logins) => logins.set(made.resource, made))
  terminal.out(`Signed in at ${made.resource}${made.who ? ` as ${labelOf(made.who)}` : ''}.`)
  if (!sealed)
    terminal.error(
      `There is no keyring here: the tokens are in ${store.path}, for you alone to read.`,
    )
  return exitCodes.ok
}

/** Who names the issuer does not depend on what the resource says. */
async function discover(
  url: URL,
  issuer: string | undefined,
): Promise<ProtectedResource | undefined> {
  if (issuer === undefined) return discoverResource(url)
  return discoverResource(url).catch((error: unknown) => {
    if (error instanceof Failure) return undefined
    throw error
  })
}

/** What the resource needs, and what says who it is, as far as the issuer knows that. */
function scopesFor(metadata: ProtectedResource | undefined, configuration: Configuration): string {
  const known = configuration.serverMetadata().scopes_supported
  const ours = ['openid', 'profile', 'email'].filter((scope) => known?.includes(scope) ?? true)
  return [...new Set([...ours, ...(metadata?.scopes ?? [])])].join(' ')
}

function signIn(
  basis: LoginBasis,
  configuration: Configuration,
  { options, world }: { options: LoginOptions; world: World },
): Promise<Tokens> {
  const { terminal } = world
  const patience = world.patience()
  const hasDeviceFlow = configuration.serverMetadata().device_authorization_endpoint !== undefined
  if (options.device && !hasDeviceFlow)
    throw new Failure(`${basis.issuer} has no sign-in on another device; leave --device away`)
  const canOpen = hasBrowser(world)
  if (options.device || (options.browser && !canOpen && hasDeviceFlow)) {
    return deviceFlow({
      configuration,
      basis,
      patience,
      show({ url, code, direct }) {
        terminal.out(`Open ${url} in any browser and type the code\n\n  ${code}\n`)
        if (direct) terminal.out(`or open ${direct}\nand compare the code.`)
      },
    })
  }
  return browserFlow({
    configuration,
    basis,
    port: options.port,
    path: options.redirectPath,
    patience,
    show(page) {
      const opens = options.browser && canOpen
      terminal.out(opens ? 'Your browser opens. If it does not, open' : 'Open in a browser')
      terminal.out(`\n  ${plain(page.href)}\n`)
      if (!canOpen)
        terminal.out('The browser has to run on this machine, or reach that port of it by ssh -L.')
      if (opens) world.openBrowser(page)
    },
  })
}
