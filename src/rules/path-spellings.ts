/**
 * All the texts that servers may make of a path on their way to what it names. Up to where they are
 * read as UTF-8 they are strings of bytes: what is no UTF-8 must not keep the rest from being decoded.
 */

/** More would be read only by a chain of servers that nobody runs on purpose. */
const mostTexts = 64
const mostCharacters = 200_000

type Step = (text: string) => string

const withoutQuery: Step = (text) => {
  const end = text.search(/[?#]/)
  return end < 0 ? text : text.slice(0, end)
}
const withoutParameters: Step = (text) => text.replaceAll(/;[^/]*/g, '')
const withoutBackslashes: Step = (text) => text.replaceAll('\\', '/')
const withMergedSlashes: Step = (text) => text.replaceAll(/\/{2,}/g, '/')

// "%2e" too: URL parsers take it for a dot without decoding anything else (URL standard, section 4.1).
const dotSegment = /^(?:\.|%2e){1,2}$/i
const anyDotSegment = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i

/** Whether some segment stands for its directory or the one above. */
export function hasDotSegment(segments: readonly string[]): boolean {
  return segments.some((segment) => dotSegment.test(segment))
}

/** Segments without dot segments (RFC 3986 section 5.2.4), never above the root. */
export function withoutDotSegments(segments: readonly string[]): string[] {
  const kept: string[] = []
  for (const segment of segments) {
    if (!dotSegment.test(segment)) kept.push(segment)
    else if (segment !== '.' && segment.toLowerCase() !== '%2e') kept.pop()
  }
  return kept
}

const resolved: Step = (text) =>
  anyDotSegment.test(text) ? `/${withoutDotSegments(text.slice(1).split('/')).join('/')}` : text

const steps = [withoutQuery, withoutParameters, withoutBackslashes, withMergedSlashes, resolved]

/**
 * Adds to `texts` these and whatever the steps, in any order and number, make of them. The new ones, or
 * undefined where they are too many.
 */
function spread(
  from: Iterable<string>,
  texts: Set<string>,
  ways: readonly Step[],
): readonly string[] | undefined {
  const added: string[] = []
  const add = (text: string) => {
    if (texts.has(text)) return
    texts.add(text)
    added.push(text)
  }
  for (const text of from) add(text)
  // It grows meanwhile.
  for (const text of added) {
    if (texts.size > mostTexts || texts.size * text.length > mostCharacters) return
    for (const way of ways) add(way(text))
  }
  return added
}

/** What the steps make of texts that are read already; undefined where it is too much. */
export function spellingsOfText(texts: Iterable<string>): ReadonlySet<string> | undefined {
  const found = new Set<string>()
  return spread(texts, found, steps) && found
}

/**
 * The texts of a path, the first with nothing done to it but that harmless escapes are decoded; the
 * others decoded up to so many times, before and after any of the steps.
 */
export function spellings(
  path: string,
  decodings: number,
): {
  readonly texts: ReadonlySet<string>
  /** False where decoding goes on, or there are too many. */
  readonly complete: boolean
} {
  const texts = new Set<string>()
  let newest = spread([withoutHarmlessEscapes(path)], texts, byteSteps)
  for (let done = 0; done < decodings && newest; done += 1) {
    newest = spread(newest.map(decoded), texts, byteSteps)
  }
  return { texts, complete: newest?.every((text) => decoded(text) === text) ?? false }
}

const byteOf = (escaped: string) => String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
const decoded: Step = (text) => text.replaceAll(/%[0-9a-f]{2}/gi, byteOf)

const overlongAscii =
  /[\xc0\xc1][\x80-\xbf]|\xe0[\x80\x81][\x80-\xbf]|\xf0\x80[\x80\x81][\x80-\xbf]/g

/** UTF-8 of more bytes than it needs (RFC 3629 section 3), as lenient decoders read it. */
const withoutOverlongForms: Step = (text) =>
  text.replaceAll(overlongAscii, (bytes) => {
    const [high = 0, low = 0] = Buffer.from(bytes.slice(-2), 'latin1')
    return String.fromCharCode(((high & 1) << 6) | (low & 0x3f))
  })

const byteSteps = [withoutOverlongForms, ...steps]

/** UTF-8 of one character beyond ASCII (RFC 3629 section 4). */
const utf8 =
  '[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}|' +
  '\\xed[\\x80-\\x9f][\\x80-\\xbf]|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}|' +
  '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}'
const utf8Runs = new RegExp(`(?:${utf8})+`, 'g')
const utf8OrByte = new RegExp(`${utf8}|[^]`, 'g')

/** Bytes as UTF-8; those that are none stay characters, as Latin-1 has them. */
export function textOfBytes(bytes: string): string {
  return bytes.replaceAll(utf8Runs, (run) => Buffer.from(run, 'latin1').toString())
}

// No byte beyond ASCII alone, and no C1 control.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
const harmful = /^(?:[\x00-\x1f/\\%;.?#\x7f-\xff]|\xc2[\x80-\x9f])$/

function withoutHarmlessEscapes(path: string): string {
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
    decoded(run).replaceAll(utf8OrByte, (character, at: number) =>
      harmful.test(character) ? run.slice(3 * at, 3 * (at + character.length)) : character,
    ),
  )
}
