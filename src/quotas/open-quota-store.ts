import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { QuotaStore } from '../model/quota.ts'
import { openSqliteQuotaStore, quotaPathOf } from './sqlite-quota-store.ts'
import { openValkeyQuotaStore } from './valkey-quota-store.ts'

/** Opens the counts beside the sessions of `STORE_URL`, and only once there are limits. */
export class QuotaStores implements AsyncDisposable {
  readonly #store: Settings['store']
  readonly #parts: { readonly clock: Clock; readonly onError: (error: Error) => void }
  #opened: QuotaStore | undefined

  /** @param parts - `onError` hears of failures that no caller sees */
  constructor(
    store: Settings['store'],
    parts: { readonly clock: Clock; readonly onError: (error: Error) => void },
  ) {
    this.#store = store
    this.#parts = parts
  }

  /** @throws Error where the store's address is of no use, or the file cannot be used */
  opened(): QuotaStore {
    const { clock, onError } = this.#parts
    this.#opened ??=
      this.#store.kind === 'sqlite'
        ? openSqliteQuotaStore({ path: quotaPathOf(this.#store.path), clock })
        : openValkeyQuotaStore({ url: this.#store.url, clock, onError })
    return this.#opened
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.[Symbol.asyncDispose]()
  }
}

/** Whether any request counts against a limit. */
export function hasLimits({ quota, rules, defaultRule, apps }: Settings): boolean {
  const all = [...rules, ...apps.flatMap((app) => app.rules), defaultRule]
  return [quota, ...all.map((rule) => rule.quota)].some((limits) => Object.keys(limits).length > 0)
}
