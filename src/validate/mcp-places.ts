import type { McpResource } from '../model/mcp.ts'
import type { RuleMatches } from '../model/rule.ts'
import { folded, trimmedSegments } from '../rules/case-folding.ts'
import { type PathReading, readPath } from '../rules/path-readings.ts'
import type { Proof } from './authenticate.ts'

/** Which MCP resources a request is for. */
export interface McpPlaces {
  /** One for each way to read the path that leads into one; mostly one for all. */
  readonly resources: readonly [McpResource, ...McpResource[]]
  /** Whether some way to read the path leads to none. */
  readonly outside: boolean
}

/** What a refused client is told of the MCP resource it asked. */
export interface McpCall {
  /** Absent: a path that rules for MCP messages name, and no resource. */
  readonly resource: McpResource | undefined
  /** All scopes that the request needs. */
  readonly scopes: readonly string[]
}

interface Placed {
  readonly resource: McpResource
  readonly exact: readonly string[]
  readonly folded: readonly string[]
}

/**
 * Finds the resources of a request by its host and path: the innermost one for each way to read the path,
 * as rules are found. Undefined where there is none.
 */
export function mcpPlaces(
  resources: readonly McpResource[],
): (host: string, path: string) => McpPlaces | undefined {
  const placed = resources
    .map((resource): Placed => {
      const exact = resource.path.split('/').slice(1)
      return { resource, exact, folded: trimmedSegments(folded(resource.path)) }
    })
    .sort((a, b) => b.exact.length - a.exact.length)
  const byHost = Map.groupBy(placed, ({ resource }) => resource.host)
  return (host, text) => {
    const here = byHost.get(host)
    if (!here) return
    const { readings, overEncoded } = readPath(text)
    const found = readings.flatMap((reading) => innermost(here, reading))
    const inside = overEncoded ? here : found.filter((place) => place !== undefined)
    const [first, ...others] = new Set(inside.map(({ resource }) => resource))
    return first && { resources: [first, ...others], outside: found.includes(undefined) }
  }
}

/** The innermost one for each way in which a reading is compared. */
function innermost(here: readonly Placed[], reading: PathReading): (Placed | undefined)[] {
  const find = (form: 'exact' | 'folded') =>
    here.find((place) => place[form].every((segment, at) => segment === reading.segments[at]))
  return (['exact', 'folded'] as const).filter((form) => reading[form]).map(find)
}

/**
 * A proof by an access token, held against whom the token is for (RFC 8707 section 2): a resource takes
 * those alone that name it, and a token that names resources alone is good nowhere else.
 */
export function meantFor(proof: Proof, places: McpPlaces | undefined): Proof {
  if (proof.kind !== 'proven' || proof.by.audiences === undefined) return proof
  const { audiences, forResources } = proof.by
  const misused = (reason: string): Proof => ({ kind: 'unproven', code: 'invalid_token', reason })
  if (forResources && (!places || places.outside))
    return misused(
      'the access token is refused: it is for an MCP resource, and the path is none of it',
    )
  for (const { name, issuers, audiences: own } of places?.resources ?? []) {
    if (!issuers.includes(proof.identity.provider))
      return misused(`the access token is refused: mcp.${name}.issuers does not have its issuer`)
    if (!own.some((audience) => audiences.includes(audience)))
      return misused(`the access token is refused: its aud has none of ${own.join(', ')}`)
  }
  return proof
}

/** What is told of a place: every scope that the request needs there, by all of its rules. */
export function mcpCall(places: McpPlaces | undefined, matches: RuleMatches | undefined): McpCall {
  const needed = [
    ...(places?.resources ?? []).flatMap(({ challengedScopes }) => challengedScopes),
    ...(matches ?? []).flatMap(({ rule }) => rule.require.scopes),
  ]
  return { resource: places?.resources[0], scopes: [...new Set(needed)] }
}
