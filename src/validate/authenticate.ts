import type { AccessTokens, TokenProof } from '../bearer/access-tokens.ts'
import type { ApiKeys } from '../bearer/api-keys.ts'
import { after, type NowOrLater } from '../lib/now-or-later.ts'
import type { Credential } from '../model/credential.ts'
import type { Identity } from '../model/identity.ts'
import type { PassableTokens } from '../model/live-session.ts'
import type { Site } from '../model/site.ts'
import type { LiveSessions, SessionProof } from './live-sessions.ts'

/** What proved an identity: one object as long as it proves the same. */
export interface Prover {
  readonly identity: Identity
  readonly tokens?: PassableTokens
  /** Of a person's sign-in: its authentication context class, empty where unknown, and when it was. */
  readonly acr?: string
  readonly authenticatedAt?: number | undefined
  /** When it ends as known now, in milliseconds since the epoch; absent where nothing says so. */
  readonly expiresAt?: number | undefined
  /** Of an access token: whom it is for, and whether these are MCP resources alone. */
  readonly audiences?: readonly string[]
  readonly forResources?: boolean
}

/** What a credential proves. Anything but `proven` carries no identity. */
export type Proof =
  | {
      readonly kind: 'proven'
      readonly identity: Identity
      readonly by: Prover
      /** Scopes that every token of the issuer must have, and this one has not. */
      readonly missingScopes?: readonly string[]
    }
  | {
      readonly kind: 'unproven'
      readonly code: 'unauthenticated' | 'session_expired' | 'invalid_token'
      readonly reason: string
    }
  | { readonly kind: 'conflict'; readonly reason: string }
  | {
      readonly kind: 'unavailable'
      readonly code: 'store_unavailable' | 'idp_unavailable'
      readonly reason: string
      readonly retryAfterSec?: number | undefined
    }

/** What credentials are checked with; absent: there are none of the kind. */
export interface Provers {
  readonly sessions: Pick<LiveSessions, 'prove' | 'verifies'>
  readonly tokens?: AccessTokens | undefined
  readonly keys?: ApiKeys | undefined
}

/** Checks a credential; a promise only where memory does not know. */
export function authenticate(
  credential: Credential,
  site: Site,
  { sessions, tokens, keys }: Provers,
): NowOrLater<Proof> {
  switch (credential.kind) {
    case 'none':
      return { kind: 'unproven', code: 'unauthenticated', reason: 'there is no credential' }
    case 'conflict':
      return credential
    case 'bearer':
      if (!tokens)
        return invalid(
          'no issuer of access tokens is trusted; if this one should be, set AUTH_ALLOWED_AUDIENCES to the audience of its tokens',
        )
      return after(tokens.prove(credential.token), fromToken)
    case 'key':
      return fromKey(keys?.prove(credential.key))
    case 'session':
      return after(sessions.prove(site, credential.cookie, 'count'), fromSession)
  }
}

function invalid(reason: string): Proof {
  return { kind: 'unproven', code: 'invalid_token', reason }
}

function fromToken(proof: TokenProof): Proof {
  switch (proof.kind) {
    case 'verified': {
      const { identity, missingScopes } = proof.token
      return { kind: 'proven', identity, by: proof.token, missingScopes }
    }
    case 'refused':
      return invalid(`the access token is refused: ${proof.reason}`)
    case 'unavailable':
      return { ...proof, code: 'idp_unavailable' }
  }
}

function fromKey(proof: ReturnType<ApiKeys['prove']> | undefined): Proof {
  if (proof?.kind === 'verified')
    return { kind: 'proven', identity: proof.key.identity, by: proof.key }
  return invalid(proof?.reason ?? 'there are no API keys')
}

function fromSession(proof: SessionProof): Proof {
  switch (proof.kind) {
    case 'live': {
      const { session } = proof
      return { kind: 'proven', identity: session.identity, by: session }
    }
    case 'forged':
      return {
        kind: 'unproven',
        code: 'unauthenticated',
        reason: 'the session cookie is not signed by this gateway',
      }
    case 'ended':
      return { kind: 'unproven', code: 'session_expired', reason: 'the session has ended' }
    case 'unavailable':
      return proof
  }
}
