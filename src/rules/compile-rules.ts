import { BlockList, isIP } from 'node:net'
import { LRUCache } from 'lru-cache'
import { hostOf, matchesHost } from '../config/host-matcher.ts'
import type { RuleSettings } from '../config/settings.ts'
import { memo } from '../lib/memo.ts'
import type { Rule, RuleMatches } from '../model/rule.ts'
import { messageMatcher } from './match-messages.ts'
import { matchRules } from './match-rules.ts'
import { namesMessagesAt } from './message-paths.ts'
import { everyPath, foldedPattern, type PathPattern, parsePattern } from './path-pattern.ts'
import { pathTrie } from './path-trie.ts'
import type { CompiledRule, PathTries, RuleRequest, RuleTrie } from './rule-trie.ts'

const rememberedHosts = 1_000
const rememberedAddresses = 1_000
/** One for each set of rules that some host has. */
const keptTries = 256

type RuledApp = { readonly name: string; readonly rules: readonly RuleSettings[] }

/** What holds for a request to an app: the first rule that matches, for each reading of the path. */
export interface RulesFor {
  (request: RuleRequest, app: RuledApp): RuleMatches
  /** Whether a rule about MCP messages names the path of a request. */
  namesMessages(request: Pick<RuleRequest, 'host' | 'path'>, app: RuledApp): boolean
}

type TrieOf = (host: string) => RuleTrie | undefined

interface PathRule extends CompiledRule {
  readonly hosts: RuleSettings['match']['hosts']
  readonly patterns: readonly { readonly exact: PathPattern; readonly folded: PathPattern }[]
}

/**
 * Makes the rules ready: those of a request's app, then the global ones, then the default.
 *
 * @param settings.publicPorts the ports of the sites, which hosts without a port stand for too
 */
export function compileRules({
  rules,
  defaultRule,
  publicPorts,
}: {
  readonly rules: readonly RuleSettings[]
  readonly defaultRule: Rule
  readonly publicPorts: ReadonlySet<string>
}): RulesFor {
  const inNetworks = networkMatchers()
  const compile = (rule: RuleSettings) => compileRule(rule, inNetworks)
  const global = rules.map(compile)
  const fallback: CompiledRule = {
    methods: undefined,
    inNetworks: undefined,
    ...matchesOf(defaultRule),
  }
  const byDefault: RuleMatches = [fallback.match]
  const tries = new LRUCache<string, RuleTrie>({ max: keptTries })
  const trieOfGlobal = triesByHost(global, publicPorts, 'global', tries)
  // By its rules, as apps are made anew with the settings; those without any share one.
  const ofApps = new WeakMap<readonly RuleSettings[], TrieOf>()
  let apps = 0
  const trieFor = ({ host }: Pick<RuleRequest, 'host'>, app: RuledApp) => {
    let trieOf = app.rules.length === 0 ? trieOfGlobal : ofApps.get(app.rules)
    if (!trieOf) {
      apps += 1
      const all = [...app.rules.map(compile), ...global]
      trieOf = triesByHost(all, publicPorts, String(apps), tries)
      ofApps.set(app.rules, trieOf)
    }
    return trieOf(host)
  }
  const rulesFor = (request: RuleRequest, app: RuledApp) => {
    const trie = trieFor(request, app)
    return trie ? matchRules(trie, request, fallback) : byDefault
  }
  return Object.assign(rulesFor, {
    namesMessages(request: Pick<RuleRequest, 'host' | 'path'>, app: RuledApp) {
      const trie = trieFor(request, app)
      return trie !== undefined && namesMessagesAt(trie, request.path)
    },
  })
}

function compileRule(
  rule: RuleSettings,
  inNetworks: (networks: readonly string[]) => (address: string) => boolean,
): PathRule {
  const { hosts, paths, methods, networks, mcp } = rule.match
  return {
    hosts,
    methods: methods && new Set(methods),
    inNetworks: networks && inNetworks(networks),
    messages: mcp && messageMatcher(mcp),
    patterns: (paths?.map(parsePattern) ?? [everyPath]).map((exact) => ({
      exact,
      folded: foldedPattern(exact),
    })),
    ...matchesOf(rule),
  }
}

function matchesOf(rule: Rule): Pick<CompiledRule, 'rule' | 'match' | 'closedMatch'> {
  const match = { rule, parameters: {} }
  const closed = rule.preflight ? { rule: { ...rule, preflight: false }, parameters: {} } : match
  return { rule, match, closedMatch: closed }
}

/** Hosts that the same rules are about share a trie; a host without any has none. */
function triesByHost(
  rules: readonly PathRule[],
  publicPorts: ReadonlySet<string>,
  owner: string,
  tries: LRUCache<string, RuleTrie>,
): TrieOf {
  if (rules.every(({ hosts }) => hosts === undefined)) {
    let trie: RuleTrie | undefined
    return () => {
      if (rules.length > 0) trie ??= trieOf(rules)
      return trie
    }
  }
  return memo((host) => {
    const asked = hostOf(host)
    const about = rules.flatMap(({ hosts }, index) =>
      hosts === undefined || hosts.some((pattern) => matchesHost(pattern, asked, publicPorts))
        ? [index]
        : [],
    )
    if (about.length === 0) return
    const key = `${owner} ${about.join()}`
    const known = tries.get(key)
    if (known) return known
    const trie = trieOf(about.flatMap((index) => rules[index] ?? []))
    tries.set(key, trie)
    return trie
  }, rememberedHosts)
}

function trieOf(rules: readonly PathRule[]): RuleTrie {
  const ofMessages = rules.filter(({ messages }) => messages !== undefined)
  return {
    ...triesOf(rules),
    ofMessages: ofMessages.length > 0 ? triesOf(ofMessages) : undefined,
  }
}

function triesOf(rules: readonly PathRule[]): PathTries {
  const patterns = rules.flatMap((compiled) =>
    compiled.patterns.map((pattern) => ({ compiled, ...pattern })),
  )
  const trie = (form: 'exact' | 'folded') =>
    pathTrie(
      patterns.map(({ compiled, [form]: pattern }) => ({ pattern, value: { compiled, pattern } })),
    )
  const exact = trie('exact')
  const changed = patterns.some(({ exact, folded }) => exact.join('/') !== folded.join('/'))
  return { exact, folded: changed ? trie('folded') : exact }
}

/** Which addresses are in networks; rules with the same networks share what is remembered of them. */
function networkMatchers(): (networks: readonly string[]) => (address: string) => boolean {
  const known = new Map<string, (address: string) => boolean>()
  return (networks) => {
    const key = networks.join()
    const matcher = known.get(key) ?? networkMatcher(networks)
    known.set(key, matcher)
    return matcher
  }
}

function networkMatcher(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    if (prefix === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(prefix), familyOf(address))
  }
  return memo(
    (address) => isIP(address) !== 0 && list.check(address, familyOf(address)),
    rememberedAddresses,
  )
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
