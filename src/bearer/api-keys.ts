import { hash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { ApiKey } from '../model/api-key.ts'
import { anonymous, type Identity } from '../model/identity.ts'

/** How the API keys of this gateway begin. */
export const apiKeyPrefix = 'ghk_'

/** A key that was found good. */
export interface VerifiedKey {
  readonly identity: Identity
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

export type KeyProof =
  | { readonly kind: 'verified'; readonly key: VerifiedKey }
  | { readonly kind: 'refused'; readonly reason: string }

const tellUseEveryMs = 60_000

interface Entry {
  readonly expiresAt: number
  readonly name: string
  readonly verified: VerifiedKey
  /** By the monotonic clock. */
  toldAt: number
}

/**
 * Says which service an API key is of. Keys are 256 random bits, so that a plain hash of one tells
 * nothing of it, and a table of hashes can be looked up without comparing secrets.
 */
export class ApiKeys {
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #clock: Clock
  readonly #onUse: (identity: Identity) => void

  /** @param onUse - told of the use of a key, at most once a minute for each */
  constructor(keys: readonly ApiKey[], clock: Clock, onUse: (identity: Identity) => void) {
    this.#entries = new Map(keys.map((key) => [key.hash, entryOf(key)]))
    this.#clock = clock
    this.#onUse = onUse
  }

  prove(key: string): KeyProof {
    const entry = this.#entries.get(keyHash(key))
    if (!entry) return { kind: 'refused', reason: 'the API key is not among those of keys' }
    if (entry.expiresAt <= this.#clock.now())
      return { kind: 'refused', reason: `the API key ${entry.name} has expired` }
    const now = this.#clock.monotonic()
    if (now - entry.toldAt >= tellUseEveryMs) {
      entry.toldAt = now
      this.#onUse(entry.verified.identity)
    }
    return { kind: 'verified', key: entry.verified }
  }
}

/** What the settings know of a key: its SHA-256 in hexadecimal digits. */
export function keyHash(key: string): string {
  return hash('sha256', key, 'hex')
}

function entryOf({ name, roles, groups, scopes, expiresAt }: ApiKey): Entry {
  const identity: Identity = {
    ...anonymous,
    kind: 'service',
    source: 'key',
    provider: 'key',
    issuer: 'gatehouse:keys',
    subject: name,
    clientId: name,
    roles,
    groups,
    scopes,
  }
  return { name, expiresAt, verified: { identity, expiresAt }, toldAt: Number.NEGATIVE_INFINITY }
}
