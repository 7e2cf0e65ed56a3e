import { type Findings, quoted } from './problem.ts'
import type { ClaimSettings, IssuerSettings, ProviderSettings } from './settings.ts'
import type { Values } from './variables.ts'

/** Name of `OIDC_ISSUER`, as a provider and without sign-in. */
export const firstName = 'default'

/** Never a symmetric one: a client secret or a public key must not be able to sign. */
export const asymmetricAlgorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** What is known of an issuer before its tokens are spoken of. */
export type KnownIssuer = Pick<
  IssuerSettings,
  'name' | 'issuer' | 'internalOrigin' | 'ca' | 'allow' | 'claims' | 'client' | 'trustsClaims'
>

/** An issuer, and whether it was said how its tokens are introspected. */
export interface Draft {
  readonly at: string
  readonly issuer: IssuerSettings
  readonly isAsked: boolean
}

const keyRecheckMs = 3_600_000

/** What a provider to sign in with is as an issuer of access tokens. */
export function knownFromProvider(provider: ProviderSettings): KnownIssuer {
  const { name, issuer, internalOrigin, ca, allow, claims } = provider
  const { clientId, clientSecret, clientPrivateKey, clientAuth } = provider
  return {
    name,
    issuer,
    ...(internalOrigin !== undefined && { internalOrigin }),
    ...(ca !== undefined && { ca }),
    ...(allow !== undefined && { allow }),
    claims,
    trustsClaims: true,
    client: {
      clientId,
      ...(clientSecret !== undefined && { clientSecret }),
      ...(clientPrivateKey !== undefined && { clientPrivateKey }),
      clientAuth,
    },
  }
}

/** Claims of an issuer that is no provider: its tokens give no roles unless somebody says so. */
export function foreignClaims(values: Values): ClaimSettings {
  const groupsAllowlist = values.OIDC_GROUPS_ALLOWLIST ?? []
  return { roles: [], groups: [], groupsAllowlist, kept: [], admins: [] }
}

/** An issuer as it is without a word in the file about its tokens. */
export function plainIssuer(
  known: KnownIssuer,
  audiences: readonly string[],
  values: Values,
): IssuerSettings {
  const isAlways = values.AUTH_MODE === 'direct_keycloak' && known.issuer === values.OIDC_ISSUER
  return {
    ...known,
    audiences,
    algorithms: asymmetricAlgorithms,
    keyRecheckMs,
    introspection: isAlways ? 'always' : canProve(known.client) ? 'opaque' : 'off',
    requiredScopes: values.AUTH_REQUIRED_SCOPE ?? [],
    serviceMarkers: {},
  }
}

/** Whether an issuer can know who asks it about tokens. */
export function canProve(client: IssuerSettings['client']): boolean {
  return client !== undefined && client.clientAuth !== 'none'
}

/** Points at an issuer that is nearly a provider's, and so is another one. */
export function warnOfSlash(
  variable: string,
  text: string,
  known: readonly KnownIssuer[],
  findings: Findings,
): void {
  const near = known.find(({ issuer }) => issuer.replace(/\/$/, '') === text.replace(/\/$/, ''))
  if (near)
    findings.warn(
      variable,
      `${quoted(text)} is not the issuer of the provider ${near.name}, which is ${quoted(near.issuer)}: issuers are compared exactly`,
    )
}
