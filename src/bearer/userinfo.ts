import * as client from 'openid-client'
import { type Claims, unionOfLists } from '../issuers/claims.ts'
import { isIssuerUnavailable } from '../issuers/issuer-unavailable.ts'
import { scopesOf } from './token-checks.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** Whether userinfo may know the groups of a person whose token has none. */
export function lacksGroups(claims: Claims, { settings }: TrustedIssuer): boolean {
  const { groups } = settings.claims
  return (
    groups.length > 0 &&
    unionOfLists([claims], groups) === undefined &&
    scopesOf(claims).includes('openid')
  )
}

/**
 * The userinfo claims of a token's subject (OIDC Core section 5.3), or undefined where the issuer has no
 * such endpoint or does not take the token there; `unfit` for an answer that is none, or about another
 * subject. Rejects for an outage.
 */
export async function userinfoOf(
  token: string,
  claims: Claims,
  issuer: TrustedIssuer,
): Promise<Claims | 'unfit' | undefined> {
  const configuration = await issuer.configuration()
  if (!configuration.serverMetadata().userinfo_endpoint) return
  try {
    return await client.fetchUserInfo(configuration, token, String(claims.sub))
  } catch (error) {
    if (error instanceof client.WWWAuthenticateChallengeError) return
    if (isIssuerUnavailable(error)) throw error
    return 'unfit'
  }
}
