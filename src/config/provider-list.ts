import type { AllowList } from '../model/allow.ts'
import { allowSetting } from './allow-setting.ts'
import { signsNobodyIn, takesOthersTokens } from './bearer-only.ts'
import { type Environment, type ReadFile, readEnvironment } from './environment.ts'
import { namePattern, patternFaults } from './file-forms.ts'
import type { ConfigFile } from './file-schema.ts'
import { ownVariables, passOn, variablesOfEntry } from './own-variables.ts'
import { Findings, quoted } from './problem.ts'
import { providerSettings } from './provider-settings.ts'
import type { ProviderSettings } from './settings.ts'
import { readValues } from './values.ts'
import type { Values } from './variables.ts'

const nameForm = new RegExp(namePattern)
const variablePrefix = (name: string) => `OIDC_${name.toUpperCase().replaceAll('-', '_')}_`

/** Names of the variables of the providers that `OIDC_PROVIDERS` lists, `…_FILE` aside. */
export function providerVariables(names: readonly string[]): string[] {
  return names.flatMap((name) =>
    Object.keys(ownVariables).map((suffix) => variablePrefix(name) + suffix),
  )
}

/**
 * Every provider to sign in with: that of `OIDC_ISSUER`, those of `OIDC_PROVIDERS`, those of the file.
 * Undefined with a problem.
 *
 * @param allow - who of those they sign in is let in, where they do not say so themselves
 */
export function providerList(
  values: Values,
  allow: AllowList | undefined,
  env: Environment,
  file: ConfigFile | undefined,
  readFile: ReadFile,
  findings: Findings,
): readonly ProviderSettings[] | undefined {
  const named = values.OIDC_PROVIDERS ?? []
  const inFile = Object.entries(file?.providers ?? {})
  const further = named.length + inFile.length > 0
  const first = firstProvider(values, allow, file, further, findings)
  const fromEnvironment = named.map((name) => {
    if (!isFree(name, env, findings)) return undefined
    const own: Record<string, string | undefined> = {}
    for (const [suffix, variable] of Object.entries(ownVariables)) {
      const full = variablePrefix(name) + suffix
      own[variable] = env[full]
      own[`${variable}_FILE`] = env[`${full}_FILE`]
    }
    const ownName = (suffix: string) => variablePrefix(name) + suffix
    return oneProvider(name, own, ownName, { values, allow, readFile, findings })
  })
  const fromFile = inFile.map(([name, entry]) => {
    const ownName = (suffix: string) => `providers.${name}.${suffix.toLowerCase()}`
    return oneProvider(name, variablesOfEntry(entry), ownName, {
      values,
      allow,
      readFile,
      findings,
    })
  })
  const all = [...fromEnvironment, ...fromFile]
  const good = all.filter((one) => one !== undefined)
  if (!first || good.length < all.length) return
  const providers = [...first, ...good]
  return distinct(providers, findings) ? providers : undefined
}

function oneProvider(
  name: string,
  own: Environment,
  ownName: (suffix: string) => string,
  {
    values: shared,
    allow,
    readFile,
    findings,
  }: {
    readonly values: Values
    readonly allow: AllowList | undefined
    readonly readFile: ReadFile
    readonly findings: Findings
  },
): ProviderSettings | undefined {
  const scoped = new Findings()
  const values = readValues(readEnvironment(own, readFile, scoped), scoped)
  const merged: Values = {
    ...values,
    ALLOW_INSECURE: shared.ALLOW_INSECURE,
    OIDC_LABEL: values.OIDC_LABEL ?? name[0]?.toUpperCase() + name.slice(1),
    AUTH_ROLES_CLAIM: own.AUTH_ROLES_CLAIM ? values.AUTH_ROLES_CLAIM : shared.AUTH_ROLES_CLAIM,
    AUTH_GROUPS_CLAIM: own.AUTH_GROUPS_CLAIM ? values.AUTH_GROUPS_CLAIM : shared.AUTH_GROUPS_CLAIM,
    ...(shared.OIDC_GROUPS_ALLOWLIST && { OIDC_GROUPS_ALLOWLIST: shared.OIDC_GROUPS_ALLOWLIST }),
  }
  const ownAllow = allowSetting('ALLOW', values.ALLOW, scoped) ?? allow
  const provider = providerSettings(merged, name, ownAllow, scoped)
  passOn(scoped, ownName, findings)
  return provider
}

/** The provider of `OIDC_ISSUER`, in a list that is empty where there is none; undefined with a problem. */
function firstProvider(
  values: Values,
  allow: AllowList | undefined,
  file: ConfigFile | undefined,
  further: boolean,
  findings: Findings,
): readonly ProviderSettings[] | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_SECRET: secret } = values
  if (issuer === undefined && (further || takesOthersTokens(values, file))) {
    refuseLeftovers(values, findings)
    return []
  }
  if (signsNobodyIn(values, file)) {
    if (issuer !== undefined && secret !== undefined)
      findings.warn('OIDC_CLIENT_SECRET', 'is not used without OIDC_CLIENT_ID: nobody signs in')
    return []
  }
  const advice = '; without one nobody signs in, and bearer tokens need AUTH_ALLOWED_AUDIENCES'
  const provider = providerSettings(values, 'default', allow, findings, advice)
  return provider && [provider]
}

/** Settings of the one provider that there is not. */
function refuseLeftovers(values: Values, findings: Findings): void {
  for (const name of ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_INTERNAL_URL'] as const) {
    if (values[name] !== undefined)
      findings.refuse(
        name,
        'belongs to the provider of OIDC_ISSUER, which is not set; give it to a provider by its own variable, or set OIDC_ISSUER',
      )
  }
}

/** Whether a name can be a provider's: plain, and its variables no other's. */
function isFree(name: string, env: Environment, findings: Findings): boolean {
  const refuse = (message: string) => {
    findings.refuse('OIDC_PROVIDERS', message, 'staff,partner')
    return false
  }
  if (!nameForm.test(name)) return refuse(`${quoted(name)} ${patternFaults[namePattern]}`)
  const prefix = variablePrefix(name)
  const taken = Object.values(ownVariables).find((variable) => variable.startsWith(prefix))
  if (taken) return refuse(`${quoted(name)} would share the variable ${taken}; choose another name`)
  if (!env[`${prefix}ISSUER`] && !env[`${prefix}ISSUER_FILE`])
    return refuse(`${quoted(name)} has no ${prefix}ISSUER; set it to the issuer of that provider`)
  return true
}

function distinct(providers: readonly ProviderSettings[], findings: Findings): boolean {
  for (const [i, { name, issuer, clientId }] of providers.entries()) {
    const other = providers.slice(0, i).find((one) => one.name === name || one.issuer === issuer)
    if (!other) continue
    findings.refuse(
      'OIDC_PROVIDERS',
      other.name === name
        ? `two providers are named ${name}`
        : `${other.name} and ${name} have the same issuer ${issuer}: sessions and logout tokens of the two could not be told apart (client ${clientId})`,
    )
    return false
  }
  return true
}
