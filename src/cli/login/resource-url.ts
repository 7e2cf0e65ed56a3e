import { isLocalHost } from '../../config/hosts.ts'
import { Failure, plain } from './failure.ts'

/**
 * The URL of a resource as somebody typed it: origin and path.
 *
 * @throws Failure where a token must not go there
 */
export function resourceUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new Failure(`${plain(text)} is no URL; for example https://app.example.com/api`)
  if (!isSafe(url))
    throw new Failure(`${url.origin} is plain http, where others could read the token; use https`)
  url.search = ''
  url.hash = ''
  return url
}

/** https, or http that never leaves the machine. */
export function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLocalHost(hostname))
}

/**
 * Whether a resource identifier speaks for a URL: the same origin, and the path or one above it. (RFC
 * 9728 section 3.3 wants the very URL; people name any page of an app that is one resource.)
 */
export function covers(resource: string, url: URL): boolean {
  // The parser drops line breaks, and a resource is sent and shown as it was written.
  if (!/^[\x21-\x7e]+$/.test(resource) || !URL.canParse(resource)) return false
  const { origin, pathname, search, hash, username } = new URL(resource)
  if (origin !== url.origin || search !== '' || hash !== '' || username !== '') return false
  const base = pathname.replace(/\/$/, '')
  return url.pathname === base || url.pathname.startsWith(`${base}/`)
}
