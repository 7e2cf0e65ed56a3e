import type { Call, Command } from '../command.ts'
import { exitCodes } from '../terminal.ts'
import type { LoginOptions } from './login.ts'
import type { World } from './world.ts'

/** The commands of people who use what is behind a gateway. Loaded when one of them runs. */
export const loginCommands: Readonly<Record<string, Command>> = {
  login: {
    operands: 1,
    options: {
      'no-browser': { type: 'boolean' },
      device: { type: 'boolean' },
      'client-id': { type: 'string' },
      scope: { type: 'string' },
      issuer: { type: 'string' },
      port: { type: 'string' },
      'redirect-path': { type: 'string' },
    },
    async run(call) {
      const options = loginOptions(call)
      if (typeof options === 'string') return call.refuse(options)
      const { login } = await import('./login.ts')
      return inWorld(call, (world) => login(options, world))
    },
  },
  token: {
    operands: 1,
    async run(call) {
      const { token } = await import('./token.ts')
      return inWorld(call, (world) => token(call.operands[0], world))
    },
  },
  whoami: {
    operands: 1,
    async run(call) {
      const { whoami } = await import('./whoami.ts')
      return inWorld(call, (world) => whoami(call.operands[0], world))
    },
  },
  logout: {
    operands: 1,
    async run(call) {
      const { logout } = await import('./logout.ts')
      return inWorld(call, (world) => logout(call.operands[0], world))
    },
  },
}

/** The options, or what is wrong with them. */
function loginOptions({ operands, text, flag }: Call): LoginOptions | string {
  const [url] = operands
  if (url === undefined) return 'login needs the URL of an app or API'
  const port = text('port') ?? '0'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return '--port takes a number up to 65535'
  const redirectPath = text('redirect-path')
  if (redirectPath !== undefined && !/^\/[\w.~/-]*$/.test(redirectPath))
    return '--redirect-path takes a path such as /callback'
  return {
    url,
    browser: !flag('no-browser'),
    device: flag('device'),
    clientId: text('client-id'),
    scope: text('scope'),
    issuer: text('issuer'),
    port: Number(port),
    redirectPath,
  }
}

/** Runs a command on this machine, and tells its failure. */
async function inWorld(
  { env, terminal }: Call,
  command: (world: World) => Promise<number>,
): Promise<number> {
  const [{ realWorld }, { Failure }] = await Promise.all([
    import('./world.ts'),
    import('./failure.ts'),
  ])
  try {
    return await command(await realWorld(env, terminal))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    terminal.error(`gatehouse: ${error.message}`)
    return exitCodes.failed
  }
}
