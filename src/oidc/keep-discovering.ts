import { providerFailure } from './failure.ts'
import type { RelyingParty } from './relying-party.ts'

const everyMs = 5_000

/**
 * Asks for the metadata of providers until it is there, so that the process gets ready by itself.
 *
 * @param warn - told of a trouble once, until it changes
 * @returns what ends the asking
 */
export function keepDiscovering(
  parties: () => readonly RelyingParty[],
  warn: (message: string, fields: { provider: string; reason: string }) => void,
): () => void {
  const told = new Map<string, string>()
  const discover = async (party: RelyingParty) => {
    if (party.discovery.known) return
    try {
      await party.discovery.get()
    } catch (error) {
      const { name, issuer } = party.settings
      const { reason } = providerFailure(error)
      if (told.get(name) === reason) return
      told.set(name, reason)
      warn(`nobody can sign in: the metadata of ${issuer} cannot be used`, {
        provider: name,
        reason,
      })
    }
  }
  const discoverAll = () => void Promise.all(parties().map(discover))
  discoverAll()
  const timer = setInterval(discoverAll, everyMs).unref()
  return () => clearInterval(timer)
}
