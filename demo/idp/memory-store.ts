import { LRUCache } from 'lru-cache'
import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider'

const maxEntries = 100_000

/** A signed-in browser as the provider knows it. */
export interface ProviderSession {
  readonly uid: string
  readonly accountId: string
  /** Seconds since the epoch. */
  readonly signedInAt: number
}

/**
 * Everything the provider remembers, gone when the process ends. The library's own memory adapter
 * cannot list sessions and forgets after a thousand entries.
 */
export class MemoryStore {
  readonly #entries = new LRUCache<string, AdapterPayload>({ max: maxEntries })

  readonly adapter = (model: string): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      this.#entries.set(`${model}:${id}`, payload, expiresIn ? { ttl: expiresIn * 1000 } : {})
    },
    find: async (id) => this.#entries.get(`${model}:${id}`),
    findByUid: async (uid) => this.#first(model, (entry) => entry.uid === uid),
    findByUserCode: async (code) => this.#first(model, (entry) => entry.userCode === code),
    consume: async (id) => {
      const entry = this.#entries.get(`${model}:${id}`)
      if (entry) entry.consumed = Math.floor(Date.now() / 1000)
    },
    destroy: async (id) => {
      this.#entries.delete(`${model}:${id}`)
    },
    revokeByGrantId: async (grantId) => {
      for (const [key, entry] of this.#entries.entries()) {
        if (entry.grantId === grantId && key.startsWith(`${model}:`)) this.#entries.delete(key)
      }
    },
  })

  /** Registers a client, or replaces the one of the same id. */
  putClient(client: ClientMetadata): void {
    this.#entries.set(`Client:${client.client_id}`, client as AdapterPayload)
  }

  /** Sessions of people who are signed in, newest first. */
  sessions(): ProviderSession[] {
    const found: ProviderSession[] = []
    for (const [key, { uid, accountId, loginTs }] of this.#entries.entries()) {
      if (!key.startsWith('Session:') || !uid || !accountId) continue
      found.push({ uid, accountId, signedInAt: loginTs ?? 0 })
    }
    return found.sort((a, b) => b.signedInAt - a.signedInAt)
  }

  #first(model: string, fits: (entry: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, entry] of this.#entries.entries()) {
      if (key.startsWith(`${model}:`) && fits(entry)) return entry
    }
    return
  }
}
