import type { Site } from '../model/site.ts'
import type { Parts } from './parts.ts'

/** Path of the callback route of a provider, below the site's base path. */
export function callbackPath(parts: Pick<Parts, 'settings'>, provider: string): string {
  const [first] = parts.settings.providers
  const path = `${parts.settings.authPath}/callback`
  return provider === first?.name ? path : `${path}/${provider}`
}

/**
 * Whether a path of a site, read as loosely as any server would, lies in the gateway's own routes. They
 * are never asked about and never returned to: both would go round in circles.
 */
export function ownRouteMatcher(
  sites: readonly Site[],
  authPath: string,
): (host: string, path: string) => boolean {
  const roots = new Map(
    sites.map((site) => [
      site.host,
      [authPath, `/api${authPath}`].map((path) => (site.basePath + path).toLowerCase()),
    ]),
  )
  return (host, path) => {
    const own = roots.get(host)
    if (!own) return false
    return readings(path).some((plain) =>
      own.some((root) => plain === root || plain.startsWith(`${root}/`)),
    )
  }
}

const plainPath = /^(?:\/[\w~-][\w.~-]*)+\/?$/

/**
 * A path as different servers read it: with parameters after ";" or without, escapes decoded or not and
 * before or after that, slashes merged before or after dot segments are resolved.
 */
function readings(path: string): string[] {
  if (plainPath.test(path)) return [path.toLowerCase()]
  return [path, decodedAscii(path), decodedAscii(withoutParameters(path))]
    .flatMap((text) => [text, withoutParameters(text)])
    .flatMap((text) => [text, text.replaceAll(/[/\\]+/g, '/')])
    .map(resolved)
}

function withoutParameters(path: string): string {
  return path.replaceAll(/;[^/\\]*/g, '')
}

// Byte by byte: an escape elsewhere that is no UTF-8 must not keep these from being seen.
function decodedAscii(path: string): string {
  return path.replaceAll(/%([0-7][0-9a-f])/gi, (_escape, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function resolved(path: string): string {
  const url = new URL('http://host')
  url.pathname = path
  return url.pathname.replaceAll(/\/{2,}/g, '/').toLowerCase()
}
