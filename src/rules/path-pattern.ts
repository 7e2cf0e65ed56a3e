import { folded, trimmedSegments } from './case-folding.ts'
import type { PathReading } from './path-readings.ts'

/** What one segment of a path must be: this text; any, perhaps with a name; or any number of any. */
export type PatternSegment =
  | string
  | { readonly kind: 'one'; readonly name?: string }
  | { readonly kind: 'many' }

export type PathPattern = readonly PatternSegment[]

/** Matches every path. */
export const everyPath: PathPattern = [{ kind: 'many' }]

/** Reads a path of `RuleSettings`. */
export function parsePattern(text: string): PathPattern {
  return text
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment): PatternSegment => {
      if (segment === '*') return { kind: 'one' }
      if (segment === '**') return { kind: 'many' }
      const name = /^\{(.+)\}$/.exec(segment)?.[1]
      return name === undefined ? segment : { kind: 'one', name }
    })
}

/** A pattern for folded readings. */
export function foldedPattern(pattern: PathPattern): PathPattern {
  return pattern.flatMap(
    (segment): PathPattern =>
      typeof segment === 'string' ? trimmedSegments(folded(segment)) : [segment],
  )
}

export function hasNames(pattern: PathPattern): boolean {
  return pattern.some((segment) => typeof segment === 'object' && 'name' in segment)
}

const matchesOne = (wanted: PatternSegment | undefined, segment: string | undefined) =>
  typeof wanted === 'object' || wanted === segment

/**
 * What a reading that the pattern matches has in place of the `{names}`; where there is a choice, each
 * `**` takes as few segments as it can.
 */
export function parametersOf(
  pattern: PathPattern,
  { segments, named }: Pick<PathReading, 'segments' | 'named'>,
): Readonly<Record<string, string>> {
  const parts: Exclude<PatternSegment, { kind: 'many' }>[][] = [[]]
  for (const segment of pattern) {
    if (typeof segment === 'object' && segment.kind === 'many') parts.push([])
    else parts.at(-1)?.push(segment)
  }
  let from = 0
  const found = parts.flatMap((part, index) => {
    let at = from
    // The last part of several ends where the path does; others are found, as the pattern matches.
    if (index > 0 && index === parts.length - 1) at = segments.length - part.length
    else while (!part.every((wanted, i) => matchesOne(wanted, segments[at + i]))) at += 1
    from = at + part.length
    return part.flatMap((wanted, i) =>
      typeof wanted === 'object' && wanted.name !== undefined
        ? [[wanted.name, named[at + i] ?? ''] as const]
        : [],
    )
  })
  return Object.fromEntries(found)
}

/**
 * Whether a pattern matches everything that another one matches. Never true where it does not; false
 * also for a few odd pairs, as `/*` + `/**` over `/**` + `/*`.
 */
export function covers(wide: PathPattern, narrow: PathPattern): boolean {
  // From the end: whether the rest of `wide` covers the rest of `narrow`, for each rest of `narrow`.
  let row = Array.from({ length: narrow.length + 1 }, (_, at) => at === narrow.length)
  for (const wanted of wide.toReversed()) {
    const many = typeof wanted === 'object' && wanted.kind === 'many'
    const next: boolean[] = []
    for (let at = narrow.length; at >= 0; at -= 1) {
      const segment = narrow[at]
      if (many) next[at] = row[at] === true || (segment !== undefined && next[at + 1] === true)
      else next[at] = segment !== undefined && coversOne(wanted, segment) && row[at + 1] === true
    }
    row = next
  }
  return row[0] === true
}

function coversOne(wanted: PatternSegment, segment: PatternSegment): boolean {
  if (typeof segment === 'object' && segment.kind === 'many') return false
  return typeof wanted === 'object' || wanted === segment
}
