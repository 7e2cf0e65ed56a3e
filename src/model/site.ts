/**
 * One root domain the gateway serves: where its pages are, and which cookie carries its sessions.
 */
export interface Site {
  /** Scheme, host and port of `PUBLIC_URL`, for example `https://auth.example.com`. */
  readonly origin: string
  /** Host of `PUBLIC_URL`, with its port where that is not the scheme's default. */
  readonly host: string
  /** Path of `PUBLIC_URL` without a trailing slash, usually empty. */
  readonly basePath: string
  readonly secure: boolean
  readonly cookieDomain?: string
  readonly cookieName: string
  readonly cookieSameSite: 'lax' | 'none'
  /** Goes into every MAC, so that a cookie of another instance or cookie scope never verifies. */
  readonly instance: string
}

/** Where a browser finds a path of this site, for example `/auth/login`. */
export function siteUrl(site: Site, path: string): string {
  return site.origin + site.basePath + path
}
