import type { AllowList } from '../model/allow.ts'
import { certificateAuthorities } from './client-settings.ts'
import type { ConfigFile } from './file-schema.ts'
import {
  type Draft,
  firstName,
  foreignClaims,
  type KnownIssuer,
  plainIssuer,
  warnOfSlash,
} from './issuer-settings.ts'
import { internalUrl, issuerUrl } from './issuer-urls.ts'
import { type Findings, quoted } from './problem.ts'
import { claimSettings, isRestricted } from './provider-settings.ts'
import type { Values } from './variables.ts'

/** `OIDC_ISSUER` where nobody signs in with it and its tokens are taken all the same. */
export function withoutSignIn(
  values: Values,
  allow: AllowList | undefined,
  findings: Findings,
): KnownIssuer[] {
  const { OIDC_ISSUER: text, ALLOW_INSECURE: insecure } = values
  if (text === undefined) return []
  const url = issuerUrl({ variable: 'OIDC_ISSUER', text, insecure }, findings)
  const internalOrigin = internalUrl(values.OIDC_INTERNAL_URL, findings)
  const ca = certificateAuthorities(values.OIDC_CA, findings)
  if (!url || !isRestricted(url, allow, 'ALLOW', findings)) return []
  return [
    {
      name: firstName,
      issuer: text,
      ...(internalOrigin !== undefined && { internalOrigin }),
      ...(ca !== undefined && { ca }),
      ...(allow !== undefined && { allow }),
      claims: claimSettings(values),
      trustsClaims: true,
    },
  ]
}

/** A scope with a space is two, and no token would ever have it. */
export function checkScopes(values: Values, findings: Findings): void {
  const odd = values.AUTH_REQUIRED_SCOPE?.find((scope) => /\s/.test(scope))
  if (odd !== undefined)
    findings.refuse(
      'AUTH_REQUIRED_SCOPE',
      `${quoted(odd)} is not a scope; separate scopes by commas`,
      'api,reports',
    )
}

/** Tokens that are not checked for whom they are meant are never taken (threat B-08). */
export function checkAudience(
  values: Values,
  file: ConfigFile | undefined,
  findings: Findings,
): void {
  if (values.AUTH_ALLOWED_AUDIENCES !== undefined || findings.refused('AUTH_ALLOWED_AUDIENCES'))
    return
  // Then tokens are for the resources, and these have audiences.
  if (file?.mcp !== undefined) return
  const hasIssuers = Object.keys(file?.issuers ?? {}).length > 0
  const inFile = Object.values(file?.issuers ?? {}).some((one) => one.issuer === values.OIDC_ISSUER)
  const needs = [
    ...(values.AUTH_TRUSTED_ISSUERS ? ['AUTH_TRUSTED_ISSUERS'] : []),
    ...(values.AUTH_REQUIRED_SCOPE && !hasIssuers ? ['AUTH_REQUIRED_SCOPE'] : []),
    ...(values.AUTH_MODE === 'direct_keycloak' && !inFile ? ['AUTH_MODE=direct_keycloak'] : []),
  ]
  if (needs.length > 0)
    findings.refuse(
      'AUTH_ALLOWED_AUDIENCES',
      `is missing, and ${needs.join(' and ')} ${needs.length > 1 ? 'are' : 'is'} set: without it, a token that was made for any other service would be taken`,
      'https://api.example.com',
    )
  if (values.AUTH_JWKS_URI !== undefined && !inFile)
    findings.warn('AUTH_JWKS_URI', 'has no effect without AUTH_ALLOWED_AUDIENCES')
}

/** The issuers of `AUTH_TRUSTED_ISSUERS`, where there is an audience: of theirs or of an MCP resource. */
export function draftsOfEnvironment(
  values: Values,
  file: ConfigFile | undefined,
  known: readonly KnownIssuer[],
  allow: AllowList | undefined,
  findings: Findings,
): Draft[] {
  const { OIDC_ISSUER: first } = values
  const audiences = values.AUTH_ALLOWED_AUDIENCES ?? (file?.mcp ? [] : undefined)
  const variable = 'AUTH_TRUSTED_ISSUERS'
  if (!audiences) return []
  const named = values.AUTH_TRUSTED_ISSUERS ?? (first === undefined ? [] : [first])
  return named.flatMap((text) => {
    const provider = known.find(({ issuer }) => issuer === text)
    // That of the first provider was refused already.
    if (!provider && text === first) return []
    const issuer = provider ?? foreignIssuer(text, values, allow, findings)
    if (!provider) warnOfSlash(variable, text, known, findings)
    if (!issuer) return []
    const plain = plainIssuer(issuer, audiences, values)
    return [{ at: variable, issuer: plain, isAsked: plain.introspection === 'always' }]
  })
}

/** An issuer of `AUTH_TRUSTED_ISSUERS` that is no provider. */
function foreignIssuer(
  text: string,
  values: Values,
  allow: AllowList | undefined,
  findings: Findings,
): KnownIssuer | undefined {
  const written = { variable: 'AUTH_TRUSTED_ISSUERS', text, insecure: values.ALLOW_INSECURE }
  const url = issuerUrl(written, findings)
  if (!url || !isRestricted(url, allow, 'ALLOW', findings)) return
  const name = `${url.host}${url.pathname}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return {
    name: name.replaceAll(/^-|-$/g, ''),
    issuer: text,
    ...(allow !== undefined && { allow }),
    claims: foreignClaims(values),
    trustsClaims: false,
  }
}
