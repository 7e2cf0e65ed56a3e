import { METHODS } from 'node:http'
import { type McpMatch, namingMethods } from '../model/mcp.ts'
import { hostPattern } from './app-host-settings.ts'
import { isUnder } from './hosts.ts'
import { isNetwork } from './network-settings.ts'
import { type Findings, quoted } from './problem.ts'
import { readRulePath } from './rule-path.ts'
import type { HostPattern, RuleSettings, Sites } from './settings.ts'

/** Which requests a rule of the file is about. */
export interface WrittenMatch {
  readonly hosts?: readonly string[]
  readonly paths?: readonly string[]
  readonly methods?: readonly string[]
  readonly networks?: readonly string[]
  readonly mcp?: McpMatch
}

/** A checked match, and the parameters that all of its paths name. */
export interface CheckedMatch {
  readonly match: RuleSettings['match']
  readonly parameters: readonly string[]
}

/**
 * Checks which requests a rule is about.
 *
 * @param appHosts - hosts that requests can have at all
 */
export function ruleMatch(
  at: string,
  { hosts, paths, methods, networks, mcp }: WrittenMatch,
  { hosts: appHosts, sites }: { readonly hosts: readonly HostPattern[]; readonly sites: Sites },
  findings: Findings,
): CheckedMatch {
  const patterns = hosts?.flatMap((text, i) => {
    const pattern = hostPattern(`${at}.hosts[${i}]`, text, sites, findings)
    if (pattern && !appHosts.some((host) => overlap(host, pattern)))
      findings.warn(`${at}.hosts[${i}]`, `${quoted(text)} is no host of an app: it never matches`)
    return pattern ?? []
  })
  const read = paths?.flatMap((text, i) => {
    const path = readRulePath(text)
    if ('path' in path) return [path]
    findings.refuse(`${at}.paths[${i}]`, path.fault)
    return []
  })
  for (const [i, method] of methods?.entries() ?? []) {
    const fault = methodFault(method)
    if (fault) findings.refuse(`${at}.methods[${i}]`, fault)
  }
  for (const [i, network] of networks?.entries() ?? []) {
    if (!isNetwork(network))
      findings.refuse(
        `${at}.networks[${i}]`,
        `${quoted(network)} is no address or CIDR, such as 10.0.0.0/8`,
      )
  }
  if (mcp) checkMessages(at, mcp, { paths, methods }, findings)
  const [first, ...more] = read ?? []
  const parameters = first?.parameters.filter((name) =>
    more.every((path) => path.parameters.includes(name)),
  )
  return {
    match: {
      ...(patterns && { hosts: patterns }),
      ...(read && { paths: read.map(({ path }) => path) }),
      ...(methods && { methods }),
      ...(networks && { networks }),
      ...(mcp && { mcp }),
    },
    parameters: parameters ?? [],
  }
}

/** Paths of a rule about messages are closed to others, so that they are to be named; and what never fits. */
function checkMessages(
  at: string,
  { methods: asked, ...lists }: McpMatch,
  { paths, methods }: { readonly [key in 'paths' | 'methods']: readonly string[] | undefined },
  findings: Findings,
): void {
  if (!paths)
    findings.refuse(
      `${at}.mcp`,
      'needs paths beside it: on these, messages that are not known are refused; write, for example, paths: [/mcp]',
    )
  if (methods && !methods.includes('POST'))
    findings.refuse(`${at}.methods`, 'has no POST, the one method by which MCP messages come')
  for (const [method, list] of Object.entries(namingMethods)) {
    if (lists[list] && asked && !asked.some((pattern) => isOf(pattern, method)))
      findings.refuse(
        `${at}.mcp.methods`,
        `does not have ${method}, with which alone a message is about ${list}; add it, or leave methods out`,
      )
  }
}

function isOf(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}

function methodFault(method: string): string | undefined {
  if (METHODS.includes(method)) return
  const upper = method.toUpperCase()
  return METHODS.includes(upper)
    ? `${quoted(method)} is never asked for: methods are in upper case; write ${upper}`
    : `${quoted(method)} is no HTTP method such as GET or POST`
}

/** Whether there are hosts that fit both. */
function overlap(a: HostPattern, b: HostPattern): boolean {
  if (a.port !== undefined && b.port !== undefined && a.port !== b.port) return false
  if (a.wildcard && b.wildcard) return isUnder(a.name, b.name) || isUnder(b.name, a.name)
  if (a.wildcard) return b.name.endsWith(`.${a.name}`)
  if (b.wildcard) return a.name.endsWith(`.${b.name}`)
  return a.name === b.name
}
