import { memo } from '../lib/memo.ts'
import { forwardedHeaderNames, identityHeaderNames } from '../model/header-names.ts'

/** The headers a validate call may read; `connection` only to be refused. */
const readNames = [
  ...forwardedHeaderNames,
  'x-request-id',
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

type ReadName = (typeof readNames)[number]
/** Header values by name; several of one name are joined as RFC 9110 section 5.3 says. */
export type HeaderFields = Readonly<Record<ReadName, string | undefined>> & {
  readonly authorizations: readonly string[]
}

const single = new Set<string>(forwardedHeaderNames)
const reserved = new Set<string>([...forwardedHeaderNames, ...identityHeaderNames])
const slots = new Map<string, number>(readNames.map((name, slot) => [name, slot]))

// By first letter and length, most headers of a browser are none of these: a twin is as long as what it
// is a twin of.
const lettersAndLengths = new Set(
  [...readNames, ...reserved].flatMap((name) => [name, name.toUpperCase()].map(letterAndLength)),
)

function letterAndLength(name: string): number {
  return name.charCodeAt(0) * 256 + name.length
}

/** The slot of a header that is read, or what else it is. */
const ignored = -1
const twin = -2

// Lower-casing and folding every header of every request is most of the cost of reading it.
const slotOf = memo((rawName): number => {
  const name = rawName.toLowerCase()
  const folded = name.replaceAll(/[_.]/g, '-')
  return slots.get(name) ?? (folded !== name && reserved.has(folded) ? twin : ignored)
}, 2_000)

/**
 * Reads the headers of a validate call, or says why they are ambiguous: a doubled forwarded header,
 * an underscore or dot twin of a reserved one (many servers merge them), or a `Connection` header that
 * would make a proxy drop a reserved one.
 */
export function readHeaderFields(rawHeaders: readonly string[]): HeaderFields | string {
  const values: (string | undefined)[] = new Array(readNames.length).fill(undefined)
  const authorizations: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const rawName = rawHeaders[i] as string
    if (!lettersAndLengths.has(letterAndLength(rawName))) continue
    const slot = slotOf(rawName)
    if (slot === ignored) continue
    if (slot === twin) return `the header ${JSON.stringify(rawName)} is a twin of a reserved header`
    const name = readNames[slot] as ReadName
    const value = rawHeaders[i + 1] as string
    if (name === 'authorization') authorizations.push(value)
    const before = values[slot]
    if (before === undefined) values[slot] = value
    else if (single.has(name)) return `the header ${name} is there twice`
    else values[slot] = before + (name === 'cookie' ? '; ' : ', ') + value
  }
  const fields = fieldsOf(values, authorizations)
  if (fields.connection !== undefined) {
    const named = fields.connection.toLowerCase().split(',')
    const dropped = named.map((token) => token.trim()).find((token) => reserved.has(token))
    if (dropped) return `the Connection header names the reserved header ${dropped}`
  }
  return fields
}

// One object of one shape: made from entries, each request's would be of another, and slow to read.
function fieldsOf(
  values: readonly (string | undefined)[],
  authorizations: readonly string[],
): HeaderFields {
  return {
    'x-forwarded-method': values[0],
    'x-forwarded-proto': values[1],
    'x-forwarded-host': values[2],
    'x-forwarded-uri': values[3],
    'x-forwarded-for': values[4],
    'x-request-id': values[5],
    authorization: values[6],
    cookie: values[7],
    origin: values[8],
    accept: values[9],
    'x-requested-with': values[10],
    'sec-fetch-mode': values[11],
    'sec-fetch-dest': values[12],
    'sec-websocket-key': values[13],
    'sec-websocket-version': values[14],
    'sec-purpose': values[15],
    purpose: values[16],
    connection: values[17],
    authorizations,
  }
}
