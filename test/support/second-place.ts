/**
 * Whether the tests are about a second provider and a second site: what holds for the first has to hold
 * for them. The run sets it (`test/vitest.config.ts`).
 */
export const inSecondPlace = process.env.GATEHOUSE_TEST_PLACE === 'second'

/** Name of the provider that the tests are about. */
export const providerName = inSecondPlace ? 'second' : 'default'

/** Path of its callback. */
export const callbackRoute = inSecondPlace ? '/auth/callback/second' : '/auth/callback'

/** How apps know one of its people. */
export function userId({ id }: { readonly id: string }): string {
  return inSecondPlace ? `second:${id}` : id
}

/**
 * An environment in which another provider and another site come first, and the app takes the second
 * provider alone. What an environment says of sites and apps stays.
 */
export function secondPlace(
  env: Readonly<Record<string, string>>,
  url: string,
): Record<string, string> {
  const { host, port } = new URL(url)
  const moved = Object.entries(env).map(([name, value]) => [
    name.replace(/^OIDC_(?!GROUPS_ALLOWLIST|PROVIDERS)/, 'OIDC_SECOND_'),
    value,
  ])
  const app = `apps: { app: { hosts: ["${host}"], sign_in: { providers: [second] } } }`
  const ownApps = ['PUBLIC_URL', 'APP_HOSTS', 'CONFIG_FILE', 'COOKIE_DOMAIN'].some(
    (name) => name in env && env[name] !== url,
  )
  return {
    ...Object.fromEntries(moved),
    OIDC_ISSUER: 'http://localhost:1',
    OIDC_CLIENT_ID: 'of-the-first',
    OIDC_CLIENT_AUTH: 'none',
    OIDC_PROVIDERS: 'second',
    ...(!ownApps && {
      PUBLIC_URL: `http://auth.first.localhost:${port},${url}`,
      CONFIG_FILE: app,
    }),
  }
}
