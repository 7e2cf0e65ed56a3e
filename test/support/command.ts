import { run } from '../../src/cli/run.ts'

export interface RunningCommand {
  readonly lines: readonly string[]
  readonly errors: readonly string[]
  /** The first match in what it prints. Rejects where the command ends before. */
  saw(pattern: RegExp): Promise<RegExpExecArray>
  /** The exit code. */
  readonly ended: Promise<number | undefined>
}

/** Starts a `gatehouse` command in this process, for tests that answer what it prints. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningCommand {
  const lines: string[] = []
  const errors: string[] = []
  let tell = () => {}
  const ended = run(args, env, {
    out: (line) => {
      lines.push(line)
      tell()
    },
    error: (line) => errors.push(line),
  })
  async function saw(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const told = new Promise<void>((resolve) => {
        tell = resolve
      })
      const found = pattern.exec(lines.join('\n'))
      if (found) return found
      const code = await Promise.race([told, ended.then((exit) => ({ exit }))])
      if (code) throw new Error(`it ended with ${code.exit}: ${errors.join('\n')}`)
    }
  }
  return { lines, errors, saw, ended }
}
