import { hostPatternText } from '../config/host-matcher.ts'
import type { Loaded } from '../config/load.ts'
import { withoutPassword } from '../config/problem.ts'
import type { Settings } from '../config/settings.ts'
import { describeVariable, type VariableName, variableNames } from '../config/variables.ts'

/** Each variable on a line: its effective value, secrets masked, and where it came from. */
export function effectiveSettings(loaded: Extract<Loaded, { kind: 'ok' }>): string[] {
  const rows = variableNames.map((name) => [name, shown(name, loaded), origin(name, loaded)])
  const [names, values] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => Math.min(row[column]?.length ?? 0, 60))),
  )
  return rows.map(
    ([name = '', value = '', from = '']) =>
      `${name.padEnd(names ?? 0)}  ${value.padEnd(values ?? 0)}  ${from}`,
  )
}

/** Values that are not what the variable says: cleaned, or taken from elsewhere. */
const settled: Partial<Record<VariableName, (settings: Settings) => string | undefined>> = {
  COOKIE_DOMAIN: ({ sites }) =>
    sites.flatMap(({ cookieDomain }) => cookieDomain ?? []).join(',') || undefined,
  APP_HOSTS: ({ apps }) => apps.flatMap(({ hosts }) => hosts.map(hostPatternText)).join(','),
  SESSION_COOKIE_NAME: ({ sites }) =>
    [...new Set(sites.map(({ cookieName }) => cookieName))].join(','),
  AUTH_PATH: ({ authPath }) => authPath,
  POST_LOGOUT_URL: ({ postLogoutUrl }) => postLogoutUrl,
  OIDC_PROMPT: ({ providers: [provider] }) => provider?.prompt,
  TRUSTED_PROXIES: ({ trustedProxies }) => trustedProxies.join(','),
  AUTH_TRUSTED_ISSUERS: ({ issuers }) => issuers.map(({ issuer }) => issuer).join(',') || undefined,
  AUTH_BYPASS_USER: ({ bypass }) => bypass && `${bypass.username}:${bypass.roles.join(',')}`,
}

function shown(name: VariableName, { values, settings }: Extract<Loaded, { kind: 'ok' }>): string {
  const value = settled[name]?.(settings) ?? values[name]
  if (value === undefined) return '-'
  if (describeVariable(name).secret) return '***'
  const text = withoutPassword(typeof value === 'object' ? value.join(',') : String(value))
  return text.includes('\n') ? `(${text.trim().split('\n').length} lines)` : text
}

function origin(name: VariableName, { sources }: Extract<Loaded, { kind: 'ok' }>): string {
  const known = sources.get(name)
  if (!known) return 'default'
  return known
    .map((source) => (source.path === undefined ? source.name : `${source.name} (${source.path})`))
    .join(' + ')
}
