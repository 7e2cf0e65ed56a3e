import type { Site } from '../model/site.ts'
import { checkCookieName, cookieScope } from './cookies.ts'
import { isLocalHost, isUnder, parseHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import type { Sites } from './settings.ts'
import { isPlainPath, parseBaseUrl } from './urls.ts'
import type { Values } from './variables.ts'

/**
 * Checks where the pages are and which cookies carry the sessions: one site for each `PUBLIC_URL`,
 * with the entry of `COOKIE_DOMAIN` that holds its host. Undefined with a problem.
 */
export function siteSettings(values: Values, findings: Findings): Sites | undefined {
  const urls = publicUrls(values.PUBLIC_URL, findings)
  const scopes = values.COOKIE_DOMAIN?.map((text) => cookieScope(text, findings)) ?? []
  const domains = scopes.filter((domain) => domain !== undefined)
  if (!urls || domains.length < scopes.length || !areConsistent(urls, domains, findings)) return
  const [first, ...more] = urls.map((url) => siteOf(url, domainOf(url, domains), values, findings))
  return first && [first, ...more]
}

/** The domain whose cookie the host of a URL sets: the longest that holds it. */
function domainOf(url: URL, domains: readonly string[]): string | undefined {
  return domains
    .filter((domain) => isUnder(url.hostname, domain))
    .sort((a, b) => b.length - a.length)[0]
}

/** Whether each domain has its pages, and sites differ in nothing but their hosts. */
function areConsistent(
  urls: readonly URL[],
  domains: readonly string[],
  findings: Findings,
): boolean {
  const [first] = urls
  for (const domain of domains) {
    const own = urls.filter((url) => domainOf(url, domains) === domain)
    if (own.length === 1) continue
    const hosts = (own.length === 0 ? urls : own).map(({ hostname }) => hostname)
    findings.refuse(
      'COOKIE_DOMAIN',
      own.length === 0
        ? `${domain} does not hold the host of PUBLIC_URL, ${hosts.join(', ')}, so browsers would refuse the session cookie; set PUBLIC_URL=${first?.protocol}//auth.${domain}, or COOKIE_DOMAIN to a domain that holds ${hosts[0]}`
        : `${domain} holds ${hosts.join(' and ')}, both in PUBLIC_URL: one address of the gateway's pages serves the whole domain`,
    )
    return false
  }
  const other = urls.find(
    (url) => url.protocol !== first?.protocol || url.pathname !== first?.pathname,
  )
  if (other)
    findings.refuse(
      'PUBLIC_URL',
      `${first?.origin}${first?.pathname} and ${other.origin}${other.pathname} differ in scheme or path; sites differ in their hosts only`,
      'https://auth.example.com,https://auth.other.org',
    )
  return !other
}

function siteOf(url: URL, domain: string | undefined, values: Values, findings: Findings): Site {
  const secure = url.protocol === 'https:'
  if (values.COOKIE_SAMESITE === 'none' && !secure)
    findings.refuse(
      'COOKIE_SAMESITE',
      'none needs an https PUBLIC_URL: browsers accept it on secure cookies only',
      'lax',
    )
  const hostOnly = secure && domain === undefined
  const cookieName = values.SESSION_COOKIE_NAME ?? (hostOnly ? '__Host-gatehouse' : 'gatehouse')
  checkCookieName(cookieName, secure, hostOnly, findings)
  return {
    origin: url.origin,
    host: url.host,
    basePath: url.pathname.replace(/\/$/, ''),
    secure,
    ...(domain !== undefined && { cookieDomain: domain }),
    cookieName,
    cookieSameSite: values.COOKIE_SAMESITE,
    instance: `${url.origin} ${domain ?? url.hostname}`,
  }
}

function publicUrls(texts: Values['PUBLIC_URL'], findings: Findings): readonly URL[] | undefined {
  if (texts === undefined) {
    if (!findings.refused('PUBLIC_URL'))
      findings.refuse(
        'PUBLIC_URL',
        "is missing: the address of the gateway's pages as browsers see it",
        'https://auth.example.com',
      )
    return
  }
  const urls = texts.map((text) => publicUrl(text, findings))
  const good = urls.filter((url) => url !== undefined)
  const hosts = new Set(good.map(({ host }) => host))
  if (good.length < urls.length) return
  if (hosts.size === good.length) return good
  return findings.refuse('PUBLIC_URL', 'names the same host twice', 'https://auth.example.com')
}

function publicUrl(text: string, findings: Findings): URL | undefined {
  const refuse = (message: string) =>
    findings.refuse('PUBLIC_URL', message, 'https://auth.example.com')
  const url = parseBaseUrl(text)
  if (!url || !parseHost(url.hostname))
    return refuse(
      `${quoted(text)} is not an http or https URL without credentials, query and fragment`,
    )
  if (url.pathname !== '/' && !isPlainPath(url.pathname.replace(/\/$/, '')))
    return refuse(
      `the path ${quoted(url.pathname)} has more than letters, digits, ".", "_", "~", "-" between single slashes`,
    )
  if (url.protocol !== 'https:' && !isLocalHost(url.hostname))
    return refuse(
      `${quoted(text)} must be https: plain http is for localhost, names under .localhost and loopback addresses`,
    )
  return url
}
