import { caddy } from './caddy.ts'
import { envoy } from './envoy.ts'
import { haproxy } from './haproxy.ts'
import { kong } from './kong.ts'
import type { RecipeNames } from './names.ts'
import { nginx } from './nginx.ts'
import { traefik } from './traefik.ts'

const recipes: Readonly<Record<string, (names: RecipeNames) => string>> = {
  traefik,
  kong,
  nginx,
  caddy,
  haproxy,
  envoy,
}

/** The proxies that there is a recipe for. */
export const recipeProxies: readonly string[] = Object.keys(recipes)

/** What to paste into a proxy; undefined where none is known by the name. */
export function recipe(proxy: string, names: RecipeNames): string | undefined {
  return Object.hasOwn(recipes, proxy) ? recipes[proxy]?.(names) : undefined
}
