import { cookieScope } from '../../config/cookies.ts'
import { isLocalHost, isUnder, parseHost } from '../../config/hosts.ts'
import { Findings } from '../../config/problem.ts'
import { isPlainPath } from '../../config/urls.ts'
import type { Migration } from './migration.ts'

const callback = '/callback'

/** Where the gateway's pages are, which hosts are apps, and whose cookie it is. */
export function migratePages(migration: Migration): void {
  const { options } = migration
  const domains = cookieDomains(migration)
  const written = options.text('redirect_url')
  const url = written === undefined ? undefined : absolute(written)
  const host = url?.host ?? (domains[0] === undefined ? 'app.example.com' : `auth.${domains[0]}`)
  const { hostname } = url ?? new URL(`https://${host}`)
  const secure = url?.protocol !== 'http:' || !isLocalHost(hostname)
  migration.set(
    'PUBLIC_URL',
    `${secure ? 'https' : 'http'}://${host}`,
    url ? undefined : "Write your own: the one address of the gateway's pages.",
  )
  const prefix = options.text('proxy_prefix') ?? '/oauth2'
  const path = url?.pathname.endsWith(callback) ? url.pathname.slice(0, -callback.length) : prefix
  const authPath = isPlainPath(path) ? path : '/oauth2'
  migration.set('AUTH_PATH', authPath)
  const redirect = `${secure ? 'https' : 'http'}://${host}${authPath}${callback}`
  if (redirect !== written)
    migration.leave(
      `the gateway has one redirect URI: see that ${redirect} is registered at the provider`,
      'redirect_url',
    )
  if (authPath !== '/oauth2')
    migration.leave(
      'start, sign_in, sign_out, userinfo and auth are served with AUTH_PATH=/oauth2 only; use login and logout',
      'proxy_prefix',
    )
  const domain = domains
    .filter((one) => isUnder(hostname, one))
    .sort((a, b) => b.length - a.length)[0]
  if (domain !== undefined) migration.set('COOKIE_DOMAIN', domain)
  if (domains.some((one) => one !== domain))
    migration.leave(
      'one domain holds the host of PUBLIC_URL; the apps of another one need a site of their own: one more entry in PUBLIC_URL and COOKIE_DOMAIN (docs/how-to/apps.md)',
      'cookie_domains',
    )
  appHosts(migration, hostname, domain)
}

function absolute(text: string): URL | undefined {
  const url = /^https?:\/\/[^/]/i.test(text) ? URL.parse(text) : null
  return url && parseHost(url.hostname) ? url : undefined
}

function cookieDomains(migration: Migration): string[] {
  const texts = migration.options.list('cookie_domains')
  const domains = texts.flatMap((text) => cookieScope(text, new Findings()) ?? [])
  if (domains.length < texts.length)
    migration.leave('holds what browsers take no cookie for: leave it out', 'cookie_domains')
  return domains
}

/** Return URLs went to the listed hosts and the own one only, and the cookie has to reach them. */
function appHosts(migration: Migration, hostname: string, domain: string | undefined): void {
  const texts = migration.options.list('whitelist_domains')
  const hosts = texts.map((text) => reachable(text, hostname, domain))
  const known = [...new Set(hosts.flatMap((host) => host ?? []))]
  if (domain !== undefined)
    migration.set(
      'APP_HOSTS',
      (known.length > 0 ? known : [hostname]).join(','),
      'The hosts of all apps behind the gateway.',
    )
  const foreign = texts.filter((_, i) => hosts[i] === undefined)
  if (foreign.length > 0)
    migration.leave(
      `${foreign.join(', ')}: no session cookie reaches it. An app there needs a site of its own (docs/how-to/apps.md); a provider's sign-out page is found by itself`,
      'whitelist_domains',
    )
}

/** An entry, as far as it is about hosts that the cookie reaches. */
function reachable(
  text: string,
  hostname: string,
  domain: string | undefined,
): readonly string[] | undefined {
  const wildcard = /^\*?\./.test(text)
  const host = parseHost(text.replace(/^\*?\./, '').replace(/:\*$/, ''))
  if (!host || host.name.includes('*')) return
  if (domain === undefined) return host.name === hostname && !wildcard ? [hostname] : undefined
  const port = host.port === undefined ? '' : `:${host.port}`
  if (isUnder(host.name, domain)) return [`${wildcard ? '*.' : ''}${host.name}${port}`]
  // Of a wider wildcard what is under the cookie's domain.
  return wildcard && isUnder(domain, host.name)
    ? [`${domain}${port}`, `*.${domain}${port}`]
    : undefined
}
