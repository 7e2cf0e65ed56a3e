import type { Check } from './ops-app.ts'
import type { Parts } from './parts.ts'

/**
 * Ready means: sessions can be read, and each provider's metadata has been read once. A provider that
 * goes down later leaves the gateway ready, since whoever is signed in still passes.
 */
export function readinessOf({
  store,
  parties,
}: Pick<Parts, 'store' | 'parties'>): () => Promise<Record<string, Check>> {
  return async () => {
    const checks: Record<string, Check> = { store: await pinged(store) }
    for (const [name, { discovery, settings }] of parties) {
      checks[`provider ${name}`] = discovery.known
        ? { ok: true }
        : { ok: false, problem: `the metadata of ${settings.issuer} could not be read yet` }
    }
    return checks
  }
}

async function pinged(store: Parts['store']): Promise<Check> {
  try {
    await store.ping()
    return { ok: true }
  } catch {
    return { ok: false, problem: 'the session store does not answer; the log says why' }
  }
}
