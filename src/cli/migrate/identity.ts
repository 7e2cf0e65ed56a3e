import type { Migration } from './migration.ts'

/** What apps are told of who is signed in. */
export function migrateIdentity(migration: Migration): void {
  const { options } = migration
  const upstreams = options.list('upstreams').filter((url) => !url.startsWith('static:'))
  const passes = ['pass_user_headers', 'pass_basic_auth'].map((name) => options.flag(name, true))
  const sets = [
    ...(options.flag('set_xauthrequest') ? ['x-auth-request'] : []),
    ...(passes.includes(true) && upstreams.length > 0 ? ['x-forwarded'] : []),
  ]
  if (sets.length > 0) migration.set('IDENTITY_HEADERS', sets.join(','))
  if (upstreams.length > 0)
    migration.leave(
      'the gateway passes nothing on: your proxy has the apps behind it, and asks the gateway',
      'upstreams',
    )
  if (options.flag('prefer_email_to_user'))
    migration.leave(
      'the user is the sub: let apps read the address in X-Forwarded-Email, or under a name of headers in CONFIG_FILE',
      'prefer_email_to_user',
    )
  const id = ['set_authorization_header', 'pass_authorization_header'].filter((name) =>
    options.flag(name),
  )
  if (id.length > 0) migration.set('PASS_TOKEN', 'id')
  else if (options.flag('pass_access_token')) migration.set('PASS_TOKEN', 'access')
  if (options.flag('pass_access_token'))
    migration.leave(
      'apps get one token, as Authorization: Bearer, under no other name',
      'pass_access_token',
    )
}
