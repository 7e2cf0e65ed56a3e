import type { Site } from '../model/site.ts'
import { checkCookieName, cookieScope } from './cookies.ts'
import { isLocalHost, isUnder, parseHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import { isPlainPath, parseBaseUrl } from './urls.ts'
import type { Values } from './variables.ts'

/** Checks where the pages are and which cookie carries the sessions; undefined with a problem. */
export function siteSettings(values: Values, findings: Findings): Site | undefined {
  const url = publicUrl(values.PUBLIC_URL, findings)
  const scope = cookieScope(values.COOKIE_DOMAIN, findings)
  if (!url || !scope) return
  const secure = url.protocol === 'https:'
  const { domain } = scope
  if (domain !== undefined && !isUnder(url.hostname, domain)) {
    return findings.refuse(
      'COOKIE_DOMAIN',
      `${domain} does not hold the host of PUBLIC_URL, ${url.hostname}, so browsers would refuse the session cookie; set PUBLIC_URL=${url.protocol}//auth.${domain}, or COOKIE_DOMAIN to a domain that holds ${url.hostname}`,
    )
  }
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

function publicUrl(text: string | undefined, findings: Findings): URL | undefined {
  const refuse = (message: string) =>
    findings.refuse('PUBLIC_URL', message, 'https://auth.example.com')
  if (text === undefined && findings.refused('PUBLIC_URL')) return
  if (text === undefined)
    return refuse("is missing: the address of the gateway's pages as browsers see it")
  if (text.includes(','))
    return refuse('several sites are not in this version; name one, without a comma')
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
