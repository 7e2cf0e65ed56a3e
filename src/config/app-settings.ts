import type { App } from '../model/app.ts'
import { allowSetting } from './allow-setting.ts'
import { appHost, appHostSettings } from './app-host-settings.ts'
import { attributeNames } from './condition-setting.ts'
import { durationMs } from './durations.ts'
import type { ConfigFile } from './file-schema.ts'
import { appHeaders, headerSettings } from './header-settings.ts'
import { hostPatternText } from './host-matcher.ts'
import { type Findings, quoted } from './problem.ts'
import { type RuleSurroundings, ruleList } from './rule-settings.ts'
import type { AppSettings, ProviderSettings, Settings, Sites } from './settings.ts'
import type { Values } from './variables.ts'

type AppEntry = NonNullable<ConfigFile['apps']>[string]

/** Checks the apps: those of the file, else one for all hosts. Undefined with a problem. */
export function appSettings(
  values: Values,
  file: ConfigFile | undefined,
  sites: Sites,
  providers: readonly ProviderSettings[],
  findings: Findings,
): Pick<Settings, 'apps' | 'namesApps'> | undefined {
  const headers = headerSettings(values, file, findings)
  const token = values.PASS_TOKEN
  if (!file?.apps) {
    const hosts = appHostSettings(values, sites, findings)
    const app = { name: 'default', hosts, headers, token, signIn: {}, rules: [] }
    return { apps: [app], namesApps: false }
  }
  if (values.APP_HOSTS !== undefined)
    findings.refuse('APP_HOSTS', 'and apps in CONFIG_FILE are there both; keep one of them')
  const all = Object.entries(file.apps).map(([name, entry]) =>
    oneApp(
      name,
      entry,
      { headers, token, policy: !!file.access_policy, attributes: attributeNames(file) },
      sites,
      providers,
      findings,
    ),
  )
  checkHosts(all, findings)
  const [first, ...more] = all
  return first && { apps: [first, ...more], namesApps: true }
}

function oneApp(
  name: string,
  entry: AppEntry,
  common: Pick<App, 'headers' | 'token'> & Pick<RuleSurroundings, 'policy' | 'attributes'>,
  sites: Sites,
  providers: readonly ProviderSettings[],
  findings: Findings,
): AppSettings {
  const at = `apps.${name}`
  const hosts = entry.hosts.flatMap((text) => appHost(`${at}.hosts`, text, sites, findings) ?? [])
  const allow = allowSetting(`${at}.allow`, entry.allow, findings, { services: true })
  if (entry.allow?.length === 0)
    findings.refuse(`${at}.allow`, 'lists nobody; name somebody, or leave it out')
  const { providers: only, acr, max_age: maxAge } = entry.sign_in ?? {}
  for (const provider of only ?? []) {
    if (!providers.some((one) => one.name === provider))
      findings.refuse(
        `${at}.sign_in.providers`,
        `${quoted(provider)} is no provider; known: ${providers.map((one) => one.name).join(', ')}`,
      )
  }
  return {
    name,
    hosts,
    ...(allow !== undefined && { allow }),
    headers: appHeaders(name, entry.headers, common.headers, findings),
    token: entry.token ?? common.token,
    ...(entry.audience !== undefined && { audience: entry.audience }),
    signIn: {
      ...(only && { providers: only }),
      ...(acr && { acr }),
      ...(maxAge !== undefined && { maxAgeMs: durationMs(maxAge) }),
    },
    rules: ruleList(`${at}.rules`, entry.rules, { ...common, hosts, sites }, findings),
  }
}

/** Every host belongs to one app. */
function checkHosts(apps: readonly AppSettings[], findings: Findings): void {
  const owners = new Map<string, string>()
  for (const { name, hosts } of apps) {
    for (const host of hosts) {
      const key = hostPatternText(host)
      const owner = owners.get(key)
      if (owner !== undefined)
        findings.refuse(`apps.${name}.hosts`, `${quoted(key)} is a host of the app ${owner} too`)
      owners.set(key, name)
    }
  }
}
