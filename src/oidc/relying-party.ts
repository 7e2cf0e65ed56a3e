import { createPrivateKey } from 'node:crypto'
import type { JWTVerifyGetKey } from 'jose'
import * as client from 'openid-client'
import type { ProviderSettings } from '../config/settings.ts'
import { Discovery, type IssuerMetadata } from '../issuers/discovery.ts'
import { createIssuerFetch, type IssuerFetch, type Observe } from '../issuers/issuer-fetch.ts'
import { keySetOf } from '../issuers/key-set.ts'
import type { Clock } from '../lib/clock.ts'

/** The gateway as a client of one OpenID provider. */
export interface RelyingParty {
  readonly settings: ProviderSettings
  readonly discovery: Discovery
  readonly keys: JWTVerifyGetKey
  readonly clock: Clock
  /** openid-client's view of the provider; rejects as {@link Discovery.get} does. */
  configuration(): Promise<client.Configuration>
}

/**
 * The relying parties of the providers, by name. One whose provider is reached as before goes on with
 * what it knows of it.
 *
 * @param observe - told of each request, as for {@link createRelyingParty}
 */
export function relyingParties(
  providers: readonly ProviderSettings[],
  before: ReadonlyMap<string, RelyingParty>,
  clock: Clock,
  observe: (provider: string, endpoint: string, outcome: string, seconds: number) => void,
): ReadonlyMap<string, RelyingParty> {
  return new Map(
    providers.map((settings) => {
      const { name } = settings
      const former = before.get(name)
      if (former && connectionOf(former.settings) === connectionOf(settings)) {
        return [name, { ...former, settings }]
      }
      return [name, createRelyingParty(settings, clock, (...seen) => observe(name, ...seen))]
    }),
  )
}

/** What of a provider's settings its metadata, keys and client credentials depend on. */
function connectionOf({ allow, claims, label, ...connection }: ProviderSettings): string {
  return JSON.stringify(connection)
}

/**
 * @param observe - told of each request to the provider, with the metadata's name of the endpoint
 */
export function createRelyingParty(
  settings: ProviderSettings,
  clock: Clock,
  observe: (endpoint: string, outcome: string, seconds: number) => void,
): RelyingParty {
  const observeUrl: Observe = (url, outcome, seconds) =>
    observe(endpointName(url, discovery.known), outcome, seconds)
  const fetch = createIssuerFetch({
    issuer: settings.issuer,
    internalOrigin: settings.internalOrigin,
    ca: settings.ca,
    observe: observeUrl,
  })
  const discovery = new Discovery(settings, fetch, clock)
  const keys = keySetOf(discovery, fetch, clock)
  let built: { metadata: IssuerMetadata; configuration: client.Configuration } | undefined
  return {
    settings,
    discovery,
    keys,
    clock,
    async configuration() {
      const metadata = await discovery.get()
      if (built?.metadata !== metadata) {
        built = { metadata, configuration: await configure(settings, metadata, fetch) }
      }
      return built.configuration
    },
  }
}

async function configure(
  settings: ProviderSettings,
  metadata: IssuerMetadata,
  fetch: IssuerFetch,
): Promise<client.Configuration> {
  const configuration = new client.Configuration(
    metadata,
    settings.clientId,
    { [client.clockTolerance]: 30 },
    await clientAuthentication(settings),
  )
  configuration[client.customFetch] = fetch
  // The fetch itself refuses plain http where it is not meant to be.
  client.allowInsecureRequests(configuration)
  return configuration
}

async function clientAuthentication(settings: ProviderSettings): Promise<client.ClientAuth> {
  switch (settings.clientAuth) {
    case 'client_secret_basic':
      return client.ClientSecretBasic(settings.clientSecret)
    case 'client_secret_post':
      return client.ClientSecretPost(settings.clientSecret)
    case 'none':
      return client.None()
    case 'private_key_jwt':
      return client.PrivateKeyJwt(await signingKey(settings.clientPrivateKey ?? ''))
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

function endpointName(url: URL, metadata: IssuerMetadata | undefined): string {
  if (!metadata) return 'discovery'
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string' || !/_(?:endpoint|uri)$/.test(name)) continue
    if (URL.canParse(value) && new URL(value).pathname === url.pathname) return name
  }
  return url.pathname.includes('/.well-known/') ? 'discovery' : 'other'
}
