import { parseArgs } from 'node:util'
import packageJson from '../../package.json' with { type: 'json' }
import type { Environment } from '../config/environment.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { exitCodes, type Terminal } from './terminal.ts'
import { usage } from './usage.ts'

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
  const refuse = (message: string) => {
    terminal.error(`gatehouse: ${message}\n\n${usage}`)
    return exitCodes.usage
  }
  // The command comes first: what the words after it mean is its own.
  const name = args[0] === undefined || args[0].startsWith('-') ? 'serve' : args[0]
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  const parsed = parse(args, command)
  if (parsed.kind === 'unreadable') return refuse(parsed.message)
  const { values, positionals } = parsed
  const operands = args[0] === name ? positionals.slice(1) : positionals
  if (values.help === true || name === 'help') {
    terminal.out(usage)
    return exitCodes.ok
  }
  if (values.version === true) {
    terminal.out(packageJson.version)
    return exitCodes.ok
  }
  if (!command) return refuse(`"${name}" is no command`)
  const extra = operands[command.operands ?? 0]
  if (extra !== undefined) return refuse(`${name} takes no "${extra}"`)
  return command.run({
    operands,
    text(option) {
      const value = values[option]
      return typeof value === 'string' ? value : undefined
    },
    flag: (option) => values[option] === true,
    env,
    terminal,
    refuse,
  })
}

type Parsed =
  | { kind: 'read'; positionals: string[]; values: Readonly<Record<string, unknown>> }
  | { kind: 'unreadable'; message: string }

function parse(args: readonly string[], command: Command | undefined): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...command?.options,
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    })
    return { kind: 'read', positionals, values }
  } catch (error) {
    return { kind: 'unreadable', message: error instanceof Error ? error.message : String(error) }
  }
}
