import { parseArgs } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import type { Environment } from '../config/environment.ts'
import { exitCodes, type Terminal } from './terminal.ts'

const usage = `Usage: gatehouse [command]

  serve             runs the gateway (the default)
  check             shows the effective settings and what to register at the provider,
                    and tests the provider, the store and the clock
  headers <proxy>   prints what to paste into the proxy, with the headers of the settings: traefik, kong,
                    nginx, caddy, haproxy or envoy
  demo              runs the gateway with a provider, a proxy and an app of its own
  sample-app        runs the sample app alone
  health            asks the running gateway whether it lives, for container health checks
  help              prints this

  -h, --help        prints this
  -v, --version     prints the version

Settings are environment variables: docs/reference/configuration.md lists them.`

/**
 * Runs one command of `gatehouse`.
 *
 * @returns the exit code: 0 done, 1 failed, 64 wrong usage, 78 wrong configuration; undefined where the
 *   command goes on running or sets it itself
 */
export async function run(
  args: readonly string[],
  env: Environment,
  terminal: Terminal,
): Promise<number | undefined> {
  const parsed = parse(args)
  if (parsed.kind === 'unreadable') return refuse(parsed.message, terminal)
  const [command = 'serve', ...operands] = parsed.positionals
  if (parsed.help || command === 'help') {
    terminal.out(usage)
    return exitCodes.ok
  }
  if (parsed.version) {
    terminal.out(packageJson.version)
    return exitCodes.ok
  }
  const extra = operands[command === 'headers' ? 1 : 0]
  if (extra !== undefined) return refuse(`${command} takes no "${extra}"`, terminal)
  switch (command) {
    case 'serve': {
      const { serve } = await import('../main.ts')
      await serve(env)
      return
    }
    case 'check': {
      const { check } = await import('./check.ts')
      const { liveProbes } = await import('./live-probes.ts')
      return check(env, liveProbes, terminal)
    }
    case 'headers': {
      const { headers } = await import('./headers.ts')
      const { recipeProxies } = await import('./recipes/recipes.ts')
      const [proxy = ''] = operands
      if (!recipeProxies.includes(proxy))
        return refuse(`headers knows ${recipeProxies.join(', ')}`, terminal)
      return headers(proxy, env, terminal)
    }
    case 'demo': {
      const { main } = await import('../../demo/main.ts')
      await main()
      return
    }
    case 'sample-app': {
      const { main } = await import('../../demo/sample-app.ts')
      await main()
      return
    }
    case 'health': {
      const { health } = await import('./health.ts')
      return health(env, terminal)
    }
    default:
      return refuse(`"${command}" is no command`, terminal)
  }
}

type Parsed =
  | { kind: 'read'; positionals: string[]; help: boolean; version: boolean }
  | { kind: 'unreadable'; message: string }

function parse(args: readonly string[]): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', short: 'v', default: false },
      },
    })
    return { kind: 'read', positionals, ...values }
  } catch (error) {
    return { kind: 'unreadable', message: error instanceof Error ? error.message : String(error) }
  }
}

function refuse(message: string, terminal: Terminal): number {
  terminal.error(`gatehouse: ${message}\n\n${usage}`)
  return exitCodes.usage
}
