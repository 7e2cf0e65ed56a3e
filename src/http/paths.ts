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
    const plain = canonical(path)
    return own.some((root) => plain === root || plain.startsWith(`${root}/`))
  }
}

const plainPath = /^(?:\/[\w~-][\w.~-]*)+\/?$/

function canonical(path: string): string {
  if (plainPath.test(path)) return path.toLowerCase()
  let decoded = path
  try {
    decoded = decodeURIComponent(path)
  } catch {
    // Escapes that are no UTF-8 stay as they are.
  }
  const url = new URL('http://host')
  url.pathname = decoded.replaceAll('\\', '/').replaceAll(/;[^/]*/g, '')
  return url.pathname.replaceAll(/\/{2,}/g, '/').toLowerCase()
}
