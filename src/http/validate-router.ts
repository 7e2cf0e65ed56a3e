import { memo } from '../lib/memo.ts'
import { type AllowEntry, type AllowList, readAllowEntry } from '../model/allow.ts'
import type { ProxyAdapter } from '../proxies/forwarded-call.ts'

/** What the address of a validate call says. */
export interface ValidateRoute {
  readonly proxy: ProxyAdapter
  /** The list after `/allow/`. */
  readonly only?: AllowList | 'unreadable'
  /** Path and query after the route, where the original ones are there. */
  readonly below?: string
}

const rememberedLists = 1_000

/**
 * Finds the validate route of a path and query. A list that narrows comes after the route. Where the
 * original path comes after the route, it comes before the rest of it (`/validate/allow/group:ops/envoy`):
 * clients choose what is after it, and one that begins with `/allow/` must not be read as a list.
 */
export function validateRouter(
  proxies: readonly ProxyAdapter[],
): (url: string) => ValidateRoute | undefined {
  const both = (proxy: ProxyAdapter) => [proxy.route, `/api/auth${proxy.route}`]
  const exact = new Map(
    proxies
      .filter(({ pathBelow }) => !pathBelow)
      .flatMap((proxy) => both(proxy).map((route) => [route, { proxy }])),
  )
  const prefixes = proxies
    .filter(({ pathBelow }) => pathBelow)
    .flatMap((proxy) => both(proxy).map((route) => ({ proxy, route })))
  return (url) => {
    const mark = url.indexOf('?')
    const path = mark === -1 ? url : url.slice(0, mark)
    return exact.get(path) ?? withPathBelow(url, prefixes) ?? narrowed(path, exact)
  }
}

function narrowed(
  path: string,
  exact: ReadonlyMap<string, ValidateRoute>,
): ValidateRoute | undefined {
  const list = path.indexOf('/allow/')
  const route = list === -1 ? undefined : exact.get(path.slice(0, list))
  return route && { ...route, only: readList(path.slice(list + '/allow/'.length)) }
}

function withPathBelow(
  url: string,
  prefixes: readonly { readonly proxy: ProxyAdapter; readonly route: string }[],
): ValidateRoute | undefined {
  for (const { proxy, route } of prefixes) {
    if (url === route || url.startsWith(`${route}/`)) {
      const below = url.slice(route.length)
      // Either a client's path, or a list that somebody wrote in the place where other proxies have it.
      return below.startsWith('/allow/') ? { proxy, below, only: 'unreadable' } : { proxy, below }
    }
    const cut = route.lastIndexOf('/')
    const before = `${route.slice(0, cut)}/allow/`
    if (!url.startsWith(before)) continue
    const [list = '', ...rest] = url.slice(before.length).split('/')
    const below = `/${rest.join('/')}`
    const name = route.slice(cut)
    if (below === name || below.startsWith(`${name}/`))
      return { proxy, only: readList(list), below: below.slice(name.length) }
  }
  return
}

/** Entries of an allow list, comma-separated and each percent-encoded. */
const readList = memo((text): AllowList | 'unreadable' => {
  try {
    const entries = text.split(',').map((part) => readAllowEntry(decodeURIComponent(part)))
    if (entries.some((entry) => entry === undefined)) return 'unreadable'
    if (entries.includes('anyone')) return 'anyone'
    return entries as AllowEntry[]
  } catch {
    return 'unreadable'
  }
}, rememberedLists)
