import type { McpMessage } from '../model/mcp.ts'
import type { Rule, RuleMatch, RuleMatches } from '../model/rule.ts'
import type { NameForm } from './match-messages.ts'
import { closedToMessage, denying, mayCarryMessage } from './message-paths.ts'
import { hasNames, parametersOf } from './path-pattern.ts'
import { type Path, type PathReading, readPath } from './path-readings.ts'
import type { FirstOf } from './path-trie.ts'
import type { Candidate, CompiledRule, RuleRequest, RuleTrie } from './rule-trie.ts'

/** What holds for a path that nobody could want to be read. */
const overEncoded = denying('over-encoded path')

/** The distinct matches of all readings of a request's path, that of the path as it is first. */
export function matchRules(
  trie: RuleTrie,
  request: RuleRequest,
  fallback: CompiledRule,
): RuleMatches {
  const path = readPath(request.path)
  if (path.overEncoded) return overEncoded
  if (!trie.ofMessages || !mayCarryMessage(request.method))
    return matchesOf(trie, path, request, fallback, undefined, 'exact')
  const closed = closedToMessage(trie.ofMessages, path.readings, request.mcp)
  if (closed) return closed
  const message = request.mcp?.kind === 'message' ? request.mcp : undefined
  const matches = matchesOf(trie, path, request, fallback, message, 'exact')
  if (!message) return matches
  // A server may not tell upper from lower case in names either: what that reading meets must pass, too.
  return distinct([...matches, ...matchesOf(trie, path, request, fallback, message, 'folded')])
}

function matchesOf(
  trie: RuleTrie,
  path: Path,
  request: RuleRequest,
  fallback: CompiledRule,
  message: McpMessage | undefined,
  form: NameForm,
): RuleMatches {
  const { canonical } = path
  const accepts = ({ compiled }: Candidate) =>
    applies(compiled, request, canonical) &&
    (compiled.messages === undefined ||
      (message !== undefined && compiled.messages.fits(message, form)))
  const matchIn = (find: FirstOf<Candidate>, reading: PathReading): RuleMatch => {
    const found = find(reading.segments, accepts)
    const compiled = found?.compiled ?? fallback
    const match =
      canonical || request.preflightMethod === undefined ? compiled.match : compiled.closedMatch
    if (!found || !hasNames(found.pattern)) return match
    return { rule: match.rule, parameters: parametersOf(found.pattern, reading) }
  }

  const [first, ...others] = path.readings
  const matches: [RuleMatch, ...RuleMatch[]] = [matchIn(trie.exact, first)]
  const add = (match: RuleMatch) => addTo(matches, match)
  if (first.folded && trie.folded !== trie.exact) add(matchIn(trie.folded, first))
  for (const reading of others) {
    if (reading.exact) add(matchIn(trie.exact, reading))
    if (reading.folded && !(reading.exact && trie.folded === trie.exact))
      add(matchIn(trie.folded, reading))
  }
  return matches
}

function distinct([first, ...others]: RuleMatches): RuleMatches {
  const matches: [RuleMatch, ...RuleMatch[]] = [first]
  for (const match of others) addTo(matches, match)
  return matches
}

function addTo(matches: RuleMatch[], match: RuleMatch): void {
  if (!matches.some((known) => isSame(known, match))) matches.push(match)
}

/** Whether a rule is about a request whose host and path are already known to be its. */
function applies(
  { rule, methods, inNetworks }: CompiledRule,
  request: RuleRequest,
  canonical: boolean,
) {
  if (!canonical && (rule.access === 'public' || rule.access === 'optional')) return false
  if (methods && !methods.has(request.method) && !(canonical && opensTo(rule, methods, request)))
    return false
  return inNetworks === undefined || inNetworks(request.clientAddress)
}

/** A preflight stands for the request that is to come. */
function opensTo(
  { preflight }: Rule,
  methods: ReadonlySet<string>,
  { method, preflightMethod }: RuleRequest,
): boolean {
  return (
    preflight &&
    method === 'OPTIONS' &&
    preflightMethod !== undefined &&
    methods.has(preflightMethod)
  )
}

function isSame(a: RuleMatch, b: RuleMatch): boolean {
  if (a === b) return true
  if (a.rule !== b.rule) return false
  const names = Object.keys(a.parameters)
  return (
    names.length === Object.keys(b.parameters).length &&
    names.every((name) => a.parameters[name] === b.parameters[name])
  )
}
