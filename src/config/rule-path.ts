import { quoted } from './problem.ts'

/** The paths that a rule is about. */
export interface RulePath {
  /** As rules are matched: segments decoded, no slash at the end. */
  readonly path: string
  /** Names of its `{parameters}`. */
  readonly parameters: readonly string[]
}

const example = 'write /admin/** for a path and all below it'

/**
 * Reads a path of a rule: segments that are literal, `*`, `**` or `{name}`. Whatever could be meant
 * otherwise is a fault: regular expressions, parts of segments, the query, forms that no request has
 * once it is cleaned (threat P-15).
 */
export function readRulePath(text: string): RulePath | { readonly fault: string } {
  if (!text.startsWith('/'))
    return {
      fault: `${quoted(text)} begins with no slash; a path is its segments, and no regular expression: ${example}`,
    }
  const raw = rawFault(text)
  if (raw !== undefined) return { fault: `${quoted(text)} ${raw}` }
  const written = text.replace(/\/$/, '').split('/').slice(1)
  const segments: string[] = []
  const parameters: string[] = []
  for (const segment of written) {
    const read = readSegment(segment)
    if ('fault' in read) return { fault: `${quoted(text)} ${read.fault}` }
    if (read.parameter !== undefined) {
      if (parameters.includes(read.parameter))
        return { fault: `${quoted(text)} names {${read.parameter}} twice` }
      parameters.push(read.parameter)
    }
    segments.push(read.segment)
  }
  return { path: `/${segments.join('/')}`, parameters }
}

function rawFault(text: string): string | undefined {
  if (text.includes('?')) return 'has a "?": the query does not count'
  const [cut] = /[#;\\]/.exec(text) ?? []
  if (cut) return `has a "${cut}", which no path has that a rule could open`
  const [odd] = /[\^|[\]]|\$$/.exec(text) ?? []
  if (odd)
    return `has a "${odd}"; paths are no regular expressions (${example}), and a literal one is ${encodeURIComponent(odd)}`
  return undefined
}

function readSegment(
  text: string,
): { readonly segment: string; readonly parameter?: string } | { readonly fault: string } {
  if (text === '*' || text === '**') return { segment: text }
  const [, parameter] = /^\{([A-Za-z]\w*)\}$/.exec(text) ?? []
  if (parameter !== undefined) return { segment: text, parameter }
  if (text === '') return { fault: 'has two slashes together' }
  if (text.includes('*'))
    return {
      fault: `has ${quoted(text)}: a * stands for a whole segment, ** for any number of them`,
    }
  if (/[{}]/.test(text))
    return {
      fault: `has ${quoted(text)}: a parameter is a whole segment, its name letters, digits and "_", as {id}`,
    }
  const segment = decoded(text)
  if (segment === undefined) return { fault: `has ${quoted(text)}, whose escapes are no UTF-8` }
  if (segment === '.' || segment === '..')
    return { fault: 'has dot segments; write where they lead' }
  const [odd] = /[/\\;*{}\p{Cc}]/u.exec(segment) ?? []
  if (odd !== undefined)
    return { fault: `has an escape of ${quoted(odd)}, which no path has that a rule could open` }
  return { segment }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.toWellFormed())
  } catch {
    return
  }
}
