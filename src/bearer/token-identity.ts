import type { IssuerSettings } from '../config/settings.ts'
import { type Claims, listClaim } from '../issuers/claims.ts'
import { identityFromClaims } from '../issuers/identity-from-claims.ts'
import { type Identity, withAdminRole } from '../model/identity.ts'
import { clientOf, scopesOf } from './token-checks.ts'

/**
 * Whether a token is a service's own: its subject is the client itself (RFC 9068 section 5), or it is
 * of a service account of Keycloak, or has a marker of its issuer. Claims that are missing alone make
 * no service.
 */
export function isService(claims: Claims, { serviceMarkers }: IssuerSettings): boolean {
  const client = clientOf(claims)
  if (client !== '') {
    if (
      [claims.azp, claims.client_id, client].some(
        (name) => name !== undefined && name === claims.sub,
      )
    )
      return true
    if (claims.preferred_username === `service-account-${client}` && claims.sid === undefined)
      return true
  }
  return Object.entries(serviceMarkers).some(([path, values]) =>
    listClaim(claims, path)?.some((value) => values.includes(value)),
  )
}

/** Who a token whose claims were checked is about. */
export function tokenIdentity(
  claims: Claims,
  userinfo: Claims | undefined,
  issuer: IssuerSettings,
  source: 'bearer' | 'introspection',
): Identity {
  const kind = isService(claims, issuer) ? 'service' : 'user'
  const subject = String(claims.sub)
  const identity = identityFromClaims({ idToken: claims, userinfo }, issuer.claims, {
    provider: issuer.name,
    issuer: issuer.issuer,
    subject,
    sessionId: '',
    clientId: clientOf(claims) || (kind === 'service' ? subject : ''),
    scopes: scopesOf(claims),
  })
  return withAdminRole({ ...identity, kind, source }, kind === 'user' ? issuer.claims.admins : [])
}
