/** Claims as they came: nothing is known of their types. */
export type Claims = Readonly<Record<string, unknown>>

/** A claim by its name, or else by its dotted path, for example `realm_access.roles`. */
export function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return
    value = (value as Claims)[name]
  }
  return value
}

/** A claim that is a string, else empty. */
export function textClaim(claims: Claims, path: string): string {
  const value = claimAt(claims, path)
  return typeof value === 'string' ? value : ''
}

/** A claim that is a time (RFC 7519 section 2, NumericDate), in milliseconds since the epoch. */
export function timeClaim(claims: Claims, name: string): number | undefined {
  const value = claimAt(claims, name)
  return typeof value === 'number' && Number.isFinite(value) ? value * 1_000 : undefined
}

/**
 * The strings of a list claim: an array, a JSON array in a string, one plain name, or an object (its
 * array `roles`, else the keys that hold objects). Anything in a list that is no string is left out.
 * Undefined where the claim is absent.
 */
export function listClaim(claims: Claims, path: string): string[] | undefined {
  const value = claimAt(claims, path)
  if (value === undefined || value === null) return
  if (Array.isArray(value)) return textsOf(value)
  if (typeof value === 'object') return namesOf(value as Claims)
  if (typeof value !== 'string' || value === '') return []
  if (!value.startsWith('[')) return [value]
  try {
    const parsed: unknown = JSON.parse(value)
    return Array.isArray(parsed) ? textsOf(parsed) : []
  } catch {
    return [value]
  }
}

const textsOf = (list: readonly unknown[]): string[] =>
  list.filter((item): item is string => typeof item === 'string' && item !== '')

/**
 * Keycloak's `realm_access` holds its list in `roles`; Zitadel's claim has the roles as keys, and below
 * each the organisations that gave it. A key over anything else says nothing that is known to be a role.
 */
function namesOf(value: Claims): string[] {
  if (Object.hasOwn(value, 'roles') && Array.isArray(value.roles)) return textsOf(value.roles)
  return textsOf(Object.keys(value).filter((name) => isMap(value[name])))
}

const isMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The union of several list claims, or undefined where none of them is there. */
export function unionOfLists(
  sources: readonly Claims[],
  paths: readonly string[],
): string[] | undefined {
  const lists = sources
    .flatMap((claims) => paths.map((path) => listClaim(claims, path)))
    .filter((list) => list !== undefined)
  return lists.length === 0 ? undefined : [...new Set(lists.flat())]
}

/**
 * Groups that an allowlist keeps: an entry is a whole name, or a prefix where it ends in a slash. A
 * leading slash does not matter, nor does the case. An empty list keeps everything.
 */
export function allowedGroups(groups: readonly string[], allowlist: readonly string[]): string[] {
  if (allowlist.length === 0) return [...groups]
  const plain = (name: string) => name.replace(/^\//, '').toLowerCase()
  const entries = allowlist.map(plain)
  return groups.filter((group) =>
    entries.some((entry) =>
      entry.endsWith('/') ? plain(group).startsWith(entry) : plain(group) === entry,
    ),
  )
}
