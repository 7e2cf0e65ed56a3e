import type { Clock } from '../lib/clock.ts'
import type { Draw, Drawn, QuotaStore } from '../model/quota.ts'
import { ValkeyConnection } from '../storage/valkey.ts'
import { drawnFrom, endOfWindow, keptAfterMs, storedKey } from './windows.ts'

export interface ValkeyQuotaStoreOptions {
  /** `redis:`, `rediss:`, `valkey:` or `valkeys:`. */
  readonly url: string
  readonly clock: Clock
  /** Hears of lost connections. No message holds a secret. */
  readonly onError?: (error: Error) => void
}

/**
 * Counts of quotas on a Valkey server (or Redis 7 and later), exact over all replicas. The connection
 * is made in the background, so this succeeds while the server is down. A count is a key
 * `gatehouse:quota:<hash>:<end of its window>`, which is there for a minute longer than its window.
 *
 * Windows are those of the replica's clock. While clocks differ, replicas near the end of a window may
 * be in two different ones; each window's limit holds. A restart of the server loses the counts that it
 * did not keep; no draw is sent twice, so one whose answer was lost is counted at most once.
 *
 * @throws Error where the URL is not understood
 */
export function openValkeyQuotaStore(options: ValkeyQuotaStoreOptions): QuotaStore {
  return new ValkeyQuotaStore(options)
}

const quotaScripts = {
  // For each draw: its key, how many requests it has, for how many milliseconds the key is needed.
  // Answers with the places of those that are used up, from 0. Expiry is counted from the server's
  // time, since a time of a clock that is behind would be past already, and the count be lost.
  drawQuotas: {
    lua: `
      local exceeded = {}
      for i = 1, #ARGV, 3 do
        local count = tonumber(redis.call('GET', ARGV[i])) or 0
        if count >= tonumber(ARGV[i + 1]) then exceeded[#exceeded + 1] = (i - 1) / 3 end
      end
      if #exceeded > 0 then return exceeded end
      for i = 1, #ARGV, 3 do
        if redis.call('INCR', ARGV[i]) == 1 then
          redis.call('PEXPIRE', ARGV[i], ARGV[i + 2])
        else
          redis.call('PEXPIRE', ARGV[i], ARGV[i + 2], 'GT')
        end
      end
      return exceeded`,
    numberOfKeys: 0,
  },
}

type QuotaCommands = {
  readonly [Name in keyof typeof quotaScripts]: (
    ...args: readonly (string | number)[]
  ) => Promise<unknown>
}

class ValkeyQuotaStore implements QuotaStore {
  readonly #clock: Clock
  readonly #commands: ValkeyConnection<QuotaCommands>

  constructor({ url, clock, onError = () => {} }: ValkeyQuotaStoreOptions) {
    this.#clock = clock
    this.#commands = new ValkeyConnection(url, quotaScripts, onError)
  }

  async draw(draws: readonly Draw[]): Promise<Drawn> {
    if (draws.length === 0) return { kind: 'granted' }
    const now = this.#clock.now()
    const args = draws.flatMap(({ key, limit }) => {
      const endsAt = endOfWindow(now, limit.windowMs)
      const name = `gatehouse:quota:${storedKey(key)}:${endsAt}`
      return [name, limit.requests, Math.ceil(endsAt - now) + keptAfterMs]
    })
    const exceeded = await this.#commands.ask((client) => client.drawQuotas(...args))
    return drawnFrom(
      (exceeded as number[]).flatMap((place) => draws[place] ?? []),
      now,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commands.close()
  }
}
