import { memo } from '../lib/memo.ts'
import {
  forwardedHeaderNames,
  identityHeaderNames,
  mcpHeaderNames,
  signatureHeaderNames,
} from '../model/header-names.ts'
import type { McpHeaders } from '../model/mcp.ts'
import type { RequestHeaders } from '../model/original-request.ts'

/** The headers of a validate call that are read: for the decision, to be refused, or for Node. */
const readNames = [
  ...forwardedHeaderNames,
  ...mcpHeaderNames,
  'x-original-uri',
  'x-original-url',
  'x-original-method',
  'x-request-id',
  'authorization',
  'x-api-key',
  'cookie',
  'origin',
  'access-control-request-method',
  'accept',
  'x-requested-with',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-purpose',
  'purpose',
  'connection',
  'host',
  'expect',
  'te',
  'content-length',
  'transfer-encoding',
] as const

export type ReadName = (typeof readNames)[number]

const slots = Object.fromEntries(readNames.map((name, slot) => [name, slot])) as Readonly<
  Record<ReadName, number>
>
const notRead = -1
const twin = -2

/** The names that validate calls are read by: those of this file, and those that nobody else may send. */
export class HeaderNames {
  readonly #reserved: ReadonlySet<string>
  /** Where the value of a header goes, or what else it is. */
  // Names repeat: lower-casing and comparing them would cost as much as the rest of the reading.
  readonly slotOf = memo((rawName) => this.#slotOf(rawName), 2_000)

  /** @param more - what else nobody may send a twin of, in lower case, as apps' identity headers */
  constructor(more: readonly string[]) {
    this.#reserved = new Set([
      ...forwardedHeaderNames,
      ...identityHeaderNames,
      ...signatureHeaderNames,
      'x-auth-assertion',
      ...more,
    ])
  }

  isReserved(name: string): boolean {
    return this.#reserved.has(name)
  }

  #slotOf(rawName: string): number {
    const name = rawName.toLowerCase()
    if (Object.hasOwn(slots, name)) return slots[name as ReadName]
    // What HTTP/2 has in its place (RFC 9113 section 8.3.1).
    if (name === ':authority') return slots.host
    const folded = name.replaceAll(/[_.]/g, '-')
    return folded !== name && this.#reserved.has(folded) ? twin : notRead
  }
}

const noValues: readonly string[] = []

/**
 * The headers of one validate call, read in one pass over what was received. Names are compared
 * whatever their case; values of one name are joined (RFC 9110 section 5.3), cookies by a semicolon.
 */
export class CallHeaders implements RequestHeaders {
  readonly #ambiguity: string | undefined
  readonly #values: (string | undefined)[]
  /** The slots of headers that are there twice. */
  #doubled: Set<number> | undefined
  #secondAuthorization: string | undefined

  /** @param rawHeaders - names and values in turn, as received: only these show twins and doubles */
  constructor(rawHeaders: readonly string[], names: HeaderNames) {
    this.#values = new Array(readNames.length).fill(undefined)
    this.#ambiguity =
      this.#read(rawHeaders, names) ?? droppedByConnection(this.#values[slots.connection], names)
  }

  /**
   * Why the headers contradict each other, or undefined where they do not: a doubled one of those by
   * which the proxy describes the original request, an underscore or dot twin of a reserved one (many
   * servers merge them), or a `Connection` header that would make a proxy drop a reserved one.
   */
  ambiguityIn(family: readonly ReadName[]): string | undefined {
    if (this.#ambiguity !== undefined || !this.#doubled) return this.#ambiguity
    const doubled = family.find((name) => this.#doubled?.has(slots[name]))
    return doubled && `the header ${doubled} is there twice`
  }

  value(name: ReadName): string | undefined {
    return this.#values[slots[name]]
  }

  get authorization(): readonly string[] {
    const first = this.#values[slots.authorization]
    if (first === undefined) return noValues
    return this.#secondAuthorization === undefined ? [first] : [first, this.#secondAuthorization]
  }

  get apiKey(): string | undefined {
    return this.#values[slots['x-api-key']]
  }

  get cookie(): string {
    return this.#values[slots.cookie] ?? ''
  }

  get origin(): string | undefined {
    return this.#values[slots.origin]
  }

  get accept(): string | undefined {
    return this.#values[slots.accept]
  }

  get requestedWith(): string | undefined {
    return this.#values[slots['x-requested-with']]
  }

  get fetchMode(): string | undefined {
    return this.#values[slots['sec-fetch-mode']]
  }

  get fetchDest(): string | undefined {
    return this.#values[slots['sec-fetch-dest']]
  }

  get mcp(): McpHeaders {
    const [version, method, name] = mcpHeaderNames
    return {
      version: this.value(version),
      method: this.value(method),
      name: this.value(name),
      doubled: mcpHeaderNames.find((header) => this.#doubled?.has(slots[header])),
    }
  }

  get prefetch(): boolean {
    const purpose = this.#values[slots['sec-purpose']] ?? this.#values[slots.purpose]
    return purpose !== undefined && /\bpre(?:fetch|render)\b/i.test(purpose)
  }

  get webSocket(): boolean {
    const proto = this.#values[slots['x-forwarded-proto']]
    return (
      proto === 'wss' ||
      proto === 'ws' ||
      this.#values[slots['sec-websocket-key']] !== undefined ||
      this.#values[slots['sec-websocket-version']] !== undefined ||
      this.fetchMode === 'websocket'
    )
  }

  #read(rawHeaders: readonly string[], { slotOf }: HeaderNames): string | undefined {
    const values = this.#values
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const slot = slotOf(rawHeaders[i] as string)
      if (slot === notRead) continue
      if (slot === twin)
        return `the header ${JSON.stringify(rawHeaders[i])} is a twin of a reserved header`
      const value = rawHeaders[i + 1] as string
      const before = values[slot]
      if (before === undefined) {
        values[slot] = value
        continue
      }
      this.#doubled ??= new Set()
      this.#doubled.add(slot)
      if (slot === slots.authorization) this.#secondAuthorization ??= value
      else values[slot] = before + (slot === slots.cookie ? '; ' : ', ') + value
    }
    return
  }
}

function droppedByConnection(
  connection: string | undefined,
  names: HeaderNames,
): string | undefined {
  if (connection === undefined || connection === 'keep-alive') return
  const named = connection.toLowerCase().split(',')
  const dropped = named.map((token) => token.trim()).find((token) => names.isReserved(token))
  return dropped && `the Connection header names the reserved header ${dropped}`
}
