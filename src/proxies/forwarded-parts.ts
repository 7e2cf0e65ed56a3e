import { METHODS } from 'node:http'
import { isIP } from 'node:net'
import { memo } from '../lib/memo.ts'

const methods = new Set(METHODS)
const hostForm =
  /^(?<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::(?<port>[0-9]{1,5}))?$/
// Visible ASCII without "#" and "\" (which browsers and servers read differently) and only whole
// percent-escapes other than NUL; nothing is decided by the query, so its escapes may be broken.
const uriForm = /^(\/(?:[!"$&->@-[\]-~]|%(?!00)[0-9a-fA-F]{2})*)(\?[!"$-~]*)?$/

const defaultPorts: Record<string, string> = { http: '80', https: '443' }

/** The method, or undefined where it is not one of the HTTP methods in upper case. */
export function parseMethod(value: string): string | undefined {
  return methods.has(value) ? value : undefined
}

export function parseProto(value: string): 'http' | 'https' | 'ws' | 'wss' | undefined {
  return value === 'https' || value === 'http' || value === 'wss' || value === 'ws'
    ? value
    : undefined
}

/**
 * The host in the one form that is compared everywhere: lower case, no trailing dot, no default port.
 * Undefined for anything but a host name or address with an optional port.
 */
export function parseHost(value: string, scheme: 'http' | 'https'): string | undefined {
  if (value.length > 255) return
  const groups = hostForm.exec(value.toLowerCase())?.groups
  // Of an address only its usual form: in a URL the others would name another host, or none.
  if (!groups?.name || URL.parse(`http://${groups.name}`)?.hostname !== groups.name) return
  if (groups.port === undefined || groups.port === defaultPorts[scheme]) return groups.name
  return Number(groups.port) <= 65_535 ? `${groups.name}:${groups.port}` : undefined
}

/** Path and query of an origin-form request target (RFC 9112 section 3.2.1), as received. */
export function parseUri(value: string): { path: string; query: string } | undefined {
  const parts = uriForm.exec(value)
  if (parts?.[1] === undefined) return
  return { path: parts[1], query: parts[2] ?? '' }
}

const isAddress = memo((text) => isIP(text) !== 0, 10_000)

/**
 * The right-most address of `X-Forwarded-For` that is no trusted proxy, or the peer where the header
 * is absent or not a list of addresses.
 */
export function clientAddress(
  forwardedFor: string | undefined,
  peer: string,
  trusted: (address: string) => boolean,
): string {
  if (forwardedFor === undefined) return peer
  // One hop is what a proxy sends that trusts nobody before it.
  if (!forwardedFor.includes(',')) return isAddress(forwardedFor) ? forwardedFor : peer
  const hops = forwardedFor.split(',').map((hop) => hop.trim())
  let client = peer
  for (const hop of hops.reverse()) {
    if (!isAddress(hop)) return peer
    client = hop
    if (!trusted(hop)) return client
  }
  return client
}
