import * as client from 'openid-client'
import type { Tokens } from '../model/session.ts'
import type { RelyingParty } from './relying-party.ts'

/**
 * Where RP-initiated logout goes on (OpenID Connect RP-Initiated Logout 1.0 section 2), or undefined
 * where the provider has no such endpoint or cannot be asked for it.
 */
export async function endSessionUrl(
  party: RelyingParty,
  idToken: string,
  postLogoutRedirectUri: string,
  state: string,
): Promise<URL | undefined> {
  try {
    const configuration = await party.configuration()
    if (!configuration.serverMetadata().end_session_endpoint) return
    return client.buildEndSessionUrl(configuration, {
      ...(idToken === '' ? {} : { id_token_hint: idToken }),
      post_logout_redirect_uri: postLogoutRedirectUri,
      state,
    })
  } catch {
    return
  }
}

/** Revokes the tokens of a session where the provider can (RFC 7009). Best effort: never rejects. */
export async function revokeTokens(party: RelyingParty, tokens: Tokens): Promise<void> {
  try {
    const configuration = await party.configuration()
    if (!configuration.serverMetadata().revocation_endpoint) return
    const { refreshToken, accessToken } = tokens
    await (refreshToken === undefined
      ? client.tokenRevocation(configuration, accessToken, { token_type_hint: 'access_token' })
      : client.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }))
  } catch {
    // The session is over here; at the provider the tokens end by themselves.
  }
}
