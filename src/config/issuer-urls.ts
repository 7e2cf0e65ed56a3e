import { isLocalHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import { parseBaseUrl } from './urls.ts'

/** Where a URL was written, and whether plain http is accepted. */
export interface WrittenUrl {
  readonly variable: string
  readonly text: string
  readonly insecure: boolean
}

/** OpenID Connect Discovery 1.0 section 2: an https URL without query and fragment. */
export function issuerUrl(written: WrittenUrl, findings: Findings): URL | undefined {
  const { variable, text } = written
  const refuse = (message: string) =>
    findings.refuse(variable, message, 'https://keycloak.example.com/realms/main')
  const url = parseBaseUrl(text)
  if (!url)
    return refuse(
      `${quoted(text)} is not an http or https URL without credentials, query and fragment`,
    )
  if (url.pathname.includes('/.well-known/'))
    return refuse('is the issuer alone, without /.well-known and what follows')
  const effect = 'secrets and tokens travel in the clear'
  return isSafe(url, written, effect, refuse, findings) ? url : undefined
}

/**
 * Checks where the keys of an issuer are; undefined with a problem.
 *
 * @param internalOrigin - where the gateway reaches the issuer itself, by plain http too
 */
export function keysUrl(
  written: WrittenUrl,
  internalOrigin: string | undefined,
  findings: Findings,
): string | undefined {
  const { variable, text } = written
  const refuse = (message: string) =>
    findings.refuse(
      variable,
      message,
      'https://keycloak.example.com/realms/main/protocol/openid-connect/certs',
    )
  // Unlike issuers, addresses of keys may have a query, as those of Azure AD B2C do.
  const [, base = '', query = ''] = /^([^?#]*)(\?[^\s#]*)?$/.exec(text) ?? []
  const url = parseBaseUrl(base)
  if (!url)
    return refuse(`${quoted(text)} is not an http or https URL without credentials and fragment`)
  const effect = 'whoever is on the way could answer with keys of their own'
  if (url.origin !== internalOrigin && !isSafe(url, written, effect, refuse, findings)) return
  return base + query
}

/** Checks an origin at which the gateway reaches a provider; undefined with a problem. */
export function internalUrl(text: string | undefined, findings: Findings): string | undefined {
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

function isSafe(
  url: URL,
  { variable, text, insecure }: WrittenUrl,
  effect: string,
  refuse: (message: string) => undefined,
  findings: Findings,
): boolean {
  if (url.protocol === 'https:' || isLocalHost(url.hostname)) return true
  if (insecure) findings.warn(variable, `is plain http: ${effect}`)
  else refuse(`${quoted(text)} must be https, or ${effect}; for a test set ALLOW_INSECURE=true`)
  return insecure
}
