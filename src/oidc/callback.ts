import * as client from 'openid-client'
import { type Claims, textClaim, timeClaim } from '../issuers/claims.ts'
import {
  type ClaimSources,
  hasGroupsOverage,
  identityFromClaims,
  lacksClaims,
  validSubject,
} from '../issuers/identity-from-claims.ts'
import type { Identity } from '../model/identity.ts'
import type { Tokens } from '../model/session.ts'
import { type ProviderFailure, providerFailure } from './failure.ts'
import type { RelyingParty } from './relying-party.ts'
import { readAccessToken, verifyIdToken } from './token-claims.ts'
import { tokensFrom } from './token-response.ts'
import type { Transaction } from './transaction.ts'

/** Why a sign-in did not end in a session, with the status of the page that says so. */
export const callbackCodes = {
  missing_code_or_state: 400,
  invalid_state: 400,
  token_exchange_failed: 400,
  invalid_token_payload: 400,
  mismatched_token_sub: 400,
  access_denied: 400,
  not_allowed: 403,
  login_required: 400,
  idp_error: 502,
  idp_unavailable: 503,
} as const

export type CallbackCode = keyof typeof callbackCodes

export type SignIn =
  | {
      readonly kind: 'signed-in'
      readonly tokens: Tokens
      readonly identity: Identity
      /** The provider says that the groups are elsewhere: the identity has none of them. */
      readonly groupsOverage: boolean
      readonly sid: string | undefined
      /** Authentication context class, empty where the provider did not say. */
      readonly acr: string
      /** `auth_time` in milliseconds since the epoch, where the provider said it. */
      readonly authenticatedAt: number | undefined
    }
  | {
      readonly kind: 'failed'
      readonly code: CallbackCode
      readonly reason: string
      /** When another try can succeed, where that is known. */
      readonly retryAfterSec?: number | undefined
    }

const failed = (code: CallbackCode, reason: string): SignIn => ({ kind: 'failed', code, reason })

/**
 * Ends a sign-in: checks the provider's answer, redeems the code and reads who it is (OIDC Core
 * sections 3.1.2.7 to 3.1.3.7, RFC 9207).
 *
 * @param parameters - of the callback; `state` is already known to be that of the transaction
 * @param sessionId - public id of the session to be
 */
export async function finishSignIn(
  party: RelyingParty,
  parameters: URLSearchParams,
  transaction: Transaction,
  redirectUri: string,
  sessionId: string,
): Promise<SignIn> {
  try {
    const configuration = await party.configuration()
    const metadata = configuration.serverMetadata()
    const issuer = parameters.get('iss')
    if (issuer === null && metadata.authorization_response_iss_parameter_supported) {
      return failed('invalid_state', 'the answer lacks the iss that the provider announces')
    }
    if (issuer !== null && issuer !== metadata.issuer) {
      return failed('invalid_state', 'the answer is of another issuer')
    }
    const answer = new URL(redirectUri)
    answer.search = parameters.toString()
    const response = await client.authorizationCodeGrant(configuration, answer, {
      pkceCodeVerifier: transaction.codeVerifier,
      expectedState: parameters.get('state') ?? '',
      expectedNonce: transaction.nonce,
      idTokenExpected: true,
    })
    return await readTokens(party, response, sessionId)
  } catch (error) {
    return fromFailure(providerFailure(error))
  }
}

async function readTokens(
  party: RelyingParty,
  response: client.TokenEndpointResponse,
  sessionId: string,
): Promise<SignIn> {
  const { issuer } = await party.discovery.get()
  const idToken: Claims = await verifyIdToken(party, response.id_token ?? '')
  const subject = validSubject(idToken.sub)
  if (!subject) return failed('invalid_token_payload', 'the sub of the id token is not acceptable')
  const accessToken = await readAccessToken(party, response.access_token)
  if (accessToken && accessToken.sub !== subject) {
    return failed('mismatched_token_sub', 'the access token is of another sub than the id token')
  }
  const { claims } = party.settings
  let sources: ClaimSources = { idToken, accessToken }
  if (lacksClaims(sources, claims)) {
    sources = { ...sources, userinfo: await readUserinfo(party, response.access_token, subject) }
  }
  const identity = identityFromClaims(sources, claims, {
    provider: party.settings.name,
    issuer,
    subject,
    sessionId,
    clientId: textClaim(accessToken ?? {}, 'azp') || party.settings.clientId,
    scopes: (response.scope ?? party.settings.scopes).split(' ').filter(Boolean),
  })
  return {
    kind: 'signed-in',
    tokens: tokensFrom(response, accessToken, party.clock.now()),
    identity,
    groupsOverage: hasGroupsOverage(sources, claims),
    sid: textClaim(idToken, 'sid') || undefined,
    acr: textClaim(idToken, 'acr'),
    authenticatedAt: timeClaim(idToken, 'auth_time'),
  }
}

/**
 * The userinfo claims of a subject (OIDC Core section 5.3), or undefined where the provider has no such
 * endpoint or refuses the token there. Rejects for an outage and for an answer about another subject.
 */
export async function readUserinfo(
  party: RelyingParty,
  accessToken: string,
  subject: string,
): Promise<Claims | undefined> {
  const configuration = await party.configuration()
  if (!configuration.serverMetadata().userinfo_endpoint) return
  try {
    return await client.fetchUserInfo(configuration, accessToken, subject)
  } catch (error) {
    if (error instanceof client.WWWAuthenticateChallengeError) return
    throw error
  }
}

function fromFailure(failure: ProviderFailure): SignIn {
  switch (failure.kind) {
    case 'unavailable':
      return { ...failure, kind: 'failed', code: 'idp_unavailable' }
    case 'refused':
      return failed('token_exchange_failed', failure.reason)
    case 'broken':
      return failed('idp_error', failure.reason)
    case 'invalid':
      return failed('invalid_token_payload', failure.reason)
    case 'authorization-error':
      return failed(authorizationErrorCode(failure.error), failure.reason)
  }
}

function authorizationErrorCode(error: string): CallbackCode {
  switch (error) {
    case 'access_denied':
      return 'access_denied'
    case 'login_required':
    case 'interaction_required':
    case 'account_selection_required':
    case 'consent_required':
      return 'login_required'
    case 'temporarily_unavailable':
      return 'idp_unavailable'
    default:
      return 'idp_error'
  }
}
