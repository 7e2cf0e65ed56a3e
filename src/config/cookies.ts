import { getPublicSuffix } from 'tldts'
import { isAddress, isUnder, parseHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'

/** A domain for session cookies; undefined where the value is refused. */
export function cookieScope(text: string, findings: Findings): string | undefined {
  const refuse = (message: string, example: string) =>
    findings.refuse('COOKIE_DOMAIN', message, example)
  const host = parseHost(text.replace(/^\./, ''))
  if (!host || host.port !== undefined)
    return refuse(`${quoted(text)} is not a domain name`, 'example.com')
  const fault = faultOf(host.name)
  return fault ? refuse(fault.message, fault.example) : host.name
}

/** Why browsers refuse cookies for a domain; undefined where they do not. */
function faultOf(domain: string): { message: string; example: string } | undefined {
  if (isAddress(domain))
    return {
      message: `${domain} is an address, and domain cookies are for names; leave it unset, or use names`,
      example: 'example.com',
    }
  if (!domain.includes('.'))
    return {
      message: `${domain} is a single label, and browsers refuse cookies for such a domain; use a name below it`,
      example: `gatehouse.${domain}`,
    }
  if (getPublicSuffix(domain, { allowPrivateDomains: true }) === domain)
    return {
      message: `${domain} is a public suffix: its names belong to different owners, and browsers refuse a cookie for all of them; use your own name below it`,
      example: `example.${domain}`,
    }
  return undefined
}

/** The longest domain that holds both hosts and that browsers accept for a cookie. */
export function sharedDomain(one: string, other: string): string | undefined {
  const labels = one.split('.')
  const shared = labels
    .map((_, index) => labels.slice(index).join('.'))
    .find((domain) => isUnder(other, domain))
  return shared !== undefined && !faultOf(shared) ? shared : undefined
}

/** RFC 6265 section 4.1.1 for the characters, RFC 6265bis section 4.1.3 for the prefixes. */
export function checkCookieName(
  name: string,
  secure: boolean,
  hostOnly: boolean,
  findings: Findings,
): void {
  const refuse = (message: string) =>
    findings.refuse('SESSION_COOKIE_NAME', `${quoted(name)} ${message}`, 'gatehouse')
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(name))
    refuse("is not a cookie name: up to 64 letters, digits and !#$%&'*+-.^_`|~")
  else if (name.startsWith('__Host-') && !hostOnly)
    refuse('starts with __Host-, which needs an https PUBLIC_URL and no COOKIE_DOMAIN')
  else if (name.startsWith('__Secure-') && !secure)
    refuse('starts with __Secure-, which needs an https PUBLIC_URL')
  else if (/^__(host|secure|http)-/i.test(name) && !/^__(Host|Secure)-/.test(name))
    refuse('looks like a cookie prefix; only __Host- and __Secure-, spelt so, are known')
}
