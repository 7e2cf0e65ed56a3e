import type { ProofKind } from '../model/credential.ts'
import type { Access, Requirements, Rule } from '../model/rule.ts'
import { allowSetting } from './allow-setting.ts'
import { attributeNames, conditionsSetting } from './condition-setting.ts'
import type { ConfigFile } from './file-schema.ts'
import { type Findings, quoted } from './problem.ts'
import { ruleQuota } from './quota-setting.ts'
import { type CheckedMatch, ruleMatch } from './rule-match-settings.ts'
import type { AppSettings, HostPattern, RuleSettings, Settings, Sites } from './settings.ts'

type RuleEntry = NonNullable<ConfigFile['rules']>[number]
type Demands = Omit<RuleEntry, 'name' | 'match' | 'resource' | 'query_token'>

/** What rules are checked against. */
export interface RuleSurroundings {
  /** Of the apps that they are for. */
  readonly hosts: readonly HostPattern[]
  readonly sites: Sites
  /** Whether there is an access policy. */
  readonly policy: boolean
  /** What conditions may ask about. */
  readonly attributes: ReadonlySet<string>
}

const defaultName = 'default'

/** Checks a list of rules; there is one for each entry, also with a problem. */
export function ruleList(
  at: string,
  entries: readonly RuleEntry[] | undefined,
  around: RuleSurroundings,
  findings: Findings,
): readonly RuleSettings[] {
  return (entries ?? []).map((entry, i) => oneRule(`${at}[${i}]`, entry, around, findings))
}

/** Checks the rules for every app and what holds without one; no two rules have one name. */
export function ruleSettings(
  file: ConfigFile | undefined,
  apps: readonly AppSettings[],
  sites: Sites,
  findings: Findings,
): Pick<Settings, 'rules' | 'defaultRule'> {
  const hosts = apps.flatMap((app) => app.hosts)
  const attributes = attributeNames(file)
  const around = { hosts, sites, policy: !!file?.access_policy, attributes }
  const rules = ruleList('rules', file?.rules, around, findings)
  const places = new Map([[defaultName, 'default']])
  const lists = [...apps.map((app) => [`apps.${app.name}.rules`, app.rules] as const)]
  for (const [at, list] of [...lists, ['rules', rules] as const]) {
    for (const [i, { name }] of list.entries()) {
      const other = places.get(name)
      if (other !== undefined)
        findings.refuse(
          `${at}[${i}].name`,
          `${quoted(name)} is the name of ${other} too; requests are counted by it, so choose another one`,
        )
      places.set(name, `${at}[${i}]`)
    }
  }
  return { rules, defaultRule: defaultRule(file?.default ?? {}, attributes, findings) }
}

function oneRule(
  at: string,
  entry: RuleEntry,
  around: RuleSurroundings,
  findings: Findings,
): RuleSettings {
  const checked = ruleMatch(`${at}.match`, entry.match ?? {}, around, findings)
  const { resource, query_token: queryToken } = entry
  checkUseless(at, entry, findings)
  if (resource !== undefined) checkResource(at, resource, checked, around.policy, findings)
  return {
    name: entry.name ?? at,
    match: checked.match,
    preflight: entry.preflight ?? false,
    ...demands(at, entry, checked, around.attributes, findings),
    ...(queryToken !== undefined && { queryToken }),
    ...(resource !== undefined && { resource }),
  }
}

function defaultRule(
  { access = 'user', ...entry }: NonNullable<ConfigFile['default']>,
  attributes: ReadonlySet<string>,
  findings: Findings,
): Rule {
  checkUseless('default', { access, ...entry }, findings)
  return {
    name: defaultName,
    preflight: false,
    ...demands(
      'default',
      { access, ...entry },
      { match: {}, parameters: [] },
      attributes,
      findings,
    ),
  }
}

function demands(
  at: string,
  entry: Demands,
  { parameters }: CheckedMatch,
  attributes: ReadonlySet<string>,
  findings: Findings,
): Omit<Rule, 'name' | 'preflight' | 'resource' | 'queryToken'> {
  const { access, credentials } = entry
  const allow = allowSetting(`${at}.allow`, entry.allow, findings, { services: true })
  const require = requirements(`${at}.require`, entry.require, attributes, findings)
  if (require.when.some(({ kind }) => kind === 'owner') && !parameters.includes('owner'))
    findings.refuse(
      `${at}.require.when`,
      `asks for the owner, and the paths of the rule do not all have {owner}; write, for example, paths: ["/users/{owner}/**"]`,
    )
  return {
    access,
    ...(credentials && { credentials }),
    ...(allow !== undefined && { allow }),
    require,
    quota: ruleQuota(`${at}.quota`, entry.quota, access, findings),
  }
}

function requirements(
  at: string,
  { roles = [], groups = [], scopes = [], when }: NonNullable<Demands['require']> = {},
  attributes: ReadonlySet<string>,
  findings: Findings,
): Requirements {
  const conditions = conditionsSetting(
    `${at}.when`,
    when,
    { attributes, permissive: true },
    findings,
  )
  return { roles, groups, scopes, when: conditions }
}

/** What only counts where somebody is looked at. */
const judged = ['allow', 'require', 'credentials', 'query_token', 'resource', 'quota'] as const

/** What can never be met with an access, or is never looked at. */
function checkUseless(
  at: string,
  entry: Demands & Pick<RuleEntry, 'resource' | 'query_token'>,
  findings: Findings,
): void {
  const { access, credentials } = entry
  const given = judged.filter((key) => entry[key] !== undefined)
  for (const key of given) {
    const fault = uselessness(access, key)
    if (fault !== undefined) findings.refuse(`${at}.${key}`, fault)
  }
  if (entry.query_token !== undefined && credentials?.includes('bearer') === false)
    findings.refuse(
      `${at}.query_token`,
      'does nothing where credentials do not have bearer; add it',
    )
  const never: Partial<Record<Access, ProofKind>> = { user: 'key', service: 'session' }
  if (credentials?.every((kind) => kind === never[access]))
    findings.refuse(
      `${at}.credentials`,
      `lets nobody in: a ${never[access]} is never ${access === 'user' ? 'a user' : 'a service'}'s, which access: ${access} asks for`,
    )
}

function uselessness(access: Access, key: (typeof judged)[number]): string | undefined {
  switch (access) {
    case 'public':
      return 'does nothing with access: public, which looks at nobody; remove it, or write access: any'
    case 'deny':
      return 'does nothing with access: deny, which lets nobody in; remove it'
    case 'optional':
      return key === 'allow' || key === 'require'
        ? 'can never be met by who is not signed in, whom access: optional lets in; write access: user or any'
        : undefined
    case 'user':
    case 'service':
    case 'any':
      return undefined
  }
}

function checkResource(
  at: string,
  resource: string,
  { parameters }: CheckedMatch,
  policy: boolean,
  findings: Findings,
): void {
  const refuse = (message: string) => findings.refuse(`${at}.resource`, message)
  if (!policy)
    refuse('is judged by access_policy, and there is none; write one, or remove the resource')
  if (!/^[A-Za-z_][\w.-]*::[^\s*]+$/.test(resource) || /[{}]/.test(withoutParameters(resource)))
    refuse(`${quoted(resource)} is no type, :: and a name, such as models::{id}`)
  for (const [, name = ''] of resource.matchAll(/\{([^{}]*)\}/g)) {
    if (!parameters.includes(name))
      refuse(`has {${name}}, which not every path of the rule has; write it in each of match.paths`)
  }
}

function withoutParameters(resource: string): string {
  return resource.replaceAll(/\{[A-Za-z]\w*\}/g, '')
}
