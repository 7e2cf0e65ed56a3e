import * as client from 'openid-client'
import type { Settings } from '../config/settings.ts'
import type { Claims } from '../issuers/claims.ts'
import {
  type ClaimSources,
  identityFromClaims,
  lacksClaims,
} from '../issuers/identity-from-claims.ts'
import type { Session } from '../model/session.ts'
import { readUserinfo } from './callback.ts'
import { providerFailure } from './failure.ts'
import type { RelyingParty } from './relying-party.ts'
import { readAccessToken, verifyIdToken } from './token-claims.ts'
import { sessionEnd, tokensFrom } from './token-response.ts'

export type Refreshed =
  | { readonly kind: 'refreshed'; readonly session: Session }
  /** The session is over: the provider refuses its refresh token, or answered for somebody else. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nothing is known: the session stays as it is. */
  | { readonly kind: 'unavailable'; readonly reason: string }

/**
 * Redeems the refresh token of a session (RFC 6749 section 6, OIDC Core section 12). Only
 * `invalid_grant` and an answer about another subject end a session.
 */
export async function refreshSession(
  party: RelyingParty,
  session: Session,
  settings: Pick<Settings, 'session'>,
): Promise<Refreshed> {
  const { refreshToken } = session.tokens
  if (refreshToken === undefined) return { kind: 'refused', reason: 'there is no refresh token' }
  try {
    const configuration = await party.configuration()
    const response = await client.refreshTokenGrant(configuration, refreshToken)
    const idToken: Claims = response.id_token ? await verifyIdToken(party, response.id_token) : {}
    const accessToken = await readAccessToken(party, response.access_token)
    const { subject } = session.identity
    if (
      [idToken, accessToken].some((claims) => claims?.sub !== undefined && claims.sub !== subject)
    ) {
      return { kind: 'refused', reason: 'the provider answered for another sub' }
    }
    const sources = {
      idToken,
      accessToken,
      ...(await freshUserinfo(party, { idToken, accessToken }, response.access_token, subject)),
    }
    const scopes = response.scope?.split(' ').filter(Boolean) ?? session.identity.scopes
    const { accountKind, accountLabel } = session.identity
    const claimed = identityFromClaims(
      sources,
      party.settings.claims,
      { ...session.identity, scopes },
      saysEverything(sources) ? undefined : session.identity,
    )
    // How the person signed in is said at sign-in, and a refresh does not change it.
    const identity = { ...claimed, accountKind, accountLabel }
    const tokens = tokensFrom(response, accessToken, party.clock.now(), session.tokens)
    const expiresAt = sessionEnd(tokens, session.createdAt, settings.session)
    return { kind: 'refreshed', session: { ...session, identity, tokens, expiresAt } }
  } catch (error) {
    const failure = providerFailure(error)
    const over = failure.kind === 'refused' && failure.error === 'invalid_grant'
    return { kind: over ? 'refused' : 'unavailable', reason: failure.reason }
  }
}

/** Userinfo where the tokens leave something out; nothing where it cannot be had. */
async function freshUserinfo(
  party: RelyingParty,
  sources: ClaimSources,
  accessToken: string,
  subject: string,
): Promise<{ userinfo?: Claims | undefined; userinfoFailed?: true }> {
  if (!lacksClaims(sources, party.settings.claims)) return {}
  try {
    return { userinfo: await readUserinfo(party, accessToken, subject) }
  } catch {
    // The new refresh token must be kept whatever userinfo says.
    return { userinfoFailed: true }
  }
}

// A list that a full answer leaves out is empty now: a role that was taken away must not live on. Only
// where there was no full answer the former claims stay.
function saysEverything(sources: ClaimSources & { userinfoFailed?: true }): boolean {
  if (sources.userinfoFailed) return false
  return sources.userinfo !== undefined || Object.keys(sources.idToken).length > 0
}
