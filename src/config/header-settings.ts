import type { App, HeaderSet, OwnHeader } from '../model/app.ts'
import { forwardedHeaderNames, identityHeaderNames, setHeaders } from '../model/header-names.ts'
import type { ConfigFile } from './file-schema.ts'
import { type Findings, quoted } from './problem.ts'
import type { Values } from './variables.ts'

type AppEntry = NonNullable<ConfigFile['apps']>[string]

const identityFields = new Set([
  'sub',
  'user_id',
  'username',
  'email',
  'name',
  'roles',
  'groups',
  'provider',
  'session_id',
  'expires_at',
])

/** Headers with a meaning of their own, to proxies and to what answers. */
const taken = new Set<string>([
  ...forwardedHeaderNames,
  ...['authorization', 'cookie', 'set-cookie', 'host', 'origin', 'referer', 'user-agent', 'range'],
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['cache-control', 'vary', 'date', 'location', 'retry-after', 'www-authenticate', 'forwarded'],
])
const takenPrefixes = /^(?:accept|content|if|sec|proxy|access-control)(?:-|$)/

/** Checks which identity headers every app gets, unless it says otherwise. */
export function headerSettings(
  values: Values,
  file: ConfigFile | undefined,
  findings: Findings,
): App['headers'] {
  return {
    sets: values.IDENTITY_HEADERS,
    own: ownHeaders('headers', file?.headers ?? {}, findings),
  }
}

/** Checks which identity headers one app gets. */
export function appHeaders(
  name: string,
  headers: AppEntry['headers'],
  common: App['headers'],
  findings: Findings,
): App['headers'] {
  const at = `apps.${name}.headers`
  if (headers === undefined) return common
  if (!Array.isArray(headers)) {
    const own = ownHeaders(at, headers as Readonly<Record<string, string>>, findings)
    return { sets: common.sets, own: withoutDoubles(at, [...common.own, ...own], findings) }
  }
  const sets = headers.filter((entry) => typeof entry === 'string') as HeaderSet[]
  const own = headers
    .filter((entry) => typeof entry === 'object')
    .flatMap((map) => ownHeaders(at, map as Readonly<Record<string, string>>, findings))
  return { sets: [...new Set(sets)], own: withoutDoubles(at, [...common.own, ...own], findings) }
}

function ownHeaders(
  at: string,
  map: Readonly<Record<string, string>>,
  findings: Findings,
): OwnHeader[] {
  return Object.entries(map).flatMap(([written, from]) => {
    const fault = nameFault(written) ?? sourceFault(from)
    if (fault === undefined) return [{ name: written.toLowerCase(), from }]
    findings.refuse(`${at}.${written}`, fault)
    return []
  })
}

function nameFault(written: string): string | undefined {
  const name = written.toLowerCase()
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name))
    return 'is no header name: up to 64 letters, digits and "-", a letter first'
  if (taken.has(name) || takenPrefixes.test(name))
    return 'is a header with a meaning of its own; choose another name'
  const known = [...identityHeaderNames, ...Object.values(setHeaders).flatMap(Object.keys)]
  if (known.some((other) => other === name) || /^x-auth(?:z-|-assertion$)/.test(name))
    return "is one of the gateway's own identity headers; choose another name"
  return undefined
}

function sourceFault(from: string): string | undefined {
  if (/^claims\.\S+$/.test(from) || identityFields.has(from)) return undefined
  return `${quoted(from)} is neither claims. and a claim nor one of ${[...identityFields].join(', ')}`
}

function withoutDoubles(
  at: string,
  headers: readonly OwnHeader[],
  findings: Findings,
): readonly OwnHeader[] {
  const byName = new Map<string, OwnHeader>()
  for (const header of headers) {
    const other = byName.get(header.name)
    if (other && other.from !== header.from)
      findings.refuse(
        `${at}.${header.name}`,
        `is there twice: from ${other.from} and ${header.from}`,
      )
    byName.set(header.name, header)
  }
  return [...byName.values()]
}
