import { memo } from '../lib/memo.ts'
import type { AppSettings, HostPattern, Sites } from './settings.ts'

const rememberedHosts = 1_000

/** The app of a host: exact names before wildcards, longer wildcards before shorter ones. */
export function appMatcher(
  apps: readonly AppSettings[],
  sites: Sites,
): (host: string) => AppSettings | undefined {
  const publicPorts = new Set(sites.map((site) => new URL(site.origin).port))
  const patterns = apps
    .flatMap((app) => app.hosts.map((pattern) => ({ app, pattern })))
    .sort(({ pattern: a }, { pattern: b }) => rank(b) - rank(a))
  return memo((host) => {
    const colon = host.lastIndexOf(':')
    const hasPort = colon > host.lastIndexOf(']')
    const name = hasPort ? host.slice(0, colon) : host
    const port = hasPort ? host.slice(colon + 1) : ''
    return patterns.find(
      ({ pattern }) =>
        (pattern.port === undefined
          ? port === '' || publicPorts.has(port)
          : pattern.port === port) &&
        (pattern.wildcard ? name.endsWith(`.${pattern.name}`) : name === pattern.name),
    )?.app
  }, rememberedHosts)
}

/** A host name has at most 253 characters. */
function rank({ wildcard, name, port }: HostPattern): number {
  return (wildcard ? 0 : 1_000) + 2 * name.length + (port === undefined ? 0 : 1)
}

/** A pattern as `APP_HOSTS` has it. */
export function hostPatternText({ wildcard, name, port }: HostPattern): string {
  return `${wildcard ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`
}
