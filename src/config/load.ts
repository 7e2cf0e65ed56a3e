import { systemClock } from '../lib/clock.ts'
import { allowSetting } from './allow-setting.ts'
import { appSettings } from './app-settings.ts'
import { readConfigFile } from './config-file.ts'
import {
  type Environment,
  type ReadFile,
  type Readings,
  readEnvironment,
  readTextFile,
  type Source,
} from './environment.ts'
import type { ConfigFile } from './file-schema.ts'
import { issuerList } from './issuer-list.ts'
import { firstName } from './issuer-settings.ts'
import { adminsSetting, keySettings } from './key-settings.ts'
import { authPathSetting, landingSettings } from './landing-settings.ts'
import { mcpSettings, withResources } from './mcp-settings.ts'
import { listenSettings, trustedProxySettings } from './network-settings.ts'
import { accessPolicy, claimsMapping } from './policy-settings.ts'
import { Findings, type Problem } from './problem.ts'
import { providerList, providerVariables } from './provider-list.ts'
import { quotaSetting } from './quota-setting.ts'
import { ruleSettings } from './rule-settings.ts'
import { adminTokens, checkReuse, signatureKeys } from './secrets.ts'
import { sessionSettings, storeSettings } from './session-settings.ts'
import type { AppSettings, ClaimSettings, Settings } from './settings.ts'
import { siteSettings } from './site-settings.ts'
import { bypassSetting, checkSwitches } from './switches.ts'
import { tlsSettings } from './tls-settings.ts'
import { checkNames } from './unknown-names.ts'
import { readValues } from './values.ts'
import type { Values, VariableName } from './variables.ts'

/** Where values came from; a variable that is absent has its default. */
export type Sources = ReadonlyMap<VariableName, readonly Source[]>

export type Loaded =
  | {
      readonly kind: 'ok'
      readonly settings: Settings
      /** What the settings were made of, for `gatehouse check`. */
      readonly values: Values
      readonly sources: Sources
      readonly warnings: readonly Problem[]
    }
  | {
      readonly kind: 'problems'
      readonly problems: readonly [Problem, ...Problem[]]
      readonly warnings: readonly Problem[]
    }

/**
 * Environment -> values -> settings. Never throws: whatever is wrong comes back at once, each
 * problem with the variable, what is wrong with it and what to write. The settings are frozen.
 */
export function loadSettings(env: Environment, readFile: ReadFile = readTextFile): Loaded {
  const findings = new Findings()
  const readings = readEnvironment(env, readFile, findings)
  const values = readValues(readings, findings)
  checkNames(env, providerVariables(values.OIDC_PROVIDERS ?? []), findings)
  const file =
    values.CONFIG_FILE === undefined
      ? undefined
      : readConfigFile(values.CONFIG_FILE, env, readFile, findings)
  const settings = checkValues(values, readings, { env, readFile, file }, findings)
  const { problems, warnings } = findings
  const [first, ...more] = problems
  if (first) return { kind: 'problems', problems: [first, ...more], warnings }
  if (!settings) throw new TypeError('settings were refused without a problem')
  const sources = new Map([...readings].map(([name, reading]) => [name, reading.sources]))
  return { kind: 'ok', settings: deepFreeze(settings), values, sources, warnings }
}

function checkValues(
  values: Values,
  readings: Readings,
  { env, readFile, file }: { env: Environment; readFile: ReadFile; file: ConfigFile | undefined },
  findings: Findings,
): Settings | undefined {
  const sites = siteSettings(values, findings)
  const authPath = authPathSetting(values, findings)
  const allow = allowSetting('ALLOW', values.ALLOW, findings)
  const providers = providerList(values, allow, env, file, readFile, findings)
  const issuers = issuerList(values, file, providers, allow, findings)
  const apps = sites && appSettings(values, file, sites, providers ?? [], findings)
  const rules = sites && apps && ruleSettings(file, apps.apps, sites, findings)
  const allRules = [...(apps?.apps.flatMap((app) => app.rules) ?? []), ...(rules?.rules ?? [])]
  // Without the providers, resources would name issuers that are not known yet.
  const around = sites && apps && providers && { apps: apps.apps, sites, issuers }
  const mcp = around && mcpSettings(file, around, findings)
  const policy = accessPolicy(file, allRules, findings)
  const mapping = claimsMapping(file, findings)
  const quota = quotaSetting(file, findings)
  const keys = keySettings(file, systemClock.now(), findings)
  const admins = adminsSetting(file, findings)
  const landings = sites && apps && landingSettings(values, sites, apps.apps, authPath, findings)
  const trustedProxies = trustedProxySettings(values, findings)
  const session = sessionSettings(values, findings)
  const store = storeSettings(values, findings)
  const listen = listenSettings(values, findings)
  const tls = tlsSettings(values, readings, findings)
  checkSwitches(values, sites, findings)
  const clients = issuers.map(({ name, client }) => ({ name, ...client }))
  const secrets = {
    signatureKeys: signatureKeys(values, findings),
    adminTokens: adminTokens(values, findings),
  }
  checkReuse(values, [...(providers ?? []), ...clients], findings)
  const bypass = bypassSetting(values, findings)
  if (!sites || !apps || !rules || !mcp || !landings || !providers || !session || !store) return
  const kept = keptClaims(apps.apps, mapping)
  const first = providers[0]?.name ?? firstName
  if (admins.length > 0 && ![...providers, ...issuers].some(({ name }) => name === first))
    findings.warn('admins', 'gives nobody a role: there is no provider whose people it speaks of')
  const withClaims = <T extends { readonly name: string; readonly claims: ClaimSettings }>(
    of: T,
    trusted = true,
  ) => ({
    ...of,
    claims: { ...of.claims, kept: trusted ? kept : [], admins: of.name === first ? admins : [] },
  })
  return {
    listen: { ...listen, ...(tls && { tls }) },
    logLevel: values.LOG_LEVEL,
    sites,
    authPath,
    providers: providers.map((provider) => withClaims(provider)),
    ...apps,
    ...rules,
    accessPolicy: policy,
    claimsMapping: mapping,
    quota,
    keys,
    issuers: issuers.map((issuer) => withResources(withClaims(issuer, issuer.trustsClaims), mcp)),
    mcp,
    trustedProxies,
    proxies: values.PROXY,
    session,
    store,
    assertion: values.AUTH_ASSERTION,
    ...secrets,
    csrfCheck: values.CSRF_CHECK,
    ...landings,
    authEnabled: values.AUTH_ENABLED,
    ...(bypass && { bypass }),
  }
}

/** Claims that are kept: those that apps receive, and those that conditions ask about. */
function keptClaims(
  apps: readonly AppSettings[],
  mapping: Settings['claimsMapping'],
): readonly string[] {
  const received = apps
    .flatMap(({ headers }) => headers.own.map(({ from }) => from))
    .filter((from) => from.startsWith('claims.'))
    .map((from) => from.slice('claims.'.length))
  return [...new Set([...received, ...Object.keys(mapping)])].sort()
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
