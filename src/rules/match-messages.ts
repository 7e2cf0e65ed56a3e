import { type McpMatch, type McpMessage, type McpNameList, namingMethods } from '../model/mcp.ts'
import { folded } from './case-folding.ts'

/** How names are compared: as they are, or as by servers that do not tell upper from lower case. */
export type NameForm = 'exact' | 'folded'

/** Says which MCP messages a rule is about. */
export interface MessageMatcher {
  /** Whether it asks for names of resources. */
  readonly namesResources: boolean
  fits(message: McpMessage, form: NameForm): boolean
}

type Patterns = Readonly<Record<NameForm, (text: string) => boolean>>

const listOf: ReadonlyMap<string, McpNameList> = new Map(Object.entries(namingMethods))

/** A message fits by its method, and by its name where there is any list of names. */
export function messageMatcher({ methods, ...names }: McpMatch): MessageMatcher {
  const asked = methods && patternsOf(methods)
  const lists = new Map(
    Object.entries(names).map(([list, patterns]) => [list, patternsOf(patterns ?? [])]),
  )
  return {
    namesResources: lists.has('resources'),
    fits({ method, name }, form) {
      if (asked && !asked[form](method)) return false
      if (lists.size === 0) return true
      const list = lists.get(listOf.get(method) ?? '')
      return list !== undefined && name !== undefined && list[form](name)
    },
  }
}

function patternsOf(patterns: readonly string[]): Patterns {
  const exact = patterns.map((pattern) => matcherOf(pattern, (text) => text))
  const loose = patterns.map((pattern) => matcherOf(pattern, plain))
  return {
    exact: (text) => exact.some((matches) => matches(text)),
    folded: (text) => {
      const read = plain(text)
      return loose.some((matches) => matches(read))
    },
  }
}

const plain = (text: string): string => folded(text).trim()

function matcherOf(pattern: string, read: (text: string) => string): (text: string) => boolean {
  if (!pattern.endsWith('*')) {
    const whole = read(pattern)
    return (text) => text === whole
  }
  const beginning = read(pattern.slice(0, -1))
  return (text) => text.startsWith(beginning)
}
