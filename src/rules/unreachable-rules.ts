import { coversHost } from '../config/host-matcher.ts'
import type { RuleSettings, Settings } from '../config/settings.ts'
import { covers, everyPath, parsePattern } from './path-pattern.ts'

/**
 * Rules that no request comes to, as an earlier one of the list matches all that they match. An earlier
 * `public` or `optional` rule counts, though it leaves requests whose path is not in its normal form to
 * the later one: whoever wrote that one meant the others too. Some unreachable rules may not be found;
 * those named are.
 */
export function unreachableRules(
  rules: readonly RuleSettings[],
): { readonly name: string; readonly by: string }[] {
  return rules.flatMap((rule, index) => {
    const by = rules.slice(0, index).find((earlier) => leavesNothing(earlier, rule))
    return by ? [{ name: rule.name, by: by.name }] : []
  })
}

/** What an operator should know of the rules of settings that no request comes to. */
export function unreachableWarnings({ apps, rules }: Pick<Settings, 'apps' | 'rules'>): string[] {
  return [rules, ...apps.map((app) => app.rules)]
    .flatMap(unreachableRules)
    .map(
      ({ name, by }) => `the rule ${name} never matches: ${by} comes before it and matches it all`,
    )
}

function leavesNothing(earlier: RuleSettings, later: RuleSettings): boolean {
  const { hosts, networks, paths, mcp } = earlier.match
  return (
    (mcp === undefined || JSON.stringify(mcp) === JSON.stringify(later.match.mcp)) &&
    coversMethods(earlier, later) &&
    (networks === undefined || isSameSet(networks, later.match.networks)) &&
    (hosts === undefined ||
      (later.match.hosts?.every((host) => hosts.some((wide) => coversHost(wide, host))) ??
        false)) &&
    (paths === undefined || coversPaths(paths, later.match.paths))
  )
}

function coversMethods(earlier: RuleSettings, later: RuleSettings): boolean {
  const { methods } = earlier.match
  if (methods === undefined) return true
  // Preflights come to the later rule for what is in its methods.
  if (later.preflight && !earlier.preflight && !methods.includes('OPTIONS')) return false
  return later.match.methods?.every((method) => methods.includes(method)) ?? false
}

function coversPaths(wide: readonly string[], narrow: readonly string[] | undefined): boolean {
  const earlier = wide.map(parsePattern)
  const later = narrow?.map(parsePattern) ?? [everyPath]
  return later.every((pattern) => earlier.some((candidate) => covers(candidate, pattern)))
}

function isSameSet(some: readonly string[], others: readonly string[] = []): boolean {
  return [some, others].every((list, at, both) => list.every((one) => both[1 - at]?.includes(one)))
}
