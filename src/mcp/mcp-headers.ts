import { type McpHeaders, type McpReading, namingMethods } from '../model/mcp.ts'

/** The first revision whose servers must compare the headers with the message. */
const firstVersion = '2026-07-28'
const longestName = 2_048

/** ASCII without control characters, and without spaces around. */
const visible = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const methodForm = /^[\w$.-]{1,64}(?:\/[\w$.-]{1,64}){0,4}$/
const methodsWithNames: ReadonlyMap<string, string> = new Map(Object.entries(namingMethods))

const unreadable = (reason: string): McpReading => ({ kind: 'unreadable', reason })

const withoutVersion = unreadable('there is no MCP-Protocol-Version')
const withoutMethod = unreadable('there is no Mcp-Method')

/**
 * What message a request has in its body, by the headers that mirror it. They count only with a version
 * of the protocol in which servers refuse a message that differs from them ("Server Validation" of
 * 2026-07-28): with any other, a client could write what it likes. Whatever two readers could take for
 * two things is unreadable.
 */
export function readMessage({ version, method, name, doubled }: McpHeaders): McpReading {
  if (doubled !== undefined) return unreadable(`the header ${doubled} is there twice`)
  if (version === undefined) return withoutVersion
  if (!mandatesHeaders(version))
    return unreadable(
      `the MCP-Protocol-Version is none in which servers compare Mcp-Method with the message (${firstVersion} and later)`,
    )
  if (method === undefined) return withoutMethod
  if (!methodForm.test(method)) return unreadable('the Mcp-Method is no method')
  if (!methodsWithNames.has(method)) {
    return methodsWithNames.has(method.toLowerCase())
      ? unreadable('the Mcp-Method is in upper case')
      : { kind: 'message', method }
  }
  if (name === undefined) return unreadable(`there is no Mcp-Name, which ${method} needs`)
  const isUri = method === 'resources/read'
  const decoded = decodeName(name, isUri)
  if (decoded === undefined) return unreadable('the Mcp-Name is no name')
  return { kind: 'message', method, name: decoded, ...(isUri && isOdd(decoded) && { odd: true }) }
}

function mandatesHeaders(version: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version) || version < firstVersion) return false
  const time = Date.parse(`${version}T00:00:00Z`)
  // Some parsers take 31 February for a day in March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(version)
}

/**
 * The value of `Mcp-Name` ("Value Encoding" of 2026-07-28): as it is, or as `=?base64?…?=`. Undefined for
 * whatever has two readings: other spellings of the marks, base64 in another form, what is no UTF-8,
 * control characters, and two values that somebody may have joined.
 *
 * @param isUri - commas are usual in it
 */
export function decodeName(value: string, isUri = false): string | undefined {
  const name = value.startsWith('=?') ? decodedBase64(value) : plainName(value, isUri)
  if (name === undefined || name === '' || name.length > longestName) return
  return /[\p{Cc}\u2028\u2029\ufeff]/u.test(name) ? undefined : name
}

/** As clients write it ("Value Encoding" of 2026-07-28), where it is read in one way only. */
export function encodeName(name: string): string {
  const isPlain = visible.test(name) && !/^=\?|,/.test(name)
  return isPlain ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`
}

function plainName(value: string, isUri: boolean): string | undefined {
  if (!visible.test(value)) return
  const joined = isUri ? /, | ,/ : /,/
  return joined.test(value) ? undefined : value
}

function decodedBase64(value: string): string | undefined {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]+={0,2})\?=$/.exec(value)?.[1]
  if (encoded === undefined) return
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return
  }
}

/** Dot segments, backslashes, doubled slashes, white space, and escapes of what needs none or of these. */
function isOdd(uri: string): boolean {
  const [, path = uri] = /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#]*)?(.*)$/i.exec(uri) ?? []
  return (
    /[\\\s]|\/\/|(?:^|\/)\.{1,2}(?:[/?#]|$)/.test(path) ||
    /[\\\s]/.test(uri) ||
    /%(?![0-9a-f]{2})|%(?:2[def5]|3[0-9b]|[46][1-9a-f]|[57][0-9a]|5[cf]|7e)/i.test(uri)
  )
}
