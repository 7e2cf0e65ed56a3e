import { forwardedHeaderNames, identityHeaderNames } from '../model/header-names.ts'

/** The headers a validate call may read; `connection` only to be refused. */
type ReadName =
  | (typeof forwardedHeaderNames)[number]
  | 'x-request-id'
  | 'authorization'
  | 'cookie'
  | 'origin'
  | 'accept'
  | 'x-requested-with'
  | `sec-fetch-${'mode' | 'dest'}`
  | `sec-websocket-${'key' | 'version'}`
  | 'sec-purpose'
  | 'purpose'
  | 'connection'

/** Header values by name; several of one name are joined as RFC 9110 section 5.3 says. */
export type HeaderFields = Readonly<Record<ReadName, string | undefined>> & {
  readonly authorizations: readonly string[]
}

const reserved = new Set<string>([...forwardedHeaderNames, ...identityHeaderNames])

/** Headers as Node gives them: names in lower case, values of one name joined. */
export type JoinedHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * Reads the headers of a validate call, or says why they are ambiguous: a doubled forwarded header,
 * an underscore or dot twin of a reserved one (many servers merge them), or a `Connection` header that
 * would make a proxy drop a reserved one.
 *
 * @param rawHeaders - names and values in turn, as received: only these show twins and doubles
 */
export function readHeaderFields(
  rawHeaders: readonly string[],
  headers: JoinedHeaders,
): HeaderFields | string {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (isTwin(name)) return `the header ${JSON.stringify(name)} is a twin of a reserved header`
  }
  const fields = fieldsOf(
    headers,
    headers.authorization === undefined ? [] : valuesOf('authorization', rawHeaders),
  )
  for (const name of forwardedHeaderNames) {
    // Values of doubles are joined by a comma and a space.
    if (fields[name]?.includes(', ') && valuesOf(name, rawHeaders).length > 1) {
      return `the header ${name} is there twice`
    }
  }
  if (fields.connection !== undefined) {
    const named = fields.connection.toLowerCase().split(',')
    const dropped = named.map((token) => token.trim()).find((token) => reserved.has(token))
    if (dropped) return `the Connection header names the reserved header ${dropped}`
  }
  return fields
}

// Every reserved name begins with an x; the check runs for every header of every request.
function isTwin(name: string): boolean {
  const initial = name.charCodeAt(0)
  if (initial !== 0x58 && initial !== 0x78) return false
  if (!name.includes('_') && !name.includes('.')) return false
  return reserved.has(name.toLowerCase().replaceAll(/[_.]/g, '-'))
}

function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
}

// One object of one shape, which is quick to read.
function fieldsOf(headers: JoinedHeaders, authorizations: readonly string[]): HeaderFields {
  return {
    'x-forwarded-method': text(headers['x-forwarded-method']),
    'x-forwarded-proto': text(headers['x-forwarded-proto']),
    'x-forwarded-host': text(headers['x-forwarded-host']),
    'x-forwarded-uri': text(headers['x-forwarded-uri']),
    'x-forwarded-for': text(headers['x-forwarded-for']),
    'x-request-id': text(headers['x-request-id']),
    authorization: text(headers.authorization),
    cookie: text(headers.cookie),
    origin: text(headers.origin),
    accept: text(headers.accept),
    'x-requested-with': text(headers['x-requested-with']),
    'sec-fetch-mode': text(headers['sec-fetch-mode']),
    'sec-fetch-dest': text(headers['sec-fetch-dest']),
    'sec-websocket-key': text(headers['sec-websocket-key']),
    'sec-websocket-version': text(headers['sec-websocket-version']),
    'sec-purpose': text(headers['sec-purpose']),
    purpose: text(headers.purpose),
    connection: text(headers.connection),
    authorizations,
  }
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
