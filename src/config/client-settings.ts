import { createPrivateKey } from 'node:crypto'
import { readCertificates } from './certificates.ts'
import type { Findings } from './problem.ts'
import type { ProviderSettings } from './settings.ts'
import type { Values } from './variables.ts'

type ClientSettings = Pick<
  ProviderSettings,
  'clientId' | 'clientAuth' | 'clientSecret' | 'clientPrivateKey'
>

/**
 * Checks how the gateway proves itself to the provider; undefined with a problem.
 *
 * @param withoutId - what to do about a missing id, beside setting it
 */
export function clientSettings(
  values: Values,
  findings: Findings,
  withoutId = '',
): ClientSettings | undefined {
  const {
    OIDC_CLIENT_ID: clientId,
    OIDC_CLIENT_AUTH: clientAuth,
    OIDC_CLIENT_SECRET: clientSecret,
    OIDC_CLIENT_PRIVATE_KEY: clientPrivateKey,
  } = values
  if (clientId === undefined && !findings.refused('OIDC_CLIENT_ID'))
    findings.refuse(
      'OIDC_CLIENT_ID',
      `is missing: the gateway's client id at the provider${withoutId}`,
      'gatehouse',
    )
  const takesSecret = clientAuth === 'client_secret_basic' || clientAuth === 'client_secret_post'
  const takesKey = clientAuth === 'private_key_jwt'
  if (takesSecret && clientSecret === undefined && !findings.refused('OIDC_CLIENT_SECRET'))
    findings.refuse(
      'OIDC_CLIENT_SECRET',
      `is missing, and OIDC_CLIENT_AUTH=${clientAuth} needs it; a public client without a secret has OIDC_CLIENT_AUTH=none`,
    )
  const keyFault = takesKey ? privateKeyFault(clientPrivateKey) : undefined
  if (keyFault !== undefined && !findings.refused('OIDC_CLIENT_PRIVATE_KEY'))
    findings.refuse('OIDC_CLIENT_PRIVATE_KEY', keyFault)
  if (!takesSecret && clientSecret !== undefined)
    findings.warn('OIDC_CLIENT_SECRET', `is not used with OIDC_CLIENT_AUTH=${clientAuth}`)
  if (!takesKey && clientPrivateKey !== undefined)
    findings.warn('OIDC_CLIENT_PRIVATE_KEY', `is not used with OIDC_CLIENT_AUTH=${clientAuth}`)
  if (clientId === undefined) return
  return {
    clientId,
    clientAuth,
    ...(takesSecret && clientSecret !== undefined && { clientSecret }),
    ...(takesKey && clientPrivateKey !== undefined && { clientPrivateKey }),
  }
}

function privateKeyFault(pem: string | undefined): string | undefined {
  if (pem === undefined)
    return 'is missing, and OIDC_CLIENT_AUTH=private_key_jwt needs it; name the file in OIDC_CLIENT_PRIVATE_KEY_FILE'
  const notPkcs8 =
    'is not an unencrypted PKCS #8 key in PEM; openssl pkcs8 -topk8 -nocrypt converts other forms'
  if (!pem.trimStart().startsWith('-----BEGIN PRIVATE KEY-----')) return notPkcs8
  try {
    const { asymmetricKeyType = 'unknown', asymmetricKeyDetails } = createPrivateKey(pem)
    if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < 2_048)
      return 'is an RSA key of fewer than 2048 bits (RFC 7518 section 3.3); make a longer one'
    if (!['rsa', 'ec', 'ed25519'].includes(asymmetricKeyType))
      return `is a key of type ${asymmetricKeyType}; it takes RSA, EC or Ed25519`
    const curve = asymmetricKeyDetails?.namedCurve
    if (curve !== undefined && !['prime256v1', 'secp384r1', 'secp521r1'].includes(curve))
      return `is an EC key on the curve ${curve}; it takes P-256, P-384 or P-521`
    return undefined
  } catch {
    return notPkcs8
  }
}

/** Checks the certificate authorities for the provider's endpoints: one or more PEM certificates. */
export function certificateAuthorities(
  pem: string | undefined,
  findings: Findings,
): string | undefined {
  if (pem === undefined) return
  if (readCertificates(pem)) return pem
  return findings.refuse(
    'OIDC_CA',
    'is not one or more certificates in PEM; name the file in OIDC_CA_FILE',
  )
}
