import { hostPatternText, publicPortsOf } from '../config/host-matcher.ts'
import { speaksOfMcp } from '../config/mcp-settings.ts'
import type { AppSettings, Settings } from '../config/settings.ts'
import { siteMatcher } from '../config/site-matcher.ts'
import type { Clock } from '../lib/clock.ts'
import { anonymous, type Identity } from '../model/identity.ts'
import type { Limits, QuotaStore } from '../model/quota.ts'
import { type Site, siteUrl } from '../model/site.ts'
import type { TrustedPeers } from '../proxies/trusted-peers.ts'
import { compileRules, type RulesFor } from '../rules/compile-rules.ts'
import { Admissions } from './admissions.ts'
import type { Assertions } from './assertions.ts'
import type { Prover, Provers } from './authenticate.ts'
import type { Policies } from './authorize.ts'
import { type McpPlaces, mcpPlaces } from './mcp-places.ts'
import { RequestSignatures } from './request-signatures.ts'

/** What the decision is made with; built once from the settings, and again when they change. */
export interface Gate extends Provers, Policies {
  readonly peers: TrustedPeers
  /** The app of a host, where it is one the gateway answers for. */
  readonly appOf: (host: string) => AppSettings | undefined
  /** Why a host is unknown, and the setting that would admit it. */
  readonly unknownHost: (host: string) => string
  readonly trustedProxies: readonly string[]
  readonly isOwnRoute: (host: string, path: string) => boolean
  /** The site whose cookie and sign-in page belong to a host. */
  readonly siteOf: (host: string) => Site
  readonly rulesFor: RulesFor
  /** Where the settings speak of MCP: the resources that a path lies in, as its readings say. */
  readonly mcpAt: ((host: string, path: string) => McpPlaces | undefined) | undefined
  /** False passes everyone as nobody, where no rule denies. */
  readonly authEnabled: boolean
  /** In whose name everybody asks, where it is a test. */
  readonly everyone: Prover | undefined
  /** Whether an `Origin` is one of an app or of the gateway itself. */
  readonly isOwnOrigin: (origin: string) => boolean
  readonly csrfCheck: boolean
  readonly admissions: Admissions
  /** Of all requests of a caller. */
  readonly quota: Limits
  /** Counts requests, where there are limits. */
  readonly quotas: QuotaStore | undefined
  /** Signs requests for apps, where that is wanted. */
  readonly signatures: RequestSignatures | undefined
  readonly clock: Clock
}

/** What a gate does not make of the settings itself. */
type GateParts = Pick<
  Gate,
  'clock' | 'peers' | 'sessions' | 'tokens' | 'keys' | 'quotas' | 'appOf' | 'isOwnRoute'
> & {
  readonly assertions: Assertions | undefined
  /** Every identity header that some app receives, without `x-request-id`. */
  readonly headerNames: readonly string[]
}

/** Builds what requests are decided with. */
export function createGate(
  settings: Settings,
  { assertions, headerNames, ...parts }: GateParts,
): Gate {
  const { sites, signatureKeys, providers, issuers, rules, defaultRule } = settings
  const { appOf, clock } = parts
  const known = siteMatcher(sites)
  const siteOf = (host: string) => known(host) ?? sites[0]
  const allowed = new Map([...issuers, ...providers].map(({ name, allow }) => [name, allow]))
  const firstProvider = (providers[0] ?? issuers[0])?.name ?? ''
  const [signatureKey] = signatureKeys
  const scheme = sites[0].secure ? 'https:' : 'http:'
  const publicPorts = publicPortsOf(sites)
  return {
    ...parts,
    siteOf,
    firstProvider,
    accessPolicy: settings.accessPolicy,
    claimsMapping: settings.claimsMapping,
    quota: settings.quota,
    unknownHost: unknownHostReason(settings),
    trustedProxies: settings.trustedProxies,
    rulesFor: compileRules({ rules, defaultRule, publicPorts }),
    mcpAt: speaksOfMcp(settings) ? mcpPlaces(settings.mcp) : undefined,
    authEnabled: settings.authEnabled,
    everyone: settings.bypass && testUser(settings.bypass, firstProvider),
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

/** The one person of tests (`AUTH_MODE=bypass`). */
function testUser({ username, roles }: NonNullable<Settings['bypass']>, provider: string): Prover {
  const identity: Identity = {
    ...anonymous,
    kind: 'user',
    source: 'bypass',
    provider,
    issuer: 'gatehouse:bypass',
    subject: username,
    username,
    roles,
  }
  return { identity }
}

function unknownHostReason({ apps, namesApps }: Settings): (host: string) => string {
  if (namesApps)
    return (host) =>
      `${host} is the host of no app; if it is one of yours, add it to the hosts of its app in CONFIG_FILE`
  const hosts = apps.flatMap((app) => app.hosts.map(hostPatternText))
  return (host) =>
    `${host} is not in APP_HOSTS; if it is your app, set APP_HOSTS=${[...hosts, host].join(',')}`
}
