import { actions, type ResourcePattern, type Statement } from '../model/access-policy.ts'
import { attributeNames, conditionsSetting } from './condition-setting.ts'
import type { ConfigFile } from './file-schema.ts'
import { type Findings, quoted } from './problem.ts'
import type { RuleSettings } from './settings.ts'

type StatementEntry = NonNullable<ConfigFile['access_policy']>[number]

/**
 * Checks the access policy.
 *
 * @param rules - of all apps, which say what is judged
 */
export function accessPolicy(
  file: ConfigFile | undefined,
  rules: readonly RuleSettings[],
  findings: Findings,
): readonly Statement[] {
  const entries = file?.access_policy ?? []
  const judged = rules.filter(({ resource }) => resource !== undefined)
  if (entries.length > 0 && judged.length === 0)
    findings.warn('access_policy', 'has no effect: no rule has a resource, so it judges nothing')
  const attributes = attributeNames(file)
  const statements = entries.map((entry, i) =>
    oneStatement(`access_policy[${i}]`, entry, attributes, findings),
  )
  const asksForOwner = statements.findIndex((statement) =>
    [...(statement?.when ?? []), ...(statement?.unless ?? [])].some(({ kind }) => kind === 'owner'),
  )
  const named = ({ match }: RuleSettings) =>
    match.paths?.some((path) => path.split('/').includes('{owner}'))
  if (asksForOwner >= 0 && judged.length > 0 && !judged.some(named))
    findings.warn(
      `access_policy[${asksForOwner}]`,
      'asks for the owner, and no rule with a resource has {owner} in its paths: nobody is one',
    )
  return statements.filter((statement) => statement !== undefined)
}

function oneStatement(
  at: string,
  { permit, forbid, when, unless }: StatementEntry,
  attributes: ReadonlySet<string>,
  findings: Findings,
): Statement | undefined {
  const isPermit = permit !== undefined
  const read = (key: string, written: string | readonly string[] | undefined) =>
    conditionsSetting(
      `${at}.${key}`,
      written,
      { attributes, permissive: isPermit === (key === 'when') },
      findings,
    )
  const conditions = {
    when: read('when', when as string | readonly string[]),
    unless: read('unless', unless as string | readonly string[]),
  }
  const scope = permit ?? forbid
  if (!scope || (permit && forbid))
    return findings.refuse(
      at,
      `has ${scope ? 'both permit and forbid' : 'neither permit nor forbid'}; a statement has one of them`,
    )
  const effect = permit ? 'permit' : 'forbid'
  const resource = resourcePattern(`${at}.${effect}.resource`, scope.resource, findings)
  const wanted = actions.filter((action) => scope.actions.includes(action))
  return resource && { effect, actions: wanted, resource, ...conditions }
}

function resourcePattern(
  at: string,
  written: string,
  findings: Findings,
): ResourcePattern | undefined {
  const prefix = written.endsWith('*')
  const text = prefix ? written.slice(0, -1) : written
  if (text.includes('*'))
    return findings.refuse(at, `${quoted(written)} has a * that is not at its end`)
  if (/[{}]/.test(text))
    return findings.refuse(
      at,
      `${quoted(written)} has braces; here a * at the end stands for any name`,
    )
  if (!(prefix && text === '') && !/^[A-Za-z_][\w.-]*::\S*$/.test(text))
    return findings.refuse(
      at,
      `${quoted(written)} is no type, :: and a name, such as models::llama or models::*, nor *`,
    )
  if (!prefix && text.endsWith('::'))
    return findings.refuse(at, `${quoted(written)} names nothing; all of a type are ${text}*`)
  return { text, prefix }
}

/** Claims that people can choose for themselves at many providers. */
const chosen = ['sub', 'preferred_username', 'email', 'name']

/** Checks what conditions ask about. */
export function claimsMapping(
  file: ConfigFile | undefined,
  findings: Findings,
): Readonly<Record<string, string>> {
  const mapping = file?.claims_mapping ?? {}
  for (const claim of chosen) {
    if (Object.hasOwn(mapping, claim) && mapping[claim] === 'roles')
      findings.warn(
        `claims_mapping.${claim}`,
        'feeds roles: somebody who is named like a role has it in conditions; give it an attribute of its own',
      )
  }
  return mapping
}
