import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveKeys } from '../lib/seal.ts'
import type { SessionKey } from '../model/session.ts'
import type { Site } from '../model/site.ts'

const idBytes = 24
const form = /^[A-Za-z0-9_-]{32}\.[A-Za-z0-9_-]{43}$/

/**
 * The session cookie's value: `<id>.<signature>`, an id of 192 random bits and an HMAC-SHA-256 over
 * the cookie's purpose, the site it was made for and the id.
 */
export class SessionCookies {
  readonly #keys: readonly Buffer[]

  /** @param secrets - the first signs, all verify */
  constructor(secrets: readonly string[]) {
    this.#keys = deriveKeys(secrets, 'session-cookie')
  }

  /** A new cookie value with the key that a store knows its session by. */
  mint(site: Site): { value: string; key: SessionKey } {
    const id = randomBytes(idBytes).toString('base64url')
    const value = `${id}.${sign(this.#keys[0] as Buffer, site, id)}`
    return { value, key: keyOf(id) }
  }

  /** The key of the session that a cookie value names, or undefined where its signature is not ours. */
  verify(site: Site, value: string): SessionKey | undefined {
    if (!form.test(value)) return
    const id = value.slice(0, 32)
    const signature = Buffer.from(value.slice(33))
    for (const key of this.#keys) {
      // The text is compared, not its bytes: base64url has several spellings of the same bytes.
      if (timingSafeEqual(Buffer.from(sign(key, site, id)), signature)) return keyOf(id)
    }
    return
  }
}

function sign(key: Buffer, site: Site, id: string): string {
  return createHmac('sha256', key).update(`session\n${site.instance}\n${id}`).digest('base64url')
}

function keyOf(id: string): SessionKey {
  return createHash('sha256').update(id).digest('base64url') as SessionKey
}
