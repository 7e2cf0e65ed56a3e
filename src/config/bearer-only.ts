import type { ConfigFile } from './file-schema.ts'
import type { Values } from './variables.ts'

/** Whether tokens are taken of issuers that are named apart from `OIDC_ISSUER`. */
export function takesOthersTokens(values: Values, file: ConfigFile | undefined): boolean {
  return (
    Object.keys(file?.issuers ?? {}).length > 0 ||
    (values.AUTH_TRUSTED_ISSUERS !== undefined && values.AUTH_ALLOWED_AUDIENCES !== undefined)
  )
}

/** Whether nobody signs in with `OIDC_ISSUER`: its tokens alone are taken, or everyone passes anyway. */
export function signsNobodyIn(values: Values, file: ConfigFile | undefined): boolean {
  if (values.OIDC_CLIENT_ID !== undefined) return false
  if (values.OIDC_ISSUER !== undefined)
    return values.AUTH_ALLOWED_AUDIENCES !== undefined || file?.mcp !== undefined
  return !values.AUTH_ENABLED || values.AUTH_MODE === 'bypass'
}
