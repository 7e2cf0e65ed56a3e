import type { AllowList } from '../model/allow.ts'
import { authorizationSettings } from './authorization-settings.ts'
import { certificateAuthorities, clientSettings } from './client-settings.ts'
import { isLocalHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import { anyoneCanRegister } from './public-issuers.ts'
import type { ProviderSettings } from './settings.ts'
import { parseBaseUrl } from './urls.ts'
import type { Values } from './variables.ts'

/** In place of a claim: there is none. */
const none = '-'

/**
 * Checks one OpenID provider. None is needed while everyone passes as anonymous; undefined with a
 * problem.
 *
 * @param allow - who of those it signs in is let in
 */
export function providerSettings(
  values: Values,
  name: string,
  allow: AllowList | undefined,
  findings: Findings,
): readonly ProviderSettings[] | undefined {
  const unset = values.OIDC_ISSUER === undefined && values.OIDC_CLIENT_ID === undefined
  if (unset && !values.AUTH_ENABLED) return []
  const issuer = issuerUrl(values, findings)
  const internalOrigin = internalUrl(values.OIDC_INTERNAL_URL, findings)
  const client = clientSettings(values, findings)
  const authorization = authorizationSettings(values, findings)
  const ca = certificateAuthorities(values.OIDC_CA, findings)
  if (!issuer || !client) return
  if (anyoneCanRegister(issuer) && allow === undefined && !findings.refused('ALLOW'))
    return findings.refuse(
      'ALLOW',
      `is missing, and anyone can register at ${issuer.host}: say who may sign in (ALLOW=* is everyone)`,
      'domain:example.com',
    )
  return [
    {
      name,
      label: values.OIDC_LABEL ?? issuer.host,
      issuer: values.OIDC_ISSUER ?? issuer.href,
      ...(internalOrigin !== undefined && { internalOrigin }),
      ...client,
      ...authorization,
      ...(ca !== undefined && { ca }),
      ...(allow !== undefined && { allow }),
      claims: {
        roles: values.AUTH_ROLES_CLAIM.filter((claim) => claim !== none),
        groups: values.AUTH_GROUPS_CLAIM.filter((claim) => claim !== none),
        groupsAllowlist: values.OIDC_GROUPS_ALLOWLIST ?? [],
        kept: [],
      },
    },
  ]
}

/** OpenID Connect Discovery 1.0 section 2: an https URL without query and fragment. */
function issuerUrl(values: Values, findings: Findings): URL | undefined {
  const text = values.OIDC_ISSUER
  const refuse = (message: string) =>
    findings.refuse('OIDC_ISSUER', message, 'https://keycloak.example.com/realms/main')
  if (text === undefined)
    return findings.refused('OIDC_ISSUER')
      ? undefined
      : refuse('is missing: the issuer of your OpenID provider')
  const url = parseBaseUrl(text)
  if (!url)
    return refuse(
      `${quoted(text)} is not an http or https URL without credentials, query and fragment`,
    )
  if (url.pathname.includes('/.well-known/'))
    return refuse('is the issuer alone, without /.well-known and what follows')
  if (url.protocol === 'https:' || isLocalHost(url.hostname)) return url
  if (!values.ALLOW_INSECURE)
    return refuse(
      `${quoted(text)} must be https, or secrets and tokens travel in the clear; for a test set ALLOW_INSECURE=true`,
    )
  findings.warn('OIDC_ISSUER', 'is plain http: secrets and tokens travel in the clear')
  return url
}

function internalUrl(text: string | undefined, findings: Findings): string | undefined {
  if (text === undefined) return
  const url = parseBaseUrl(text)
  if (url?.pathname !== '/')
    return findings.refuse(
      'OIDC_INTERNAL_URL',
      `${quoted(text)} is not an origin: scheme, host and port, without a path; the paths are those of the provider's public addresses`,
      'http://keycloak:8080',
    )
  return url.origin
}
