import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Seal } from '../lib/seal.ts'
import type { SessionStore } from '../model/session-store.ts'
import { openSqliteSessionStore } from './sqlite-session-store.ts'
import { openValkeySessionStore } from './valkey-session-store.ts'

/**
 * Opens the sessions of `STORE_URL`.
 *
 * @param parts - `onError` hears of failures that no caller sees
 * @throws Error where the store's address is of no use, or the file cannot be used
 */
export function openSessionStore(
  store: Settings['store'],
  parts: {
    readonly clock: Clock
    readonly seal: Seal
    readonly onError?: (error: Error) => void
  },
): SessionStore {
  return store.kind === 'sqlite'
    ? openSqliteSessionStore({ ...parts, path: store.path })
    : openValkeySessionStore({ ...parts, url: store.url })
}
