import type { JoinedHeaders } from '../../src/proxies/header-fields.ts'

/** Raw headers as Node joins them: cookies by a semicolon, of `Authorization` the first, others by commas. */
export function joinedHeaders(rawHeaders: readonly string[]): JoinedHeaders {
  const joined: Record<string, string> = {}
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? ''
    const value = rawHeaders[i + 1] ?? ''
    const before = joined[name]
    if (before === undefined) joined[name] = value
    else if (name !== 'authorization')
      joined[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return joined
}
