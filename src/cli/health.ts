import { type Environment, readEnvironment, readTextFile } from '../config/environment.ts'
import { Findings } from '../config/problem.ts'
import { readValues } from '../config/values.ts'
import { exitCodes, type Terminal } from './terminal.ts'

const timeoutMs = 3_000

/**
 * Asks what listens on `PORT` of this machine whether it lives: the gateway, the demo or the sample app,
 * each of which answers at `/health`.
 */
export async function health(env: Environment, terminal: Terminal): Promise<number> {
  const findings = new Findings()
  const { HOST, PORT } = readValues(readEnvironment(env, readTextFile, findings), findings)
  const url = `http://${reachable(HOST)}:${PORT}/health`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' })
    await answer.body?.cancel()
    if (answer.ok) return exitCodes.ok
    terminal.error(`${url} answered ${answer.status}`)
  } catch {
    terminal.error(`${url} does not answer`)
  }
  return exitCodes.failed
}

/** An address to call for an address listened on. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
