import type { Environment } from './environment.ts'
import type { Findings } from './problem.ts'

/**
 * Settings of later versions, each with the values that mean what this version does anyway.
 * Every other value stops the start: whoever set it relies on it.
 */
const planned: Readonly<Record<string, readonly string[]>> = {
  ADMIN_TOKEN: [],
  AUTH_MODE: ['kong_headers'],
  AUTH_BYPASS_USER: [],
  AUTH_TRUSTED_ISSUERS: [],
  AUTH_ALLOWED_AUDIENCES: [],
  AUTH_AUDIENCE: [],
  KEYCLOAK_AUDIENCE: [],
  KEYCLOAK_JWKS_URI: [],
  AUTH_REQUIRED_SCOPE: [],
}

export const plannedNames: readonly string[] = Object.keys(planned)

/** Refuses settings this version would ignore. `issuer` is what `OIDC_ISSUER` says. */
export function checkPlanned(
  env: Environment,
  issuer: string | undefined,
  findings: Findings,
): void {
  for (const [name, harmless] of Object.entries(planned)) {
    const text = env[name]?.trim() ?? ''
    const isDefault = name === 'AUTH_TRUSTED_ISSUERS' && text === issuer
    if (text !== '' && !isDefault && !harmless.includes(text)) refuse(name, harmless, findings)
    if (env[`${name}_FILE`]?.trim()) refuse(`${name}_FILE`, [], findings)
  }
}

function refuse(name: string, harmless: readonly string[], findings: Findings): void {
  const allowed = harmless.map((value) => ` or set ${name}=${value}`).join('')
  findings.refuse(
    name,
    `is not in this version, and ignoring it would be unsafe; remove it${allowed}`,
  )
}
