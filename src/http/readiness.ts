import type { Check } from './ops-app.ts'
import type { Parts } from './parts.ts'

/**
 * Ready means: sessions can be read, and each provider's metadata has been read once. A provider that
 * goes down later leaves the gateway ready, since whoever is signed in still passes; so does a file
 * that could not be taken over, since the former one is in force.
 */
export function readinessOf(parts: Pick<Parts, 'store' | 'parties'>): {
  readonly checks: () => Promise<Record<string, Check>>
  /** Tells of the problems of settings that were read again; none where they are in force. */
  readonly configurationFailed: (problems: readonly string[]) => void
} {
  let configuration: Check = { ok: true }
  const configurationFailed = (problems: readonly string[]) => {
    configuration =
      problems.length === 0
        ? { ok: true }
        : { ok: true, problem: `the former settings are in force: ${problems.join('; ')}` }
  }
  const checks = async () => {
    const checks: Record<string, Check> = { store: await pinged(parts.store), configuration }
    for (const [name, { discovery, settings }] of parts.parties) {
      checks[`provider ${name}`] = discovery.known
        ? { ok: true }
        : { ok: false, problem: `the metadata of ${settings.issuer} could not be read yet` }
    }
    return checks
  }
  return { checks, configurationFailed }
}

async function pinged(store: Parts['store']): Promise<Check> {
  try {
    await store.ping()
    return { ok: true }
  } catch {
    return { ok: false, problem: 'the session store does not answer; the log says why' }
  }
}
