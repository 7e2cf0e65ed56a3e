import { isLocalHost } from './hosts.ts'
import type { Findings } from './problem.ts'
import type { Sites } from './settings.ts'
import type { Values } from './variables.ts'

/** Lets switches that weaken security pass only where somebody said so, and never silently. */
export function checkSwitches(values: Values, sites: Sites | undefined, findings: Findings): void {
  if (values.ALLOW_INSECURE)
    findings.warn('ALLOW_INSECURE', 'is true: settings that weaken security are accepted')
  if (values.AUTH_ENABLED) return
  if (values.ALLOW_INSECURE || sites?.every((site) => isLocalHost(new URL(site.origin).hostname)))
    findings.warn(
      'AUTH_ENABLED',
      'is false: everyone passes as anonymous, nobody is asked to sign in',
    )
  else
    findings.refuse(
      'AUTH_ENABLED',
      'false passes everyone as anonymous; it needs ALLOW_INSECURE=true, or a PUBLIC_URL on localhost, under .localhost or on a loopback address',
      'true',
    )
}
