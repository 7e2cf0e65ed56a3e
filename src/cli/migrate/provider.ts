import { parseBaseUrl } from '../../config/urls.ts'
import type { Migration } from './migration.ts'
import type { Options } from './options.ts'

const secretFile = '/run/secrets/oidc_client_secret'

export function providerOf(options: Options): string {
  return options.text('provider') ?? 'google'
}

/** The OpenID provider, and what it is asked for. */
export function migrateProvider(migration: Migration): void {
  const { options } = migration
  const issuer = issuerOf(options)
  migration.set(
    'OIDC_ISSUER',
    issuer ?? 'https://idp.example.com',
    issuer === undefined ? 'Write your own: the issuer of an OpenID provider.' : undefined,
  )
  if (issuer === undefined)
    migration.leave(
      `${providerOf(options)} has no issuer here: people sign in at an OpenID provider, which publishes its addresses under its issuer (docs/how-to/any-provider.md)`,
      'provider',
    )
  migrateClient(migration)
  migrateScopes(migration)
  const groups = options.text('oidc_groups_claim')
  if (groups !== undefined && groups !== 'groups') migration.set('AUTH_GROUPS_CLAIM', groups)
  const label = options.text('provider_display_name')
  if (label !== undefined) migration.set('OIDC_LABEL', label)
  const [ca, ...more] = options.list('provider_ca_files')
  if (ca !== undefined) migration.set('OIDC_CA_FILE', ca)
  if (more.length > 0)
    migration.leave('put all certificates into the one file of OIDC_CA_FILE', 'provider_ca_files')
}

/** As the provider's type stands for it, where it is an OpenID provider at all. */
function issuerOf(options: Options): string | undefined {
  const written = options.text('oidc_issuer_url')
  if (written !== undefined) return parseBaseUrl(written) && written
  switch (providerOf(options)) {
    case 'google':
      return 'https://accounts.google.com'
    case 'gitlab':
      return 'https://gitlab.com'
    case 'azure':
      return `https://login.microsoftonline.com/${encodeURIComponent(options.text('azure_tenant') ?? 'common')}/v2.0`
    case 'keycloak': {
      const realm = /^(.*\/realms\/[^/]+)\/protocol\//.exec(options.text('login_url') ?? '')?.[1]
      return realm === undefined ? undefined : parseBaseUrl(realm) && realm
    }
    default:
      return undefined
  }
}

function migrateClient(migration: Migration): void {
  const { options } = migration
  const id = options.text('client_id')
  migration.set(
    'OIDC_CLIENT_ID',
    id ?? 'gatehouse',
    id ? undefined : 'It is not set in the source.',
  )
  const file = options.text('client_secret_file')
  const secret = options.text('client_secret')
  if (file !== undefined) migration.set('OIDC_CLIENT_SECRET_FILE', file)
  else if (secret !== undefined || options.text('code_challenge_method') === undefined)
    migration.set(
      'OIDC_CLIENT_SECRET_FILE',
      secretFile,
      secret === undefined
        ? 'A file with the secret, which is not set in the source. OIDC_CLIENT_AUTH=none for a client without one.'
        : `Put there what ${options.spelled('client_secret')} is.`,
    )
  else migration.set('OIDC_CLIENT_AUTH', 'none', 'There is no secret: a public client, with PKCE.')
}

function migrateScopes(migration: Migration): void {
  const { options } = migration
  const written = options.text('scope')?.split(/\s+/)
  const wanted = written ?? [
    'openid',
    'profile',
    'email',
    ...(options.list('allowed_groups').length > 0 && providerOf(options) === 'oidc'
      ? ['groups']
      : []),
  ]
  const scopes = wanted.includes('openid') ? wanted : ['openid', ...wanted]
  if (written || scopes.length > 3) migration.set('OIDC_SCOPES', scopes.join(' '))
  const prompt = options.text('prompt')
  if (prompt !== undefined) migration.set('OIDC_PROMPT', prompt)
  const parameters = new URLSearchParams()
  const acr = options.text('acr_values')
  if (acr !== undefined) {
    parameters.set('acr_values', acr)
    migration.leave(
      'is asked for by OIDC_AUTHORIZATION_PARAMS; apps.<name>.sign_in.acr would check it, too',
      'acr_values',
    )
  }
  const resource = options.text('resource')
  if (resource !== undefined) parameters.set('resource', resource)
  if (parameters.size > 0) migration.set('OIDC_AUTHORIZATION_PARAMS', parameters.toString())
}
