import { folded, trimmedSegments } from './case-folding.ts'
import {
  hasDotSegment,
  spellings,
  spellingsOfText,
  textOfBytes,
  withoutDotSegments,
} from './path-spellings.ts'

/** One way to read a path. */
export interface PathReading {
  /** Without empty ones: `/` has none, and a slash at the end does not matter. */
  readonly segments: readonly string[]
  /** Whether it is compared with patterns as they are. */
  readonly exact: boolean
  /** Whether it is compared with folded patterns; both for one that folding does not change. */
  readonly folded: boolean
  /** What stands in each segment's place before folding. */
  readonly named: readonly string[]
}

/** A path, and what servers may take it for. */
export interface Path {
  /** Whether it is written in its one normal form, as those are that may be open to everybody. */
  readonly canonical: boolean
  /** The first is the path as it is. */
  readonly readings: readonly [PathReading, ...PathReading[]]
  /** Whether there are more than these: it is escaped more than three times, or odd in too many ways. */
  readonly overEncoded: boolean
}

/** Unreserved characters only (RFC 3986 section 2.3); no segment is empty or ends in a dot. */
const plainPath = /^(?=\/)(?:\/[\w.~-]*[\w~-])*\/?$/

/**
 * Every way in which servers read a path: escapes decoded up to so many times, parameters (RFC 3986
 * section 3.3) and what looks like a query cut or not, backslashes as slashes or not, slashes merged or
 * not, dot segments resolved or not, in any order; and each of them with upper and lower case alike. The
 * work is linear in the length, for at most 64 texts.
 */
export function readPath(path: string, decodings = 3): Path {
  if (plainPath.test(path)) return { canonical: true, overEncoded: false, readings: plain(path) }
  const { texts, complete } = spellings(ascii(path), decodings)
  const [first = '', ...others] = Array.from(texts, textOfBytes)
  const foldings = foldingsOf([first, ...others])
  return {
    canonical: isCanonical(path, first),
    overEncoded: !complete || foldings === undefined,
    readings: distinct(first, others, foldings ?? []),
  }
}

function plain(path: string): Path['readings'] {
  const segments = plainSegments(path)
  if (!/[A-Z]/.test(path)) return [{ segments, exact: true, folded: true, named: segments }]
  return [
    { segments, exact: true, folded: false, named: segments },
    { segments: plainSegments(path.toLowerCase()), exact: false, folded: true, named: segments },
  ]
}

function plainSegments(path: string): string[] {
  const end = path.endsWith('/') ? path.length - 1 : path.length
  return end < 1 ? [] : path.slice(1, end).split('/')
}

/** Nothing but ASCII, and a slash before it. */
function ascii(path: string): string {
  const escaped = path.replaceAll(/[^\0-\x7f]+/g, (text) => encodeURIComponent(text.toWellFormed()))
  return escaped.startsWith('/') ? escaped : `/${escaped}`
}

const abnormal =
  // An escape of an unreserved character or of one that some servers split paths at.
  /[^!-~]|[;\\?#]|\/\/|\/\.{1,2}(?:\/|$)|%(?:2[d-f]|3[0-9b]|[46][1-9a-f]|[57][0-9a]|5[cf]|7e)/i

/** `first` has kept the escapes that are not harmless, and also those of "?" and "#", which are. */
function isCanonical(path: string, first: string): boolean {
  return path.startsWith('/') && !abnormal.test(path) && !/%(?!3f|23)/i.test(first)
}

interface Folding {
  readonly segments: readonly string[]
  /** The text it was made of, where it was made by folding alone. */
  readonly of: string | undefined
}

/** Undefined where they are too many. */
function foldingsOf(texts: readonly string[]): Folding[] | undefined {
  const origins = new Map<string, string>()
  for (const text of texts) {
    const fold = folded(text)
    if (!origins.has(fold)) origins.set(fold, text)
  }
  // Folding makes plain slashes, dots and the like of other characters.
  const spelt = spellingsOfText(origins.keys())
  return (
    spelt &&
    Array.from(spelt, (fold) => {
      const segments = trimmedSegments(fold)
      const asItIs = { segments, of: origins.get(fold) }
      return hasDotSegment(segments)
        ? [asItIs, { segments: withoutDotSegments(segments), of: undefined }]
        : [asItIs]
    }).flat()
  )
}

function distinct(
  first: string,
  others: readonly string[],
  foldings: readonly Folding[],
): Path['readings'] {
  const segments = segmentsOf(first)
  const asItIs: PathReading = { segments, exact: true, folded: false, named: segments }
  const found = new Map([[segments.join('/'), asItIs]])
  for (const text of others) {
    const segments = segmentsOf(text)
    const key = segments.join('/')
    if (!found.has(key)) found.set(key, { segments, exact: true, folded: false, named: segments })
  }
  for (const { segments, of } of foldings) {
    const key = segments.join('/')
    const known = found.get(key)
    const named = of === undefined ? segments : unfolded(segments, of)
    found.set(key, { segments, named, exact: false, ...known, folded: true })
  }
  const [reading = asItIs, ...more] = found.values()
  return [reading, ...more]
}

/** The segments of a text where each is what became one of these, else these. */
function unfolded(segments: readonly string[], text: string): readonly string[] {
  const before = segmentsOf(text)
  const alike =
    before.length === segments.length &&
    before.every((segment, at) => {
      const [only, ...more] = trimmedSegments(folded(segment))
      return more.length === 0 && only === segments[at]
    })
  return alike ? before : segments
}

function segmentsOf(text: string): string[] {
  return text.split('/').filter((segment) => segment !== '')
}
