import type { FastifyReply } from 'fastify'
import type { Session } from '../model/session.ts'
import { type Site, siteUrl } from '../model/site.ts'
import { endSessionUrl, revokeTokens } from '../oidc/logout.ts'
import { absoluteOn, acceptReturnUrl } from '../oidc/return-url.ts'
import { clearSessionCookie } from './cookies.ts'
import type { Parts } from './parts.ts'

/** Where a browser goes after its session ended here. */
export interface SignedOut {
  /** Where it is to end. */
  readonly finalUrl: string
  /** The provider's end-session endpoint, which comes back to us; undefined where there is none. */
  readonly providerUrl: string | undefined
}

/** `state` of RP-initiated logout is bound to this purpose, so that no other sealed text opens as one. */
export const logoutStatePurpose = 'post-logout'

/**
 * Ends the sessions of a browser: durably here, then their tokens at the provider without waiting for
 * that. Rejects where the store does not answer; then not all of them are ended.
 */
export async function signOut(
  reply: FastifyReply,
  site: Site,
  sessions: readonly Session[],
  wantedReturn: string | undefined,
  parts: Parts,
  /** Of whom there is no session here, and may be one there. */
  provider?: string,
): Promise<SignedOut> {
  const { authPath, postLogoutUrl } = parts.settings
  const accepted = wantedReturn && acceptReturnUrl(wantedReturn, site, parts.returnUrls)
  const finalUrl = accepted || absoluteOn(site, postLogoutUrl)
  for (const { key, sid, identity } of sessions) {
    await parts.store.end(key)
    // The same browser's session on another site.
    if (sid !== undefined) await parts.store.endBySid(identity.issuer, sid)
  }
  clearSessionCookie(reply, site)
  const [session] = sessions
  const party = parts.parties.get(session?.provider ?? provider ?? '')
  if (!party) return { finalUrl, providerUrl: undefined }
  const landing = `${siteUrl(site, authPath)}/logged-out`
  const state = parts.stateSeal.seal(finalUrl, logoutStatePurpose)
  const providerUrl = await endSessionUrl(party, session?.tokens.idToken ?? '', landing, state)
  for (const { provider, tokens } of sessions) {
    const issuedBy = parts.parties.get(provider)
    if (issuedBy) void revokeTokens(issuedBy, tokens)
  }
  return { finalUrl, providerUrl: providerUrl?.href }
}
