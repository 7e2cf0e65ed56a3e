import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '../../demo/free-port.ts'
import { clientId, clientSecret, sessionSecret, type TestGateway } from './gateway.ts'

/** The gateway in a process of its own, as `gatehouse serve` runs it. */
export interface ServedGateway extends AsyncDisposable {
  readonly origin: string
  readonly opsOrigin: string
  /** Everything it has written to its standard output and error. */
  readonly output: () => string
  /** Sends a signal and resolves with the exit code, or with the signal's name where that ended it. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

const command = new URL('../../src/cli/gatehouse.ts', import.meta.url).pathname

/**
 * Starts the gateway with these variables and no others, and waits until it listens.
 *
 * @param env - without `PORT`, one is chosen; rejects with what it wrote where it ends early
 */
export async function serveGateway(env: Readonly<Record<string, string>>): Promise<ServedGateway> {
  const port = env.PORT ?? String(await freePort(0, '127.0.0.1'))
  const opsPort = String(await freePort(0, '127.0.0.1'))
  const child = spawn(process.execPath, [command, 'serve'], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', ...env, PORT: port, OPS_PORT: opsPort },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: Buffer) => {
    output += chunk
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number)
  const opsOrigin = `http://127.0.0.1:${opsPort}`
  await untilAlive(`${opsOrigin}/livez`, child, () => output)
  const stop = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    opsOrigin,
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop('SIGKILL')
    },
  }
}

/** Variables of a gateway beside a test gateway, for the same `PUBLIC_URL`, provider and secret. */
export function environmentBeside(site: TestGateway): Record<string, string> {
  return {
    PUBLIC_URL: site.url,
    OIDC_ISSUER: site.idp.issuer,
    OIDC_CLIENT_ID: clientId,
    OIDC_CLIENT_SECRET: clientSecret,
    SESSION_SECRET: sessionSecret,
  }
}

async function untilAlive(url: string, child: ChildProcess, output: () => string): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the gateway ended early:\n${output()}`)
}
