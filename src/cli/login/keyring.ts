import { randomBytes } from 'node:crypto'
import type { Environment } from '../../config/environment.ts'

const keyBytes = 32

/** The place of the operating system for secrets of the person who is signed in to it. */
export interface Keyring {
  /** The key that was made before. Rejects where the keyring is locked. */
  read(): Promise<Buffer | undefined>
  /** A new key, kept. Rejects where the keyring does not take it. */
  create(): Promise<Buffer>
}

/**
 * The keyring of macOS, of Windows, or of a Secret Service on Linux. Undefined where there is none,
 * where its library is not installed, and with `GATEHOUSE_KEYRING=off`.
 *
 * It keeps one key and not the tokens: Windows takes no secret over 2,560 bytes.
 */
export async function openKeyring(env: Environment): Promise<Keyring | undefined> {
  if (env.GATEHOUSE_KEYRING === 'off') return
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring')
    const entry = new AsyncEntry('gatehouse', 'credentials', {
      // The other store of Linux, the kernel's, forgets at the next start.
      linux: { store: 'secret-service' },
    })
    return {
      async read() {
        const text = await entry.getPassword()
        return text === null ? undefined : Buffer.from(text, 'base64url')
      },
      async create() {
        const key = randomBytes(keyBytes)
        await entry.setPassword(key.toString('base64url'))
        return key
      },
    }
  } catch {
    return
  }
}
