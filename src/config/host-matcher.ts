import { memo } from '../lib/memo.ts'
import type { Site } from '../model/site.ts'
import type { HostPattern } from './settings.ts'

const rememberedHosts = 1_000

/** Compiles host patterns into one question. */
export function hostMatcher(
  patterns: readonly HostPattern[],
  sites: readonly Site[],
): (host: string) => boolean {
  const publicPorts = new Set(sites.map((site) => new URL(site.origin).port))
  return memo((host) => {
    const colon = host.lastIndexOf(':')
    const hasPort = colon > host.lastIndexOf(']')
    const name = hasPort ? host.slice(0, colon) : host
    const port = hasPort ? host.slice(colon + 1) : ''
    return patterns.some(
      (pattern) =>
        (pattern.port === undefined
          ? port === '' || publicPorts.has(port)
          : pattern.port === port) &&
        (pattern.wildcard ? name.endsWith(`.${pattern.name}`) : name === pattern.name),
    )
  }, rememberedHosts)
}

/** A pattern as `APP_HOSTS` has it. */
export function hostPatternText({ wildcard, name, port }: HostPattern): string {
  return `${wildcard ? '*.' : ''}${name}${port === undefined ? '' : `:${port}`}`
}
