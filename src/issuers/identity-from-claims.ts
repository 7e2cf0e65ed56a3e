import type { ClaimSettings } from '../config/settings.ts'
import type { Identity } from '../model/identity.ts'
import {
  allowedGroups,
  type Claims,
  claimAt,
  listClaim,
  textClaim,
  unionOfLists,
} from './claims.ts'

/** Where the claims of one sign-in or refresh came from; all of the same subject. */
export interface ClaimSources {
  readonly idToken: Claims
  /** Only of a JWT that was verified and is meant for us. */
  readonly accessToken?: Claims | undefined
  readonly userinfo?: Claims | undefined
}

/** Whether the id token and access token leave something out that userinfo may know. */
export function lacksClaims(sources: ClaimSources, settings: ClaimSettings): boolean {
  const tokens = tokenSources(sources)
  return (
    unionOfLists(tokens, settings.roles) === undefined ||
    unionOfLists(tokens, settings.groups) === undefined ||
    firstText(tokens, 'preferred_username') === '' ||
    firstText(tokens, 'email') === '' ||
    settings.kept.some((path) => keptClaim(tokens, path) === undefined)
  )
}

/**
 * Whether a list of groups is said to be elsewhere: a distributed claim (OIDC Core section 5.6.2), as
 * Entra sends for people in very many groups. Nobody asks there: the address is one that a token names.
 */
export function hasGroupsOverage(sources: ClaimSources, settings: ClaimSettings): boolean {
  const all = allSources(sources)
  return settings.groups.some(
    (path) =>
      unionOfLists(all, [path]) === undefined && all.some((claims) => isElsewhere(claims, path)),
  )
}

function isElsewhere(claims: Claims, path: string): boolean {
  const names: unknown = claims._claim_names
  if (typeof names !== 'object' || names === null) return false
  return Object.hasOwn(names, path) || Object.hasOwn(names, path.split('.')[0] ?? '')
}

/** The identity that claims describe; `before` fills in lists that no source holds. */
export function identityFromClaims(
  sources: ClaimSources,
  settings: ClaimSettings,
  known: Pick<Identity, 'provider' | 'issuer' | 'subject' | 'sessionId' | 'clientId' | 'scopes'>,
  before?: Identity,
): Identity {
  const tokens = tokenSources(sources)
  const all = allSources(sources)
  // Groups that are elsewhere are unknown, and what they were before may not be so any more.
  const formerGroups = hasGroupsOverage(sources, settings) ? undefined : before?.groups
  const list = (paths: readonly string[]) => unionOfLists(tokens, paths) ?? unionOfLists(all, paths)
  const email = firstText(all, 'email')
  const named = [firstText(all, 'given_name'), firstText(all, 'family_name')]
  return {
    kind: 'user',
    source: 'session',
    ...known,
    username: firstText(all, 'preferred_username') || email || before?.username || '',
    email: email || before?.email || '',
    emailVerified: email
      ? all.some((claims) => claims.email === email && claims.email_verified === true)
      : (before?.emailVerified ?? false),
    name: firstText(all, 'name') || named.filter(Boolean).join(' ') || before?.name || '',
    roles: list(settings.roles) ?? before?.roles ?? [],
    groups: allowedGroups(list(settings.groups) ?? formerGroups ?? [], settings.groupsAllowlist),
    ...account(firstText(all, 'identity_provider')),
    claims: keptClaims(all, settings.kept, before),
  }
}

/** The claims that own headers hold and conditions ask about, by their paths: texts, and lists of texts. */
function keptClaims(
  sources: readonly Claims[],
  paths: readonly string[],
  before: Identity | undefined,
): NonNullable<Identity['claims']> {
  const entries = paths.flatMap((path) => {
    const former = before?.claims && Object.hasOwn(before.claims, path) && before.claims[path]
    // That it was looked for and is not there is known, too.
    return [[path, keptClaim(sources, path) ?? (former || [])] as const]
  })
  return Object.fromEntries(entries)
}

function keptClaim(sources: readonly Claims[], path: string): string | string[] | undefined {
  for (const claims of sources) {
    const value = claimAt(claims, path)
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (Array.isArray(value)) return value.filter((item) => typeof item === 'string')
    if (typeof value === 'object' && value !== null) return rolesIn(value as Claims)
  }
  return
}

/** Keycloak's `realm_access` has `roles`, and its `resource_access` those of each client. */
function rolesIn(value: Claims): string[] {
  const roles = listClaim(value, 'roles')
  if (roles) return roles
  return Object.entries(value).flatMap(([client, access]) => {
    if (typeof access !== 'object' || access === null) return []
    return (listClaim(access as Claims, 'roles') ?? []).map((role) => `${client}:${role}`)
  })
}

/** A subject identifier as OIDC Core section 2 allows it, else undefined. */
export function validSubject(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 255 ? value : undefined
}

function tokenSources(sources: ClaimSources): Claims[] {
  return [sources.idToken, ...(sources.accessToken ? [sources.accessToken] : [])]
}

function allSources(sources: ClaimSources): Claims[] {
  return [...tokenSources(sources), ...(sources.userinfo ? [sources.userinfo] : [])]
}

function firstText(sources: readonly Claims[], name: string): string {
  for (const claims of sources) {
    const text = textClaim(claims, name)
    if (text !== '') return text
  }
  return ''
}

function account(identityProvider: string): { accountKind: string; accountLabel: string } {
  const name = identityProvider.trim()
  if (['', 'keycloak', 'local'].includes(name.toLowerCase())) {
    return { accountKind: 'local', accountLabel: 'Local' }
  }
  return { accountKind: 'sso', accountLabel: `${name[0]?.toUpperCase()}${name.slice(1)} (SSO)` }
}
