import { memo } from '../lib/memo.ts'
import type { Site } from '../model/site.ts'
import { isUnder } from './hosts.ts'
import type { Sites } from './settings.ts'

const rememberedHosts = 1_000

/**
 * The site of a host: the one whose pages are there, else the one whose cookie domain holds it (the
 * longest wins), else none.
 */
export function siteMatcher(sites: Sites): (host: string) => Site | undefined {
  const byLength = [...sites].sort(
    (a, b) => (b.cookieDomain?.length ?? 0) - (a.cookieDomain?.length ?? 0),
  )
  return memo((host) => {
    const name = host.replace(/:\d+$/, '')
    return (
      sites.find((site) => site.host === host) ??
      byLength.find(
        ({ cookieDomain }) => cookieDomain !== undefined && isUnder(name, cookieDomain),
      ) ??
      sites.find((site) => new URL(site.origin).hostname === name)
    )
  }, rememberedHosts)
}
