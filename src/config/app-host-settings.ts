import type { Site } from '../model/site.ts'
import { sharedDomain } from './cookies.ts'
import { isUnder, parseHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import type { HostPattern } from './settings.ts'
import type { Values } from './variables.ts'

/** Checks for which hosts the gateway answers, and that the session cookie reaches all of them. */
export function appHostSettings(
  values: Values,
  site: Site,
  findings: Findings,
): readonly HostPattern[] {
  const { hostname } = new URL(site.origin)
  if (values.APP_HOSTS === undefined) {
    const domain = site.cookieDomain
    return domain === undefined
      ? [{ name: hostname, wildcard: false }]
      : [
          { name: domain, wildcard: false },
          { name: domain, wildcard: true },
        ]
  }
  return values.APP_HOSTS.flatMap((entry) => {
    const pattern = parsePattern(entry, site, findings)
    if (!pattern) return []
    if (!reaches(site, hostname, pattern)) refuseReach(entry, pattern, site, hostname, findings)
    return [pattern]
  })
}

function parsePattern(entry: string, site: Site, findings: Findings): HostPattern | undefined {
  const wildcard = entry.startsWith('*.')
  const host = parseHost(wildcard ? entry.slice(2) : entry)
  if (!host || host.name.includes('*'))
    return findings.refuse(
      'APP_HOSTS',
      `${quoted(entry)} is not a host name, or *. and a name, with an optional port`,
      'app.example.com,*.apps.example.com',
    )
  // Requests name their port only where it is not the scheme's default.
  const usualPort = host.port === (site.secure ? '443' : '80')
  return usualPort ? { name: host.name, wildcard } : { ...host, wildcard }
}

/** Whether a browser that holds the session cookie sends it to every host of the pattern. */
function reaches(site: Site, hostname: string, pattern: HostPattern): boolean {
  if (site.cookieDomain !== undefined) return isUnder(pattern.name, site.cookieDomain)
  return pattern.name === hostname && !pattern.wildcard
}

function refuseReach(
  entry: string,
  pattern: HostPattern,
  site: Site,
  hostname: string,
  findings: Findings,
): void {
  const shared = sharedDomain(pattern.name, hostname)
  const scope =
    site.cookieDomain === undefined
      ? `of PUBLIC_URL's host ${hostname} alone, as COOKIE_DOMAIN is unset`
      : `of COOKIE_DOMAIN ${site.cookieDomain}`
  const advice = shared
    ? `set COOKIE_DOMAIN=${shared}`
    : `serve both under one domain and set COOKIE_DOMAIN to it, or give ${pattern.name} a gateway of its own`
  findings.refuse(
    'APP_HOSTS',
    `${quoted(entry)} would never receive the session cookie, which is ${scope}; ${advice}`,
  )
}
