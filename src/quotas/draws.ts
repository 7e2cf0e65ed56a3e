import { isIP } from 'node:net'
import { memo } from '../lib/memo.ts'
import type { Identity } from '../model/identity.ts'
import type { Draw, Limits } from '../model/quota.ts'

export interface LimitedRequest {
  readonly identity: Pick<Identity, 'kind' | 'issuer' | 'subject'>
  /** For anonymous callers, as the proxies' adapters read it. */
  readonly clientAddress: string
  /** Those that hold for the request. Of the same name: the same rule. */
  readonly rules: readonly { readonly name: string; readonly quota: Limits }[]
  /** Of all requests of a caller. */
  readonly overall: Limits
}

/**
 * The limits that a request counts against: those of its rules, then that of everything. An identity
 * has one count however it is proved, with whatever session or token; an anonymous caller has that of
 * its address or, with IPv6, of its /64, which is what a single customer gets at least (RFC 6177).
 */
export function drawsOf({ identity, clientAddress, rules, overall }: LimitedRequest): Draw[] {
  const { kind, issuer, subject } = identity
  const caller =
    kind === 'anonymous'
      ? prefixed(kind, networkOf(clientAddress))
      : prefixed(kind, issuer, subject)
  const draws: Draw[] = []
  const draw = (name: string, limit: Limits[typeof kind]) => {
    if (!limit || draws.some((other) => other.name === name)) return
    draws.push({ name, key: prefixed(name, String(limit.windowMs)) + caller, limit })
  }
  for (const { name, quota } of rules) draw(`rule ${name}`, quota[kind])
  draw('quota', overall[kind])
  return draws
}

/** Each with its length before it: no two lists of parts are written alike. */
function prefixed(...parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part},`).join('')
}

/** Whom an address stands for; whatever cannot be read as one shares `unknown`. */
const networkOf = memo((address) => {
  const version = isIP(address)
  if (version === 0) return 'unknown'
  return version === 4 ? address : networkOfIpv6(address)
}, 10_000)

function networkOfIpv6(address: string): string {
  const groups = groupsOf(address)
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
  if (isMapped) {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.')
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/** The eight groups of a valid address (RFC 4291 section 2.2), without its zone (RFC 4007 section 11). */
function groupsOf(address: string): number[] {
  const [text = ''] = address.split('%')
  const [head = [], tail] = text.split('::').map((part) => part.split(':').flatMap(groupsOfPart))
  if (!tail) return head
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** One group of hexadecimal digits, two groups of a dotted IPv4 address, or none. */
function groupsOfPart(part: string): number[] {
  if (part === '') return []
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
  return part.includes('.') ? [a * 256 + b, c * 256 + d] : [Number.parseInt(part, 16)]
}
