import { exportJWK, generateKeyPair, type JWK } from 'jose'

/** The provider's private keys, so that tests can sign what a provider would never issue. */
export interface SigningKeys {
  readonly RS256: JWK
  readonly ES256: JWK
}

/** New keys under fixed key ids: each start of the provider is a key rotation. */
export async function generateSigningKeys(): Promise<SigningKeys> {
  const [RS256, ES256] = await Promise.all([generate('RS256'), generate('ES256')])
  return { RS256, ES256 }
}

async function generate(alg: 'RS256' | 'ES256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: `demo-${alg.toLowerCase()}` }
}
