import type { Site } from '../model/site.ts'
import { sharedDomain } from './cookies.ts'
import { isUnder, parseHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import type { HostPattern, Sites } from './settings.ts'
import type { Values } from './variables.ts'

/** Checks for which hosts the gateway answers, and that a session cookie reaches all of them. */
export function appHostSettings(
  values: Values,
  sites: Sites,
  findings: Findings,
): readonly HostPattern[] {
  if (values.APP_HOSTS === undefined) return sites.flatMap(reachedBy)
  return values.APP_HOSTS.flatMap((entry) => appHost('APP_HOSTS', entry, sites, findings) ?? [])
}

/** Every host that a site's cookie reaches. */
function reachedBy(site: Site): HostPattern[] {
  const domain = site.cookieDomain
  if (domain === undefined) return [{ name: new URL(site.origin).hostname, wildcard: false }]
  return [
    { name: domain, wildcard: false },
    { name: domain, wildcard: true },
  ]
}

/** One host of an app, checked; undefined with a problem. */
export function appHost(
  variable: string,
  entry: string,
  sites: Sites,
  findings: Findings,
): HostPattern | undefined {
  const pattern = hostPattern(variable, entry, sites, findings)
  if (!pattern) return
  if (!sites.some((site) => reaches(site, pattern)))
    refuseReach(variable, entry, pattern, sites, findings)
  return pattern
}

/** One host name or wildcard as apps and rules have it; undefined with a problem. */
export function hostPattern(
  variable: string,
  entry: string,
  [first]: Sites,
  findings: Findings,
): HostPattern | undefined {
  const wildcard = entry.startsWith('*.')
  const host = parseHost(wildcard ? entry.slice(2) : entry)
  if (!host || host.name.includes('*'))
    return findings.refuse(
      variable,
      `${quoted(entry)} is not a host name, or *. and a name, with an optional port`,
      'app.example.com,*.apps.example.com',
    )
  // Requests name their port only where it is not the scheme's default.
  const usualPort = host.port === (first.secure ? '443' : '80')
  return usualPort ? { name: host.name, wildcard } : { ...host, wildcard }
}

/** Whether a browser that holds a site's session cookie sends it to every host of the pattern. */
function reaches(site: Site, pattern: HostPattern): boolean {
  if (site.cookieDomain !== undefined) return isUnder(pattern.name, site.cookieDomain)
  return pattern.name === new URL(site.origin).hostname && !pattern.wildcard
}

function refuseReach(
  variable: string,
  entry: string,
  pattern: HostPattern,
  sites: Sites,
  findings: Findings,
): void {
  const [{ cookieDomain, origin }] = sites
  const { hostname } = new URL(origin)
  const shared = sites.length === 1 ? sharedDomain(pattern.name, hostname) : undefined
  const scopes = sites.map((site) => site.cookieDomain ?? new URL(site.origin).hostname)
  const scope =
    sites.length > 1
      ? `of COOKIE_DOMAIN or PUBLIC_URL: ${scopes.join(', ')}`
      : cookieDomain === undefined
        ? `of PUBLIC_URL's host ${hostname} alone, as COOKIE_DOMAIN is unset`
        : `of COOKIE_DOMAIN ${cookieDomain}`
  const advice = shared
    ? `set COOKIE_DOMAIN=${shared}`
    : `serve both under one domain and set COOKIE_DOMAIN to it, or give ${pattern.name} a site of its own in PUBLIC_URL and COOKIE_DOMAIN`
  findings.refuse(
    variable,
    `${quoted(entry)} would never receive the session cookie, which is ${scope}; ${advice}`,
  )
}
