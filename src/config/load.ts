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
import { authPathSetting, landingSettings } from './landing-settings.ts'
import { listenSettings, trustedProxySettings } from './network-settings.ts'
import { checkPlanned } from './planned.ts'
import { Findings, type Problem } from './problem.ts'
import { providerList, providerVariables } from './provider-list.ts'
import { signatureKeys } from './secrets.ts'
import { sessionSettings, storeSettings } from './session-settings.ts'
import type { AppSettings, ProviderSettings, Settings } from './settings.ts'
import { siteSettings } from './site-settings.ts'
import { checkSwitches } from './switches.ts'
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
  checkPlanned(env, values.OIDC_ISSUER, findings)
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
  const providers = providerList(values, env, file, readFile, findings)
  const apps = sites && appSettings(values, file, sites, providers ?? [], findings)
  const landings = sites && apps && landingSettings(values, sites, apps.apps, authPath, findings)
  const trustedProxies = trustedProxySettings(values, findings)
  const session = sessionSettings(values, findings)
  const store = storeSettings(values, findings)
  const listen = listenSettings(values, findings)
  const tls = tlsSettings(values, readings, findings)
  checkSwitches(values, sites, findings)
  if (!sites || !apps || !landings || !providers || !session || !store) return
  return {
    listen: { ...listen, ...(tls && { tls }) },
    logLevel: values.LOG_LEVEL,
    sites,
    authPath,
    providers: providers.map((provider) => keepingClaims(provider, apps.apps)),
    ...apps,
    trustedProxies,
    proxies: values.PROXY,
    session,
    store,
    assertion: values.AUTH_ASSERTION,
    signatureKeys: signatureKeys(values, findings),
    csrfCheck: values.CSRF_CHECK,
    ...landings,
    authEnabled: values.AUTH_ENABLED,
  }
}

/** A provider of whose claims those are kept that apps receive. */
function keepingClaims(provider: ProviderSettings, apps: readonly AppSettings[]): ProviderSettings {
  const kept = apps
    .flatMap(({ headers }) => headers.own.map(({ from }) => from))
    .filter((from) => from.startsWith('claims.'))
    .map((from) => from.slice('claims.'.length))
  return { ...provider, claims: { ...provider.claims, kept: [...new Set(kept)].sort() } }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
