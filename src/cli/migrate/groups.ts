import { isWritable } from './allow-entries.ts'
import type { Migration } from './migration.ts'
import { providerOf } from './provider.ts'

/** Options that count for one provider only. */
const ofProviders = ['gitlab', 'google', 'keycloak'] as const

/** Whose groups and roles fit; undefined where they do not matter, or nothing of it can be written. */
export function groupEntries(migration: Migration): readonly string[] | undefined {
  const { options } = migration
  const groups = [
    ...options.list('allowed_groups'),
    ...ofProviders.flatMap((provider) => groupsOf(migration, provider)),
  ].map((group) => `group:${group}`)
  const entries = [...groups, ...roleEntries(migration, groups.length > 0)]
  const writable = entries.filter(isWritable)
  if (writable.length < entries.length)
    migration.leave(
      'has a name with a comma, " #" or "${env.", which cannot be written here: rename the group',
      'allowed_groups',
    )
  const restricted = groups.length + options.list('allowed_roles').length > 0
  if (restricted && writable.length === 0)
    migration.lock('none of it can be written here: say in ALLOW who may sign in', 'allowed_groups')
  return writable.length > 0 ? writable : undefined
}

/** One group lets in, so a group that did not count must not. */
function groupsOf(migration: Migration, provider: (typeof ofProviders)[number]): string[] {
  const { options } = migration
  const name = `${provider}_groups`
  const groups = options.list(name)
  if (groups.length === 0) return []
  if (!providerOf(options).startsWith(provider)) {
    migration.leave(`counts for the provider ${provider} only, so it lets nobody in here`, name)
    return []
  }
  if (provider === 'google')
    migration.leave(
      'the tokens of Google name no groups, so nobody fits: see docs/how-to/providers/google.md',
      name,
    )
  return groups
}

/** Roles are read from other claims than groups, and a client's are not the realm's. */
function roleEntries(migration: Migration, hasGroups: boolean): string[] {
  const { options } = migration
  const roles = options.list('allowed_roles')
  const claim = options.text('oidc_roles_claim')
  const keycloak = providerOf(options) === 'keycloak-oidc'
  if (roles.length === 0) return []
  if (!keycloak && hasGroups) {
    migration.leave(
      'counts for the provider keycloak-oidc only, so it lets nobody in here',
      'allowed_roles',
    )
    return []
  }
  const [client, ...others] = new Set(roles.map((role) => /^([\w-]+):/.exec(role)?.[1]))
  if (keycloak && client !== undefined && others.length === 0) {
    migration.set('AUTH_ROLES_CLAIM', `resource_access.${client}.roles`)
    return roles.map((role) => `role:${role.slice(client.length + 1)}`)
  }
  migration.set('AUTH_ROLES_CLAIM', claim ?? (keycloak ? 'realm_access.roles' : 'roles'))
  const plain = keycloak ? roles.filter((role) => !role.includes(':')) : roles
  if (plain.length < roles.length)
    migration.leave(
      'has roles of several clients, and a role has one meaning here: write rules with require.roles for those of one',
      'allowed_roles',
    )
  return plain.map((role) => `role:${role}`)
}
