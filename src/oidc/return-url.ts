import type { Site } from '../model/site.ts'

const maxBytes = 1_024

/** Which URLs a browser may be sent back to. */
export interface ReturnUrls {
  /** Whether a host (lower case, with its port unless default) is one the gateway answers for. */
  readonly answersFor: (host: string) => boolean
  /** Whether a path of a site is a public route of the gateway itself. */
  readonly isOwnRoute: (host: string, path: string) => boolean
}

/**
 * The return URL a caller asks for, in the form in which it will be used, or undefined where it may not
 * be used: a path on the site, or an absolute URL of the site's scheme on a host the gateway answers
 * for. Over 1,024 bytes it loses its query, then its path.
 */
export function acceptReturnUrl(wanted: string, site: Site, urls: ReturnUrls): string | undefined {
  // What URL parsers repair (white space, backslashes, missing slashes) is refused rather than repaired.
  if (wanted.length > 16_384 || !/^(?:https?:\/\/|\/)(?!\/)[!-[\]-~]*$/i.test(wanted)) return
  const text = wanted.startsWith('/') ? site.origin + wanted : wanted
  if (!URL.canParse(text)) return
  const url = new URL(text)
  if (url.origin === 'null' || url.protocol !== new URL(site.origin).protocol) return
  if (url.username !== '' || url.password !== '') return
  // URLs allow more in a host than DNS does, and other parsers would end it there.
  if (!/^[a-z0-9._:[\]-]+$/.test(url.host)) return
  const host = url.host.replace(/\.(?=:|$)/, '')
  if (!urls.answersFor(host) || urls.isOwnRoute(host, url.pathname)) return
  url.hash = ''
  return cutReturnUrl(url)
}

/** A URL of at most 1,024 bytes: cut to origin and path, then to the origin. */
export function cutReturnUrl(url: URL): string {
  if (url.href.length <= maxBytes) return url.href
  const withoutQuery = url.origin + url.pathname
  return withoutQuery.length <= maxBytes ? withoutQuery : `${url.origin}/`
}

/** Where sign-in ends when no return URL was asked for: `POST_LOGIN_URL` on the site. */
export function absoluteOn(site: Site, pathOrUrl: string): string {
  return pathOrUrl.startsWith('/') ? site.origin + pathOrUrl : pathOrUrl
}
