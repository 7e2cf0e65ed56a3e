import { isIP } from 'node:net'

/** A host as it stands in a URL, with the port it was written with. */
export interface Host {
  /** Lower case, international names in their ASCII form. */
  readonly name: string
  readonly port?: string
}

/** Reads `name`, `name:port`, `address` or `[address]:port`; undefined for anything else. */
export function parseHost(text: string): Host | undefined {
  const parts = /^([^\s/\\?#@:%[\]]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text)
  const [, written = '', port] = parts ?? []
  const url = URL.parse(`http://${written}`)
  if (!url || url.hostname.split('.').includes('')) return
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return
  return { name: url.hostname, ...(port !== undefined && { port: String(Number(port)) }) }
}

/** True for a domain itself and for names below it, never for `evilexample.com` and `example.com`. */
export function isUnder(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`)
}

/** True for an address in place of a name; IPv6 in its brackets. */
export function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0
}

/** True for hosts that never leave the machine: loopback, `localhost` and names under `.localhost`. */
export function isLocalHost(name: string): boolean {
  return isUnder(name, 'localhost') || name === '[::1]' || (isAddress(name) && /^127\./.test(name))
}
