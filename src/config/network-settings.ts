import { BlockList, isIP } from 'node:net'
import { type Findings, quoted } from './problem.ts'
import type { Settings } from './settings.ts'
import type { Values } from './variables.ts'

/** RFC 1918, loopback, IPv4 and IPv6 link-local, and unique local addresses (RFC 4193). */
const privateRanges = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '::1',
  'fc00::/7',
  'fe80::/10',
]

/** Shorter prefixes hold more of the Internet than anyone runs proxies in. */
const shortestPrefix = { ipv4: 8, ipv6: 7 } as const

/** Checks who may describe requests to the gateway (threat P-02): trusting everybody is refused. */
export function trustedProxySettings(values: Values, findings: Findings): readonly string[] {
  const entries = values.TRUSTED_PROXIES.flatMap((entry) =>
    entry === 'private_ranges' ? privateRanges : [entry.toLowerCase()],
  )
  for (const entry of entries) {
    const fault = faultOf(entry)
    if (fault !== undefined)
      findings.refuse('TRUSTED_PROXIES', `${quoted(entry)} ${fault}`, 'traefik,10.0.0.0/8')
  }
  return [...new Set(entries)]
}

const trustsAll =
  'trusts nearly everybody, so that any caller could describe requests and be believed; name the proxy or its network'

function faultOf(entry: string): string | undefined {
  if (['*', 'all', 'any'].includes(entry)) return trustsAll
  if (isIP(entry) !== 0) return undefined
  if (!entry.includes('/'))
    return isHostName(entry) ? undefined : 'is no address, CIDR or host name'
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? []
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  const prefix = Number(digits)
  if (isIP(address) === 0 || prefix > (family === 'ipv6' ? 128 : 32))
    return 'is no CIDR: an address, a slash and the length of the prefix'
  if (prefix < shortestPrefix[family]) return trustsAll
  if (family === 'ipv6' && prefix < 96 + shortestPrefix.ipv4 && holdsMappedIpv4(address, prefix))
    return trustsAll
  return undefined
}

/** Whether a text is an address or a CIDR; a zone would say nothing of who calls. */
export function isNetwork(text: string): boolean {
  const [, address = '', digits] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = isIP(address)
  return family !== 0 && Number(digits ?? 0) <= (family === 6 ? 128 : 32)
}

/** True for an IPv6 network that overlaps the IPv4 networks written as IPv6 (RFC 4291 section 2.5.5.2). */
function holdsMappedIpv4(address: string, prefix: number): boolean {
  const network = new BlockList()
  network.addSubnet(address, prefix, 'ipv6')
  const mapped = new BlockList()
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6')
  return network.check('::ffff:0:0', 'ipv6') || mapped.check(address, 'ipv6')
}

/** A name DNS can answer; one that ends in a number is a mistyped address. */
function isHostName(text: string): boolean {
  return (
    text.length <= 253 &&
    /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/.test(text) &&
    !/(^|\.)\d+$/.test(text)
  )
}

/** Checks where the gateway listens: two listeners, as nothing of the operators' is ever public. */
export function listenSettings(values: Values, findings: Findings): Settings['listen'] {
  const { HOST: host, PORT: port, OPS_PORT: opsPort } = values
  if (isIP(host) === 0 && !isHostName(host.toLowerCase()))
    findings.refuse('HOST', `${quoted(host)} is no address to listen on`, '0.0.0.0')
  if (port === opsPort && port !== 0)
    findings.refuse(
      'OPS_PORT',
      `${opsPort} is PORT too; the operators' listener has a port of its own`,
      String(port === 9090 ? 9091 : 9090),
    )
  return { host, port, opsPort }
}
