import { isLocalHost } from './hosts.ts'
import { type Findings, quoted } from './problem.ts'
import type { Settings, Sites } from './settings.ts'
import type { Values } from './variables.ts'

const testUser = 'testuser:admin,user'

/** Lets switches that weaken security pass only where somebody said so, and never silently. */
export function checkSwitches(values: Values, sites: Sites | undefined, findings: Findings): void {
  if (values.ALLOW_INSECURE)
    findings.warn('ALLOW_INSECURE', 'is true: settings that weaken security are accepted')
  const isAccepted =
    values.ALLOW_INSECURE || sites?.every((site) => isLocalHost(new URL(site.origin).hostname))
  const check = (name: 'AUTH_ENABLED' | 'AUTH_MODE', value: string, safe: string, as: string) =>
    isAccepted
      ? findings.warn(name, `is ${value}: everyone passes as ${as}, nobody is asked to sign in`)
      : findings.refuse(
          name,
          `${value} passes everyone as ${as}; it needs ALLOW_INSECURE=true, or a PUBLIC_URL on localhost, under .localhost or on a loopback address`,
          safe,
        )
  const bypasses = values.AUTH_MODE === 'bypass'
  if (!values.AUTH_ENABLED) check('AUTH_ENABLED', 'false', 'true', 'anonymous')
  if (bypasses) check('AUTH_MODE', 'bypass', 'kong_headers', 'the test user')
  if (bypasses && !values.AUTH_ENABLED)
    findings.refuse(
      'AUTH_MODE',
      'bypass passes everyone as the test user, AUTH_ENABLED=false as anonymous; keep one of them',
    )
}

/** Checks in whose name everyone passes with `AUTH_MODE=bypass`; undefined without it. */
export function bypassSetting(values: Values, findings: Findings): Settings['bypass'] {
  const { AUTH_MODE: mode, AUTH_BYPASS_USER: written } = values
  if (mode !== 'bypass') {
    if (written !== undefined)
      findings.warn('AUTH_BYPASS_USER', 'does nothing without AUTH_MODE=bypass')
    return
  }
  const [, username, list = ''] = /^([^\s:,]+)(?::(.*))?$/s.exec(written ?? testUser) ?? []
  if (username === undefined)
    return findings.refuse(
      'AUTH_BYPASS_USER',
      `${quoted(written ?? '')} is no user name with its roles after a colon`,
      testUser,
    )
  const roles = list.split(',').map((role) => role.trim())
  return { username, roles: [...new Set(roles.filter((role) => role !== ''))] }
}
