import { createPrivateKey } from 'node:crypto'
import * as client from 'openid-client'
import type { ProviderSettings } from '../config/settings.ts'
import type { Discovery, IssuerMetadata } from './discovery.ts'
import type { IssuerFetch } from './issuer-fetch.ts'

/** How the gateway is known to an issuer. */
export type ClientCredentials = Pick<
  ProviderSettings,
  'clientId' | 'clientSecret' | 'clientPrivateKey' | 'clientAuth'
>

/**
 * openid-client's view of an issuer, made anew when the issuer's metadata changes. What it returns
 * rejects as {@link Discovery.get} does.
 */
export function clientConfiguration(
  discovery: Discovery,
  fetch: IssuerFetch,
  credentials: ClientCredentials,
): () => Promise<client.Configuration> {
  let built: { metadata: IssuerMetadata; configuration: client.Configuration } | undefined
  return async () => {
    const metadata = await discovery.get()
    if (built?.metadata !== metadata) {
      built = { metadata, configuration: await configure(credentials, metadata, fetch) }
    }
    return built.configuration
  }
}

async function configure(
  credentials: ClientCredentials,
  metadata: IssuerMetadata,
  fetch: IssuerFetch,
): Promise<client.Configuration> {
  const configuration = new client.Configuration(
    metadata,
    credentials.clientId,
    { [client.clockTolerance]: 30 },
    await clientAuthentication(credentials),
  )
  configuration[client.customFetch] = fetch
  // The fetch itself refuses plain http where it is not meant to be.
  client.allowInsecureRequests(configuration)
  return configuration
}

async function clientAuthentication(credentials: ClientCredentials): Promise<client.ClientAuth> {
  switch (credentials.clientAuth) {
    case 'client_secret_basic':
      return client.ClientSecretBasic(credentials.clientSecret)
    case 'client_secret_post':
      return client.ClientSecretPost(credentials.clientSecret)
    case 'none':
      return client.None()
    case 'private_key_jwt':
      return client.PrivateKeyJwt(await signingKey(credentials.clientPrivateKey ?? ''))
  }
}

/** The curves of RFC 7518 section 3.4, by OpenSSL's names. */
const curves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

async function signingKey(pem: string): Promise<CryptoKey> {
  const key = createPrivateKey(pem)
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? '']
  const algorithm =
    curve !== undefined
      ? { name: 'ECDSA', namedCurve: curve }
      : key.asymmetricKeyType === 'ed25519'
        ? { name: 'Ed25519' }
        : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  return key.toCryptoKey(algorithm, false, ['sign'])
}
