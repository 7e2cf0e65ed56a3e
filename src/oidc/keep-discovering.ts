import type { Discovery } from '../issuers/discovery.ts'
import { providerFailure } from './failure.ts'

const everyMs = 5_000

/** What is asked for its metadata. */
interface Discovered {
  readonly name: string
  readonly issuer: string
  readonly connection: { readonly discovery: Discovery }
  /** Whether people sign in there. */
  readonly signsIn: boolean
}

/**
 * Asks for the metadata of providers and issuers until it is there, so that the process gets ready by itself.
 *
 * @param warn - told of a trouble once, until it changes
 * @returns what ends the asking
 */
export function keepDiscovering(
  connections: () => readonly Discovered[],
  warn: (message: string, fields: { provider: string; reason: string }) => void,
): () => void {
  const told = new Map<string, string>()
  const discover = async ({ name, issuer, connection: { discovery }, signsIn }: Discovered) => {
    if (discovery.known) return
    try {
      await discovery.get()
    } catch (error) {
      const { reason } = providerFailure(error)
      if (told.get(name) === reason) return
      told.set(name, reason)
      const effect = signsIn ? 'nobody can sign in' : 'its tokens may not be taken'
      warn(`${effect}: the metadata of ${issuer} cannot be used`, {
        provider: name,
        reason,
      })
    }
  }
  const discoverAll = () => void Promise.all(connections().map(discover))
  discoverAll()
  const timer = setInterval(discoverAll, everyMs).unref()
  return () => clearInterval(timer)
}
