import type { Migration } from './migration.ts'

/** Tokens of programs, which were taken with `skip_jwt_bearer_tokens` only. */
export function migrateTokens(migration: Migration): void {
  const { options } = migration
  const extra = options.list('oidc_extra_audiences')
  const further = options.list('extra_jwt_issuers')
  if (!options.flag('skip_jwt_bearer_tokens')) {
    if (extra.length + further.length > 0)
      migration.leave(
        'has no effect without skip_jwt_bearer_tokens: bearer tokens are refused',
        'oidc_extra_audiences',
        'extra_jwt_issuers',
      )
    return
  }
  const audiences = [options.text('client_id') ?? 'gatehouse', ...extra]
  const fit = audiences.filter((audience) => !/[,\s]/.test(audience))
  migration.set('AUTH_ALLOWED_AUDIENCES', fit.join(','), 'JWTs of people are taken, as they were.')
  if (fit.length < audiences.length)
    migration.leave(
      'has an audience with a comma or white space, which cannot be written here',
      'oidc_extra_audiences',
    )
  migration.leave(
    'tokens of programs (client credentials) are 403 unless a rule says access: any or service (docs/how-to/programs.md)',
    'skip_jwt_bearer_tokens',
  )
  const issuer = migration.variables.find(({ name }) => name === 'OIDC_ISSUER')?.value ?? ''
  // Opaque tokens were not taken, so the provider is not asked about them.
  migration.file.issuers = {
    main: { issuer, introspection: 'off' },
    ...issuersOf(migration, further),
  }
}

function issuersOf(migration: Migration, pairs: readonly string[]): Record<string, object> {
  const audiences = new Map<string, string[]>()
  for (const pair of pairs) {
    const [, issuer, audience] = /^(https:\/\/[^\s=]+)=(\S+)$/.exec(pair) ?? []
    if (issuer === undefined || audience === undefined || pair.includes('${'))
      migration.leave(
        'has an entry that is not an https issuer, "=" and an audience: write it under issuers',
        'extra_jwt_issuers',
      )
    else audiences.set(issuer, [...(audiences.get(issuer) ?? []), audience])
  }
  const entries = [...audiences].map(([issuer, all], i) => [
    `issuer-${i + 1}`,
    { issuer, audiences: all, introspection: 'off' },
  ])
  return Object.fromEntries(entries)
}
