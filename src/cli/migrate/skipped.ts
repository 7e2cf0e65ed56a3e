import { METHODS } from 'node:http'
import { isNetwork } from '../../config/network-settings.ts'
import type { Migration } from './migration.ts'
import { pathsOfRegex } from './regex-paths.ts'

/** What passed without a sign-in: `skip_auth_*` and `trusted_ips` as rules that are no wider. */
export function migrateSkipped(migration: Migration): void {
  const { options } = migration
  for (const regex of options.list('skip_auth_regex')) skipPath(migration, 'skip_auth_regex', regex)
  for (const route of options.list('skip_auth_routes')) skipRoute(migration, route)
  const networks = options.list('trusted_ips')
  const narrow = networks.filter((text) => isNetwork(text) && !/\/0+$/.test(text))
  if (narrow.length > 0) migration.rules.push({ match: { networks: narrow }, access: 'public' })
  if (narrow.length < networks.length)
    migration.leave(
      'holds every address, or none that can be read: leave it out, or write a rule with match.networks',
      'trusted_ips',
    )
  if (options.flag('skip_auth_preflight')) {
    migration.rules.push({ match: { methods: ['OPTIONS'] }, access: 'user', preflight: true })
    migration.leave(
      'the rule with preflight: true passes CORS preflights; other OPTIONS requests need a sign-in, or a rule of their own',
      'skip_auth_preflight',
    )
  }
}

/** `METHOD=regex`, or a regular expression alone; those with `!=` are about everything else. */
function skipRoute(migration: Migration, route: string): void {
  const name = 'skip_auth_routes'
  const [, method, regex = ''] = /^([^=]*)=(.*)$/.exec(route) ?? []
  const known = method?.toUpperCase()
  if (known === undefined) skipPath(migration, name, route)
  else if (METHODS.includes(known)) skipPath(migration, name, regex, known)
  else leave(migration, name, route)
}

function skipPath(migration: Migration, name: string, regex: string, method?: string): void {
  const path = pathsOfRegex(regex)
  const methods = method === undefined ? {} : { methods: [method] }
  if (path === undefined) leave(migration, name, method ? `${method}=${regex}` : regex)
  else migration.rules.push({ match: { paths: [path], ...methods }, access: 'public' })
}

function leave(migration: Migration, name: string, written: string): void {
  migration.leave(
    `${JSON.stringify(written)} is not one path or all below it, so it opens nothing here; write a rule with access: public and the paths that it is for`,
    name,
  )
}
