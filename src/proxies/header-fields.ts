import { forwardedHeaderNames, identityHeaderNames } from '../model/header-names.ts'

const reserved = new Set<string>([...forwardedHeaderNames, ...identityHeaderNames])

/** Headers as Node gives them: names in lower case, values of one name joined. */
export type JoinedHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * Why the headers of a validate call are ambiguous, or undefined where they are not: a doubled forwarded
 * header, an underscore or dot twin of a reserved one (many servers merge them), or a `Connection`
 * header that would make a proxy drop a reserved one.
 *
 * @param rawHeaders - names and values in turn, as received: only these show twins and doubles
 */
export function ambiguityOf(
  rawHeaders: readonly string[],
  headers: JoinedHeaders,
): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (isTwin(name)) return `the header ${JSON.stringify(name)} is a twin of a reserved header`
  }
  for (const name of forwardedHeaderNames) {
    // Values of doubles are joined by a comma and a space.
    if (fieldOf(headers, name)?.includes(', ') && valuesOf(name, rawHeaders).length > 1) {
      return `the header ${name} is there twice`
    }
  }
  const connection = fieldOf(headers, 'connection')
  if (connection === undefined || connection === 'keep-alive') return
  const named = connection.toLowerCase().split(',')
  const dropped = named.map((token) => token.trim()).find((token) => reserved.has(token))
  return dropped && `the Connection header names the reserved header ${dropped}`
}

// Every reserved name begins with an x; the check runs for every header of every request.
function isTwin(name: string): boolean {
  const initial = name.charCodeAt(0)
  if (initial !== 0x58 && initial !== 0x78) return false
  if (!name.includes('_') && !name.includes('.')) return false
  return reserved.has(name.toLowerCase().replaceAll(/[_.]/g, '-'))
}

/** The value of a header; of one that is there several times, all of them joined. */
export function fieldOf(headers: JoinedHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of a header that Node keeps only the first of. */
export function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
}
