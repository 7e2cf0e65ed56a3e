import type { Settings } from '../../src/config/settings.ts'
import { startGateway } from '../../src/services.ts'
import { type AskingProxy, proxyOf, type TestGateway } from './gateway.ts'
import type { TestClock } from './test-clock.ts'

export interface Replica extends AskingProxy, AsyncDisposable {
  /** Where it listens; `PUBLIC_URL` is that of the first. */
  readonly origin: string
  readonly opsOrigin: string
  readonly log: Record<string, unknown>[]
}

/**
 * A further gateway with the settings of the first, and so on the same provider and store.
 *
 * @param different - what it is told otherwise
 */
export async function startReplica(
  site: TestGateway,
  different: Partial<Settings> = {},
  clock: TestClock = site.clock,
): Promise<Replica> {
  const log: Record<string, unknown>[] = []
  const logTo = { write: (line: string) => void log.push(JSON.parse(line)) }
  const listen = { host: '127.0.0.1', port: 0, opsPort: 0 }
  const settings = { ...site.settings, listen, ...different }
  const gateway = await startGateway(settings, { clock, logTo })
  return {
    origin: gateway.origin,
    opsOrigin: gateway.opsOrigin,
    log,
    ...proxyOf(gateway, site.url),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}
