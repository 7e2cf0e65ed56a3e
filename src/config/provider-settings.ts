import type { AllowList } from '../model/allow.ts'
import { authorizationSettings } from './authorization-settings.ts'
import { certificateAuthorities, clientSettings } from './client-settings.ts'
import { internalUrl, issuerUrl } from './issuer-urls.ts'
import type { Findings } from './problem.ts'
import { anyoneCanRegister } from './public-issuers.ts'
import type { ClaimSettings, ProviderSettings } from './settings.ts'
import type { Values } from './variables.ts'

/** In place of a claim: there is none. */
const none = '-'

/**
 * Checks one OpenID provider; undefined with a problem.
 *
 * @param allow - who of those it signs in is let in
 * @param withoutClient - what to do about a missing client, beside naming it
 */
export function providerSettings(
  values: Values,
  name: string,
  allow: AllowList | undefined,
  findings: Findings,
  withoutClient = '',
): ProviderSettings | undefined {
  const issuer = issuerOf(values, findings)
  const internalOrigin = internalUrl(values.OIDC_INTERNAL_URL, findings)
  const client = clientSettings(values, findings, withoutClient)
  const authorization = authorizationSettings(values, findings)
  const ca = certificateAuthorities(values.OIDC_CA, findings)
  if (!issuer || !client) return
  if (!isRestricted(issuer, allow, 'ALLOW', findings)) return
  return {
    name,
    label: values.OIDC_LABEL ?? issuer.host,
    issuer: values.OIDC_ISSUER ?? issuer.href,
    ...(internalOrigin !== undefined && { internalOrigin }),
    ...client,
    ...authorization,
    ...(ca !== undefined && { ca }),
    ...(allow !== undefined && { allow }),
    claims: claimSettings(values),
  }
}

function issuerOf(values: Values, findings: Findings): URL | undefined {
  const { OIDC_ISSUER: text, ALLOW_INSECURE: insecure } = values
  if (text !== undefined) return issuerUrl({ variable: 'OIDC_ISSUER', text, insecure }, findings)
  if (findings.refused('OIDC_ISSUER')) return
  return findings.refuse(
    'OIDC_ISSUER',
    'is missing: the issuer of your OpenID provider',
    'https://keycloak.example.com/realms/main',
  )
}

/** Checks that it is said who may sign in or call, where anyone can register; true if so. */
export function isRestricted(
  issuer: URL,
  allow: AllowList | undefined,
  variable: string,
  findings: Findings,
): boolean {
  const isFine = !anyoneCanRegister(issuer) || allow !== undefined || findings.refused(variable)
  if (!isFine)
    findings.refuse(
      variable,
      `is missing, and anyone can register at ${issuer.host}: say who may sign in (ALLOW=* is everyone)`,
      'domain:example.com',
    )
  return isFine
}

/** Which claims count, by the variables. */
export function claimSettings(values: Values): ClaimSettings {
  return {
    roles: values.AUTH_ROLES_CLAIM.filter((claim) => claim !== none),
    groups: values.AUTH_GROUPS_CLAIM.filter((claim) => claim !== none),
    groupsAllowlist: values.OIDC_GROUPS_ALLOWLIST ?? [],
    kept: [],
    admins: [],
  }
}
