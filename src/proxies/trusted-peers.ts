import { BlockList, isIP } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import { memo } from '../lib/memo.ts'

/** All addresses of a host name. */
export type LookUp = (hostName: string) => Promise<readonly string[]>

const betweenLookUpsMs = 5_000
const knownLimit = 10_000

/**
 * Which peers may describe requests to us: addresses, CIDRs and host names. Names are resolved at the
 * start and again when an unknown peer asks, at most every five seconds, so that a proxy that came
 * back under a new address is known at its first request.
 */
export class TrustedPeers {
  readonly #fixed = new BlockList()
  readonly #hostNames: readonly string[]
  readonly #lookUp: LookUp
  readonly #clock: Clock
  /** The last known ones of each host name. */
  readonly #addresses = new Map<string, readonly string[]>()
  #resolved: ReadonlySet<string> = new Set()
  // Asking the block list costs more than the rest of the reading of a request.
  readonly #known = memo((address) => this.#check(address), knownLimit)
  #resolvedAt = Number.NEGATIVE_INFINITY
  #resolving: Promise<void> | undefined

  constructor(entries: readonly string[], lookUp: LookUp, clock: Clock) {
    this.#lookUp = lookUp
    this.#clock = clock
    this.#hostNames = entries.filter((entry) => !this.#addFixed(entry))
  }

  /** True for a trusted peer; a promise where host names are to be resolved before it is known. */
  trusts(address: string): boolean | Promise<boolean> {
    if (this.knows(address)) return true
    if (this.#hostNames.length === 0 || isIP(address) === 0) return false
    if (this.#clock.monotonic() - this.#resolvedAt < betweenLookUpsMs && !this.#resolving)
      return false
    return this.resolve().then(() => this.knows(address))
  }

  /** As `trusts`, by what is known now. */
  knows(address: string): boolean {
    return this.#known(address)
  }

  /** Resolves the host names; one that cannot be resolved keeps the addresses it had. */
  resolve(): Promise<void> {
    this.#resolving ??= this.#resolveAll().finally(() => {
      this.#resolvedAt = this.#clock.monotonic()
      this.#resolving = undefined
    })
    return this.#resolving
  }

  async #resolveAll(): Promise<void> {
    await Promise.all(
      this.#hostNames.map(async (name) => {
        // A name service that fails for a moment must not shut out the proxy that was known.
        const answer = await this.#lookUp(name).catch(() => undefined)
        if (answer) this.#addresses.set(name, answer)
      }),
    )
    this.#resolved = new Set([...this.#addresses.values()].flat())
    this.#known.clear()
  }

  #check(address: string): boolean {
    const version = isIP(address)
    if (version === 0) return false
    return (
      this.#resolved.has(address) || this.#fixed.check(address, version === 6 ? 'ipv6' : 'ipv4')
    )
  }

  #addFixed(entry: string): boolean {
    const [address = '', prefix] = entry.split('/')
    const version = isIP(address)
    if (version === 0) return false
    const family = version === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) this.#fixed.addAddress(address, family)
    else this.#fixed.addSubnet(address, Number(prefix), family)
    return true
  }
}

/** An IPv4-mapped IPv6 address as its IPv4 form, others unchanged. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
