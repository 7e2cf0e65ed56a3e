import { memo } from '../lib/memo.ts'
import type { AppSettings, HostPattern, Sites } from './settings.ts'

const rememberedHosts = 1_000

/** The app of a host: exact names before wildcards, longer wildcards before shorter ones. */
export function appMatcher(
  apps: readonly AppSettings[],
  sites: Sites,
): (host: string) => AppSettings | undefined {
  const publicPorts = publicPortsOf(sites)
  const patterns = apps
    .flatMap((app) => app.hosts.map((pattern) => ({ app, pattern })))
    .sort(({ pattern: a }, { pattern: b }) => rank(b) - rank(a))
  return memo((text) => {
    const host = hostOf(text)
    return patterns.find(({ pattern }) => matchesHost(pattern, host, publicPorts))?.app
  }, rememberedHosts)
}

/** The ports of `PUBLIC_URL`, empty for a default one: hosts without a port may have them. */
export function publicPortsOf(sites: Sites): ReadonlySet<string> {
  return new Set(sites.map((site) => new URL(site.origin).port))
}

/** A host as it is compared with patterns. */
export interface Host {
  readonly name: string
  /** Empty: the scheme's default. */
  readonly port: string
}

/** Splits a host of an `OriginalRequest`. */
export function hostOf(text: string): Host {
  const colon = text.lastIndexOf(':')
  const hasPort = colon > text.lastIndexOf(']')
  return {
    name: hasPort ? text.slice(0, colon) : text,
    port: hasPort ? text.slice(colon + 1) : '',
  }
}

/** Whether a host is one of a pattern's. */
export function matchesHost(
  pattern: HostPattern,
  { name, port }: Host,
  publicPorts: ReadonlySet<string>,
): boolean {
  return (
    (pattern.port === undefined ? port === '' || publicPorts.has(port) : pattern.port === port) &&
    (pattern.wildcard ? name.endsWith(`.${pattern.name}`) : name === pattern.name)
  )
}

/** Whether every host of one pattern is also another's. */
export function coversHost(wide: HostPattern, narrow: HostPattern): boolean {
  if (wide.port !== narrow.port) return false
  if (narrow.name === wide.name) return narrow.wildcard === wide.wildcard
  return wide.wildcard && narrow.name.endsWith(`.${wide.name}`)
}

/** A host name has at most 253 characters. */
function rank({ wildcard, name, port }: HostPattern): number {
  return (wildcard ? 0 : 1_000) + 2 * name.length + (port === undefined ? 0 : 1)
}

/** A pattern as `APP_HOSTS` has it. */
export function hostPatternText({ wildcard, name, port }: HostPattern): string {
  return `${wildcard ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`
}
