import { readTextFile } from './config/environment.ts'
import { loadSettings } from './config/load.ts'
import { renderProblem } from './config/problem.ts'
import { watchSettings } from './config/watch.ts'
import { startGateway } from './services.ts'

const configurationExitCode = 78
// Docker waits ten seconds before it kills.
const hardStopAfterMs = 9_000

/**
 * Runs the gateway until SIGTERM or SIGINT: loads the settings, listens, and at the end lets the
 * requests in flight finish. A wrong configuration ends the process with 78 and every problem at once.
 */
export async function serve(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const loaded = loadSettings(env)
  for (const warning of loaded.warnings)
    process.stderr.write(`warning: ${renderProblem(warning)}\n`)
  if (loaded.kind === 'problems') {
    for (const problem of loaded.problems) process.stderr.write(`${renderProblem(problem)}\n`)
    process.exitCode = configurationExitCode
    return
  }
  try {
    const gateway = await startGateway(loaded.settings)
    const unwatch = watchSettings(env, readTextFile, () => gateway.reload(loadSettings(env)))
    const stop = () => {
      unwatch()
      process.exitCode = 0
      setTimeout(() => process.exit(), hardStopAfterMs).unref()
      void gateway[Symbol.asyncDispose]()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const advice = code === 'EADDRINUSE' ? '; choose another PORT, OPS_PORT or TLS_PORT' : ''
    process.stderr.write(`gatehouse cannot start: ${message}${advice}\n`)
    process.exitCode = 1
  }
}
