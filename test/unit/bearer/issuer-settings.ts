import type { IssuerSettings } from '../../../src/config/settings.ts'

/** An issuer whose tokens are taken, but for these settings. */
export function issuerSettings(changes: Partial<IssuerSettings> = {}): IssuerSettings {
  return {
    name: 'default',
    issuer: 'https://idp.example',
    audiences: ['api'],
    algorithms: ['RS256', 'ES256'],
    keyRecheckMs: 3_600_000,
    introspection: 'off',
    requiredScopes: [],
    trustsClaims: true,
    claims: { roles: ['roles'], groups: ['groups'], groupsAllowlist: [], kept: [], admins: [] },
    serviceMarkers: {},
    ...changes,
  }
}
