import {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../../demo/identity-provider.ts'
import { freePort } from './free-port.ts'

const host = 'idp.gatehouse.localhost'

/** For containers: the provider's public name leads to the machine the tests run on. */
export const providerHost = { host, ipAddress: 'host-gateway' }

/**
 * An OpenID provider in this process that browsers and containers reach by the same URL; it knows the
 * gateway at `gatewayOrigin` as client `gatehouse` with secret `secret`.
 */
export async function startLocalProvider(
  gatewayOrigin: string,
  options: IdentityProviderOptions = {},
): Promise<IdentityProvider> {
  const port = await freePort()
  return startIdentityProvider({
    host: '0.0.0.0',
    port,
    issuer: `http://${host}:${port}`,
    clients: [
      {
        client_id: 'gatehouse',
        client_secret: 'secret',
        redirect_uris: [`${gatewayOrigin}/auth/callback`],
        post_logout_redirect_uris: [`${gatewayOrigin}/auth/logged-out`],
      },
    ],
    ...options,
  })
}

/** How often the provider's token endpoint was asked. */
export function tokenRequests(provider: IdentityProvider): number {
  return provider.requests.filter(({ method, path }) => method === 'POST' && path === '/token')
    .length
}
