import type { Environment } from '../config/environment.ts'
import { loadSettings } from '../config/load.ts'
import { renderProblem } from '../config/problem.ts'
import type { Settings } from '../config/settings.ts'
import { identityHeaderNames, signatureHeaderNames } from '../model/header-names.ts'
import { identityHeaderNamesOf } from '../validate/identity-headers.ts'
import type { RecipeNames } from './recipes/names.ts'
import { recipe } from './recipes/recipes.ts'
import { exitCodes, type Terminal } from './terminal.ts'

/**
 * Prints what to paste into a proxy, with the identity headers of the settings. Without `PUBLIC_URL`
 * there are no settings, and it is the headers of the defaults.
 *
 * @param proxy - one that there is a recipe for
 */
export function headers(proxy: string, env: Environment, terminal: Terminal): number {
  const loaded = env.PUBLIC_URL ? loadSettings(env) : undefined
  if (loaded?.kind === 'problems') {
    for (const problem of loaded.problems) terminal.error(renderProblem(problem))
    return exitCodes.configuration
  }
  const names = loaded
    ? namesOf(loaded.settings)
    : { identity: identityHeaderNames, passesToken: false }
  terminal.out(recipe(proxy, names) ?? '')
  return exitCodes.ok
}

/** Every header of a 200 that a proxy has to take from the gateway and from nobody else. */
export function namesOf({ apps, keys, assertion, signatureKeys }: Settings): RecipeNames {
  return {
    identity: [
      ...identityHeaderNamesOf({ apps, keys }),
      ...(assertion ? ['x-auth-assertion'] : []),
      ...(signatureKeys.length > 0 ? signatureHeaderNames : []),
      'x-request-id',
    ],
    passesToken: apps.some(({ token }) => token !== 'off'),
  }
}
