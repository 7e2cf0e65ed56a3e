import { hostPatternText } from '../config/host-matcher.ts'
import type { Settings } from '../config/settings.ts'
import { siteMatcher } from '../config/site-matcher.ts'
import { siteUrl } from '../model/site.ts'
import { openRule, signedInRule } from '../rules/implicit-rules.ts'
import { Admissions } from './admissions.ts'
import type { Assertions } from './assertions.ts'
import type { Gate } from './decide.ts'
import { RequestSignatures } from './request-signatures.ts'

/** What a gate does not make of the settings itself. */
type GateParts = Pick<Gate, 'clock' | 'peers' | 'sessions' | 'appOf' | 'isOwnRoute'> & {
  readonly assertions: Assertions | undefined
  /** Every identity header that some app receives, without `x-request-id`. */
  readonly headerNames: readonly string[]
}

/** Builds what requests are decided with. */
export function createGate(
  settings: Settings,
  { clock, peers, sessions, appOf, isOwnRoute, assertions, headerNames }: GateParts,
): Gate {
  const { sites, signatureKeys, providers } = settings
  const known = siteMatcher(sites)
  const siteOf = (host: string) => known(host) ?? sites[0]
  const allowed = new Map(providers.map(({ name, allow }) => [name, allow]))
  const firstProvider = providers[0]?.name ?? ''
  const [signatureKey] = signatureKeys
  const scheme = sites[0].secure ? 'https:' : 'http:'
  const rule = settings.authEnabled ? signedInRule : openRule
  return {
    clock,
    peers,
    sessions,
    appOf,
    isOwnRoute,
    siteOf,
    firstProvider,
    unknownHost: unknownHostReason(settings),
    trustedProxies: settings.trustedProxies,
    ruleFor: () => rule,
    isOwnOrigin: (origin) => {
      if (!URL.canParse(origin)) return false
      const url = new URL(origin)
      if (url.origin !== origin || url.protocol !== scheme) return false
      return sites.some((site) => site.origin === origin) || appOf(url.host) !== undefined
    },
    csrfCheck: settings.csrfCheck || sites[0].cookieSameSite === 'none',
    signatures: signatureKey === undefined ? undefined : new RequestSignatures(signatureKey, clock),
    admissions: new Admissions({
      naming: { names: headerNames, firstProvider },
      allowOf: (provider) => allowed.get(provider),
      assertions,
      issuerOf: (host) => siteUrl(siteOf(host), ''),
      signs: signatureKey !== undefined,
      clock,
    }),
  }
}

function unknownHostReason({ apps, namesApps }: Settings): (host: string) => string {
  if (namesApps)
    return (host) =>
      `${host} is the host of no app; if it is one of yours, add it to the hosts of its app in CONFIG_FILE`
  const hosts = apps.flatMap((app) => app.hosts.map(hostPatternText))
  return (host) =>
    `${host} is not in APP_HOSTS; if it is your app, set APP_HOSTS=${[...hosts, host].join(',')}`
}
