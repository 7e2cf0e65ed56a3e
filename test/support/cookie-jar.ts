interface Cookie {
  readonly name: string
  readonly value: string
  /** Host, or with a leading dot also every host below it. */
  readonly domain: string
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * The cookies of one browser (RFC 6265 section 5), without regard to ports, as in browsers. `Secure`
 * cookies are kept and sent on plain http as well: what a test sees does not depend on TLS.
 */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>()

  /** Takes over the `Set-Cookie` headers of an answer. */
  store(url: URL, setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const cookie = parse(url, line)
      if (!cookie) continue
      const key = `${cookie.domain};${cookie.path};${cookie.name}`
      if (cookie.expiresAt <= Date.now()) this.#cookies.delete(key)
      else this.#cookies.set(key, cookie)
    }
  }

  /** The value of the `Cookie` header for a URL; longer paths first, empty without cookies. */
  header(url: URL): string {
    return this.#matching(url)
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  get(url: URL | string, name: string): string | undefined {
    return this.#matching(new URL(url)).find((cookie) => cookie.name === name)?.value
  }

  names(url: URL | string): string[] {
    return this.#matching(new URL(url)).map(({ name }) => name)
  }

  set(url: URL | string, name: string, value: string): void {
    this.store(new URL(url), [`${name}=${value}; Path=/`])
  }

  clear(): void {
    this.#cookies.clear()
  }

  #matching({ hostname, pathname }: URL): Cookie[] {
    const now = Date.now()
    return [...this.#cookies.values()].filter(
      ({ domain, path, expiresAt }) =>
        expiresAt > now && domainMatches(hostname, domain) && pathMatches(pathname, path),
    )
  }
}

function parse(url: URL, line: string): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  if (equals < 1) return
  const attributes = new Map(
    rest.map((part) => {
      const [key = '', ...value] = part.split('=')
      return [key.trim().toLowerCase(), value.join('=').trim()]
    }),
  )
  const named = attributes.get('domain')?.replace(/^\./, '').toLowerCase()
  const domain = named ? `.${named}` : url.hostname
  if (!domainMatches(url.hostname, domain)) return
  return {
    name: pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    domain,
    path: attributes.get('path') || url.pathname.replace(/\/[^/]*$/, '') || '/',
    expiresAt: expiry(attributes.get('max-age'), attributes.get('expires')),
  }
}

function expiry(maxAge: string | undefined, expires: string | undefined): number {
  if (maxAge) return Date.now() + Number(maxAge) * 1000
  return expires ? Date.parse(expires) : Number.POSITIVE_INFINITY
}

function domainMatches(hostname: string, domain: string): boolean {
  if (!domain.startsWith('.')) return hostname === domain
  return hostname === domain.slice(1) || hostname.endsWith(domain)
}

function pathMatches(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}
