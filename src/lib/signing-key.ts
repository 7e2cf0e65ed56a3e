import { createECDH, createHash, createPrivateKey, hkdfSync, type KeyObject } from 'node:crypto'

/** Order of the group of P-256 (SEC 2 section 2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** A key for ES256 (RFC 7518 section 3.4) with its public form. */
export interface SigningKey {
  readonly privateKey: KeyObject
  /** For a key set (RFC 7517), `kid` by RFC 7638. */
  readonly jwk: Readonly<Record<'kty' | 'crv' | 'x' | 'y' | 'kid' | 'alg' | 'use', string>>
}

/**
 * The P-256 key that a secret gives for one purpose: the same on every replica, and nothing to store.
 * 128 bits more than the order has keep every key as likely (NIST SP 800-56A, 5.6.1.2.1).
 */
export function deriveSigningKey(secret: string, label: string): SigningKey {
  const wide = Buffer.from(hkdfSync('sha256', secret, 'gatehouse', `gatehouse/1/${label}`, 48))
  const scalar = (BigInt(`0x${wide.toString('hex')}`) % (order - 1n)) + 1n
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex')
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(d)
  const point = pair.getPublicKey()
  const x = point.subarray(1, 33).toString('base64url')
  const y = point.subarray(33).toString('base64url')
  const members = { crv: 'P-256', kty: 'EC', x, y }
  const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
  return {
    privateKey: createPrivateKey({
      key: { ...members, d: d.toString('base64url') },
      format: 'jwk',
    }),
    jwk: { ...members, kid, alg: 'ES256', use: 'sig' },
  }
}
