import type { IssuerConnection } from '../issuers/issuer-connection.ts'
import type { Check } from './ops-app.ts'
import { connectionsOf, type Parts } from './parts.ts'

/**
 * Ready means: sessions can be read, and each provider's metadata has been read once. A provider that
 * goes down later leaves the gateway ready, since whoever is signed in still passes, also while its
 * endpoints are left alone; so does an issuer of tokens alone, as other callers do not need it, and a
 * file that could not be taken over, since the former one is in force.
 */
export function readinessOf(parts: Pick<Parts, 'store' | 'parties' | 'issuers'>): {
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
    for (const { name, issuer, connection, signsIn } of connectionsOf(parts)) {
      const known = connection.discovery.known !== undefined
      checks[`${signsIn ? 'provider' : 'issuer'} ${name}`] = known
        ? leftAlone(connection.breakers())
        : { ok: !signsIn, problem: `the metadata of ${issuer} could not be read yet` }
    }
    return checks
  }
  return { checks, configurationFailed }
}

function leftAlone(breakers: ReturnType<IssuerConnection['breakers']>): Check {
  const open = [...breakers].filter(([, state]) => state === 'open').map(([endpoint]) => endpoint)
  if (open.length === 0) return { ok: true }
  return { ok: true, problem: `left alone after five failures in a row: ${open.join(', ')}` }
}

async function pinged(store: Parts['store']): Promise<Check> {
  try {
    await store.ping()
    return { ok: true }
  } catch {
    return { ok: false, problem: 'the session store does not answer; the log says why' }
  }
}
