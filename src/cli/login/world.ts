import type { Environment } from '../../config/environment.ts'
import type { Terminal } from '../terminal.ts'
import { openKeyring } from './keyring.ts'
import { openBrowser } from './open-browser.ts'
import { storePath, TokenStore } from './token-store.ts'

/** What the commands need of the machine they run on. */
export interface World {
  readonly env: Environment
  readonly terminal: Terminal
  readonly platform: NodeJS.Platform
  readonly store: TokenStore
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly openBrowser: (url: URL) => void
  /** Aborts when a person has had long enough to sign in. */
  readonly patience: () => AbortSignal
}

const patienceMs = 5 * 60_000

export async function realWorld(env: Environment, terminal: Terminal): Promise<World> {
  const { platform } = process
  return {
    env,
    terminal,
    platform,
    store: new TokenStore(storePath(env, platform), await openKeyring(env)),
    now: Date.now,
    openBrowser: (url) => openBrowser(url, platform),
    patience: () => AbortSignal.timeout(patienceMs),
  }
}

/** Whether a browser can open on this machine, before the eyes of whoever types. */
export function hasBrowser({ env, platform }: Pick<World, 'env' | 'platform'>): boolean {
  if (env.SSH_CONNECTION) return false
  return platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}
