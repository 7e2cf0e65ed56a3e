import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

/**
 * One 256-bit key for each secret, for one purpose only (HKDF-SHA-256, RFC 5869).
 * Keys of different labels say nothing of each other.
 */
export function deriveKeys(secrets: readonly string[], label: string): Buffer[] {
  return secrets.map((secret) =>
    Buffer.from(hkdfSync('sha256', secret, 'gatehouse', `gatehouse/1/${label}`, 32)),
  )
}

/** Encrypts and authenticates small texts (AES-256-GCM). The first key seals, all of them open. */
export class Seal {
  readonly #keys: readonly Buffer[]

  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0) throw new TypeError('a seal needs a key')
    this.#keys = keys
  }

  /** The sealed text, base64url. `bound` is not stored: opening needs the same value again. */
  seal(text: string, bound: string): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0] as Buffer, nonce)
    cipher.setAAD(Buffer.from(bound))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url')
  }

  /** The text, or undefined for anything that was not sealed with one of the keys and `bound`. */
  open(sealed: string, bound: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < nonceBytes + tagBytes || bytes.toString('base64url') !== sealed) return
    for (const key of this.#keys) {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
      decipher.setAAD(Buffer.from(bound))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      const body = decipher.update(bytes.subarray(nonceBytes, -tagBytes))
      try {
        return Buffer.concat([body, decipher.final()]).toString('utf8')
      } catch {
        // Sealed with another key, or altered.
      }
    }
    return
  }
}
