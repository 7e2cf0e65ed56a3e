import { after, type NowOrLater } from '../lib/now-or-later.ts'
import type { Credential } from '../model/credential.ts'
import type { Identity } from '../model/identity.ts'
import type { LiveSession } from '../model/live-session.ts'
import type { Site } from '../model/site.ts'
import type { LiveSessions, SessionProof } from './live-sessions.ts'

/** What a credential proves. Anything but `proven` carries no identity. */
export type Proof =
  | {
      readonly kind: 'proven'
      readonly identity: Identity
      /** Where it was proven by a session. */
      readonly session?: LiveSession
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
    }

/** Checks a credential; a promise only where memory does not know. */
export function authenticate(
  credential: Credential,
  site: Site,
  sessions: LiveSessions,
): NowOrLater<Proof> {
  switch (credential.kind) {
    case 'none':
      return { kind: 'unproven', code: 'unauthenticated', reason: 'there is no credential' }
    case 'conflict':
      return credential
    case 'bearer':
      return {
        kind: 'unproven',
        code: 'invalid_token',
        reason: 'this version takes no bearer tokens',
      }
    case 'session':
      return after(sessions.prove(site, credential.cookie, 'count'), fromSession)
  }
}

function fromSession(proof: SessionProof): Proof {
  switch (proof.kind) {
    case 'live':
      return {
        kind: 'proven',
        identity: proof.session.identity,
        session: proof.session,
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
