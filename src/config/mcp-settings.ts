import type { McpResource } from '../model/mcp.ts'
import type { ConfigFile } from './file-schema.ts'
import { appMatcher } from './host-matcher.ts'
import { type Findings, quoted } from './problem.ts'
import type { AppSettings, IssuerSettings, Settings, Sites } from './settings.ts'
import { isPlainPath } from './urls.ts'

type Entry = NonNullable<ConfigFile['mcp']>[string]

/** What resources are checked against. */
interface Surroundings {
  readonly apps: readonly AppSettings[]
  readonly sites: Sites
  readonly issuers: readonly IssuerSettings[]
}

/** Checks the MCP resources of the file. */
export function mcpSettings(
  file: ConfigFile | undefined,
  around: Surroundings,
  findings: Findings,
): readonly McpResource[] {
  const appOf = appMatcher(around.apps, around.sites)
  const owners = new Map<string, string>()
  return Object.entries(file?.mcp ?? {}).flatMap(([name, entry]) => {
    const at = `mcp.${name}`
    const url = resourceUrl(`${at}.resource`, entry.resource, around, findings)
    if (url && !appOf(url.host))
      findings.refuse(
        `${at}.resource`,
        `${quoted(url.host)} is the host of no app; add it to the hosts of the app that serves it`,
      )
    const owner = owners.get(entry.resource)
    if (owner !== undefined)
      findings.refuse(
        `${at}.resource`,
        `is that of mcp.${owner} too; one entry speaks of one resource`,
      )
    owners.set(entry.resource, name)
    const issuers = issuersOf(at, entry, around.issuers, findings)
    if (entry.scopes?.includes('offline_access'))
      findings.refuse(
        `${at}.scopes`,
        'has offline_access, which no resource needs: clients that want refresh tokens ask for it themselves',
      )
    return url && issuers ? [resourceOf(name, entry, url, issuers)] : []
  })
}

/** Whether there is an MCP resource, or a rule about MCP messages. */
export function speaksOfMcp({
  mcp,
  apps,
  rules,
}: Pick<Settings, 'mcp' | 'apps' | 'rules'>): boolean {
  const all = [...rules, ...apps.flatMap((app) => app.rules)]
  return mcp.length > 0 || all.some(({ match }) => match.mcp !== undefined)
}

/** An issuer with the audiences of the resources that take its tokens. */
export function withResources(
  issuer: IssuerSettings,
  resources: readonly McpResource[],
): IssuerSettings {
  const theirs = resources.filter(({ issuers }) => issuers.includes(issuer.name))
  if (theirs.length === 0) return issuer
  return { ...issuer, resourceAudiences: [...new Set(theirs.flatMap((one) => one.audiences))] }
}

function resourceOf(
  name: string,
  { resource, title, scopes = [], ...entry }: Entry,
  url: URL,
  [first, ...others]: readonly [IssuerSettings, ...IssuerSettings[]],
): McpResource {
  // Of several issuers a client chooses one: only what they all ask for can be told beforehand.
  const ofIssuers = first.requiredScopes.filter((scope) =>
    others.every(({ requiredScopes }) => requiredScopes.includes(scope)),
  )
  return {
    name,
    resource,
    host: url.host,
    path: url.pathname.replace(/\/$/, ''),
    ...(title !== undefined && { title }),
    issuers: [first.name, ...others.map((issuer) => issuer.name)],
    scopes,
    challengedScopes: [...new Set([...ofIssuers, ...scopes])],
    audiences: entry.audiences ?? [resource],
    clientRegistration: entry.client_registration ?? false,
  }
}

/** A canonical URI is compared letter by letter, by clients and in tokens: only its one form is taken. */
function resourceUrl(
  at: string,
  text: string,
  { sites: [site] }: Surroundings,
  findings: Findings,
): URL | undefined {
  const url = URL.parse(text)
  const example = 'write, for example, https://app.example.com/mcp'
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return findings.refuse(at, `${quoted(text)} is no http or https URL; ${example}`)
  if (/[?#]/.test(text))
    return findings.refuse(at, `${quoted(text)} has a query or a fragment; ${example}`)
  const path = url.pathname.replace(/\/$/, '')
  if (path !== '' && !isPlainPath(path))
    return findings.refuse(
      at,
      `${quoted(text)} has a path that servers read in several ways; write letters, digits, "-", ".", "_", "~" and single slashes`,
    )
  const canonical = url.origin + path
  if (text !== canonical)
    return findings.refuse(at, `${quoted(text)} is not in its canonical form; write ${canonical}`)
  // Which is plain http on this machine alone.
  if ((url.protocol === 'https:') !== site.secure)
    return findings.refuse(
      at,
      `${quoted(text)} has another scheme than PUBLIC_URL, so that no request would fit it`,
    )
  return url
}

function issuersOf(
  at: string,
  { issuers: named }: Entry,
  known: readonly IssuerSettings[],
  findings: Findings,
): readonly [IssuerSettings, ...IssuerSettings[]] | undefined {
  const before = findings.problems.length
  const found = (named ?? known.slice(0, 1).map(({ name }) => name)).flatMap((name) => {
    const issuer = known.find((candidate) => candidate.name === name)
    if (!issuer)
      findings.refuse(
        `${at}.issuers`,
        `${quoted(name)} is no issuer whose tokens are taken; known: ${known.map((one) => one.name).join(', ') || 'none'}`,
      )
    return issuer ?? []
  })
  const [first, ...others] = found
  if (findings.problems.length > before) return
  if (!first)
    return findings.refuse(
      `${at}.issuers`,
      'is missing, and there is no issuer whose tokens are taken; set OIDC_ISSUER, or name one under issuers',
    )
  return [first, ...others]
}
