import { memo } from '../lib/memo.ts'
import { forwardedHeaderNames, identityHeaderNames } from '../model/header-names.ts'

/** The headers a validate call may read; `connection` only to be refused. */
const readNames = [
  ...forwardedHeaderNames,
  'authorization',
  'cookie',
  'origin',
  'accept',
  'x-requested-with',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-purpose',
  'purpose',
  'connection',
] as const

type ReadName = (typeof readNames)[number] | 'x-request-id'
/** Header values by name; several of one name are joined as RFC 9110 section 5.3 says. */
export type HeaderFields = Partial<Record<ReadName, string>> & {
  readonly authorizations: readonly string[]
}

const single = new Set<string>(forwardedHeaderNames)
const reserved = new Set<string>([...forwardedHeaderNames, ...identityHeaderNames])
const read = new Set<string>([...readNames, 'x-request-id'])

const initials = new Set(
  [...read, ...reserved].flatMap((name) => {
    const initial = name.slice(0, 1)
    return [initial.charCodeAt(0), initial.toUpperCase().charCodeAt(0)]
  }),
)

type Classified = { readonly name: ReadName | undefined; readonly alias: boolean }
const ignored: Classified = { name: undefined, alias: false }

// Lower-casing and folding every header of every request is most of the cost of reading it.
const classify = memo((rawName): Classified => {
  const name = rawName.toLowerCase()
  if (read.has(name)) return { name: name as ReadName, alias: false }
  const folded = name.replaceAll(/[_.]/g, '-')
  return folded !== name && reserved.has(folded) ? { name: undefined, alias: true } : ignored
}, 2_000)

/**
 * Reads the headers of a validate call, or says why they are ambiguous: a doubled forwarded header,
 * an underscore or dot twin of a reserved one (many servers merge them), or a `Connection` header that
 * would make a proxy drop a reserved one.
 */
export function readHeaderFields(rawHeaders: readonly string[]): HeaderFields | string {
  const fields: Partial<Record<ReadName, string>> = {}
  const authorizations: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const rawName = rawHeaders[i] as string
    // Most headers of a browser begin with a letter that no header of interest begins with.
    if (!initials.has(rawName.charCodeAt(0))) continue
    const { name, alias } = classify(rawName)
    if (alias) return `the header ${JSON.stringify(rawName)} is a twin of a reserved header`
    if (name === undefined) continue
    const value = rawHeaders[i + 1] as string
    if (name === 'authorization') authorizations.push(value)
    const before = fields[name]
    if (before === undefined) fields[name] = value
    else if (single.has(name)) return `the header ${name} is there twice`
    else fields[name] = before + (name === 'cookie' ? '; ' : ', ') + value
  }
  if (fields.connection !== undefined) {
    const named = fields.connection.toLowerCase().split(',')
    const dropped = named.map((token) => token.trim()).find((token) => reserved.has(token))
    if (dropped) return `the Connection header names the reserved header ${dropped}`
  }
  return Object.assign(fields, { authorizations })
}
