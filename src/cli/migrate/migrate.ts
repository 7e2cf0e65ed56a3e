import type { Environment, ReadFile } from '../../config/environment.ts'
import { loadSettings } from '../../config/load.ts'
import { renderProblem } from '../../config/problem.ts'
import { identityHeaderNames } from '../../model/header-names.ts'
import { namesOf } from '../headers.ts'
import { recipe } from '../recipes/recipes.ts'
import { exitCodes, type Terminal } from '../terminal.ts'
import { migrateIdentity } from './identity.ts'
import { leaveOthers } from './left-over.ts'
import { Migration } from './migration.ts'
import { migrateNetwork } from './network.ts'
import type { Options } from './options.ts'
import { migratePages } from './pages.ts'
import { readPeople, writePeople } from './people.ts'
import { configFile, fileText, printed } from './print.ts'
import { migrateProvider } from './provider.ts'
import { optionsOfEnvironment, optionsOfFile } from './read-options.ts'
import { migrateSessions } from './sessions.ts'
import { migrateSkipped } from './skipped.ts'
import { migrateTokens } from './tokens.ts'

/**
 * Prints what a configuration of oauth2-proxy is here: variables, file, lines of the proxy, and what has no
 * counterpart. It is never wider: what cannot be written lets nobody in.
 *
 * @param source - `env`, or the path of its configuration file or of a file with its flags
 * @param proxy - one that there is a recipe for; Traefik where it is undefined
 */
export function migrateOauth2Proxy(
  source: string,
  proxy: string | undefined,
  env: Environment,
  readFile: ReadFile,
  terminal: Terminal,
): number {
  const options = source === 'env' ? optionsOfEnvironment(env) : optionsAt(source, readFile)
  if (typeof options === 'string') {
    terminal.error(`gatehouse: ${source}: ${options}`)
    return exitCodes.usage
  }
  const migration = migrated(options, proxy)
  const loaded = loadSettings(environmentOf(migration), readPlaceholder(migration))
  const problems = loaded.kind === 'problems' ? loaded.problems.map(renderProblem) : []
  const names =
    loaded.kind === 'ok'
      ? namesOf(loaded.settings)
      : { identity: identityHeaderNames, passesToken: false }
  const lines = recipe(proxy ?? 'traefik', names) ?? ''
  const from = source === 'env' ? 'the environment' : source
  terminal.out(printed(migration, { source: from, recipe: lines, problems }))
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed
}

function optionsAt(path: string, readFile: ReadFile): Options | string {
  let text: string
  try {
    text = readFile(path)
  } catch {
    return 'cannot be read'
  }
  return optionsOfFile(text)
}

/** Everything that the options become; what says who is let in comes last, as it narrows the rules. */
export function migrated(options: Options, proxy: string | undefined): Migration {
  const migration = new Migration(options)
  migratePages(migration)
  migrateProvider(migration)
  migrateSessions(migration)
  migrateIdentity(migration)
  migrateNetwork(migration, proxy)
  migrateTokens(migration)
  migrateSkipped(migration)
  const people = readPeople(migration)
  leaveOthers(migration)
  writePeople(migration, people)
  if (fileText(migration) !== undefined) migration.set('CONFIG_FILE', configFile)
  return migration
}

/** The variables, but for files with certificates, which are checked where they are. */
function environmentOf({ variables }: Migration): Environment {
  const loadable = variables.filter(({ name }) => name !== 'OIDC_CA_FILE')
  return Object.fromEntries(loadable.map(({ name, value }) => [name, value]))
}

/** In place of files that there are only on the machine of the gateway. */
function readPlaceholder(migration: Migration): ReadFile {
  const { variables } = migration
  const texts: Readonly<Record<string, string>> = {
    CONFIG_FILE: fileText(migration) ?? '',
    OIDC_CLIENT_SECRET_FILE: 'of the client',
    STORE_URL_FILE: 'redis://valkey:6379',
    ALLOW_FILE: 'email:somebody@example.com',
  }
  return (path) => {
    const name = variables.find(({ value }) => value === path)?.name ?? ''
    return texts[name] ?? ''
  }
}
