import { randomBytes } from 'node:crypto'
import * as client from 'openid-client'
import type { SignInDemand } from '../model/app.ts'
import type { RelyingParty } from './relying-party.ts'
import type { Transaction } from './transaction.ts'

/** A new transaction; everything in it that an attacker could guess is random. */
export function beginTransaction(options: {
  readonly provider: string
  readonly site: string
  readonly returnUrl: string
  readonly now: number
}): Transaction {
  return {
    id: randomBytes(16).toString('base64url'),
    provider: options.provider,
    site: options.site,
    codeVerifier: client.randomPKCECodeVerifier(),
    nonce: client.randomNonce(),
    returnUrl: options.returnUrl,
    startedAt: options.now,
  }
}

/**
 * The URL that starts sign-in at the provider (OIDC Core section 3.1.2.1, PKCE by RFC 7636), by a
 * pushed request where that is set (RFC 9126). Rejects where the provider does not answer.
 *
 * @param wish - what this sign-in must be like; its `prompt` overrides `OIDC_PROMPT`
 */
export async function authorizationUrl(
  party: RelyingParty,
  transaction: Transaction,
  state: string,
  redirectUri: string,
  wish: { readonly prompt?: string | undefined } & Pick<SignInDemand, 'acr' | 'maxAgeMs'> = {},
): Promise<URL> {
  // Nobody is sent to a sign-in page that does not answer.
  await party.discovery.confirmed()
  const configuration = await party.configuration()
  const { settings } = party
  const parameters: Record<string, string> = {
    ...settings.authorizationParams,
    redirect_uri: redirectUri,
    scope: settings.scopes,
    state,
    nonce: transaction.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(transaction.codeVerifier),
    code_challenge_method: 'S256',
  }
  const prompt = wish.prompt ?? settings.prompt
  if (prompt) parameters.prompt = prompt
  if (wish.acr) parameters.acr_values = wish.acr.join(' ')
  if (wish.maxAgeMs !== undefined) parameters.max_age = String(Math.floor(wish.maxAgeMs / 1_000))
  return settings.pushedAuthorizationRequests
    ? client.buildAuthorizationUrlWithPAR(configuration, parameters)
    : client.buildAuthorizationUrl(configuration, parameters)
}
