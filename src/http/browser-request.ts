import type { FastifyRequest } from 'fastify'
import type { App } from '../model/app.ts'
import type { Site } from '../model/site.ts'
import { parseHost } from '../proxies/forwarded-parts.ts'
import { cookieValues } from '../sessions/cookie-values.ts'
import type { Parts } from './parts.ts'

/** HEAD and prefetch: answered without any effect, since nobody has asked for one yet. */
export function isWithoutEffect(request: FastifyRequest): boolean {
  const purpose = String(request.headers['sec-purpose'] ?? request.headers.purpose ?? '')
  return request.method === 'HEAD' || /\bpre(?:fetch|render)\b/i.test(purpose)
}

/**
 * The parameters of the query, or undefined where one is there twice: which of the two counts would be
 * a matter of taste.
 */
export function singleParameters(request: FastifyRequest): URLSearchParams | undefined {
  const mark = request.url.indexOf('?')
  const parameters = new URLSearchParams(mark === -1 ? '' : request.url.slice(mark + 1))
  return new Set(parameters.keys()).size === parameters.size ? parameters : undefined
}

/** The first of several names for the same parameter. */
export function firstOf(
  parameters: URLSearchParams | Readonly<Record<string, unknown>>,
  ...names: string[]
): string | undefined {
  for (const name of names) {
    const value = parameters instanceof URLSearchParams ? parameters.get(name) : parameters[name]
    if (typeof value === 'string') return value
  }
  return
}

/** The host the browser used, where it is readable. */
export function hostOf(
  request: FastifyRequest,
  { settings }: Pick<Parts, 'settings'>,
): string | undefined {
  return parseHost(request.headers.host ?? '', settings.sites[0].secure ? 'https' : 'http')
}

/** In place of an app, for the gateway's own pages: asks for nothing. */
const ownPages: Pick<App, 'name' | 'signIn'> = { name: 'of the gateway', signIn: {} }

/** The app of a host, as far as it concerns sign-in. */
export function appOf(host: string, { gate }: Pick<Parts, 'gate'>): Pick<App, 'name' | 'signIn'> {
  return gate.appOf(host) ?? ownPages
}

/** The site of the host the browser used; the first where that is none of ours. */
export function siteOf(request: FastifyRequest, parts: Pick<Parts, 'settings' | 'gate'>): Site {
  return parts.gate.siteOf(hostOf(request, parts) ?? '')
}

/**
 * Whether a POST may act with the browser's cookies: its `Origin`, where present, is one of ours and
 * `Sec-Fetch-Site`, where present, is not `cross-site`. Neither present is no browser.
 */
export function isOwnPost(request: FastifyRequest, parts: Parts): boolean {
  const { origin } = request.headers
  if (origin !== undefined && !parts.gate.isOwnOrigin(origin)) return false
  return request.headers['sec-fetch-site'] !== 'cross-site'
}

/**
 * Whether a GET may end a session: a person went there from one of our pages, or by hand. Anything
 * else (an image, a link on another site) is asked first.
 */
export function isOwnNavigation(request: FastifyRequest): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': dest, 'sec-fetch-site': site } = request.headers
  if (mode !== 'navigate' || dest !== 'document') return false
  if (site === 'same-origin' || site === 'none') return true
  return site === 'same-site' && request.headers['sec-fetch-user'] !== undefined
}

/** The values of the session cookie that are signed by us: one, unless somebody planted another. */
export function sessionCookiesOf(request: FastifyRequest, site: Site, parts: Parts): string[] {
  const values = cookieValues(request.headers.cookie ?? '', site.cookieName)
  return values.filter((value) => parts.sessions.verifies(site, value))
}

/** The value of the session cookie; undefined where two that are signed by us contradict each other. */
export function sessionCookieOf(
  request: FastifyRequest,
  site: Site,
  parts: Parts,
): string | undefined {
  const [value, other] = sessionCookiesOf(request, site, parts)
  return other === undefined ? value : undefined
}
