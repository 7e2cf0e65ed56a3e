import type { Identity } from './identity.ts'
import type { Session, SessionKey } from './session.ts'

/** Tokens that apps may be passed, with their ends in milliseconds since the epoch. */
export type PassableTokens = Readonly<
  Partial<Record<'access' | 'id', { readonly value: string; readonly until: number }>>
>

/** A session as the decision needs it: without its tokens, unless apps are passed them. Times are milliseconds since the epoch. */
export interface LiveSession {
  readonly key: SessionKey
  readonly publicId: string
  readonly site: string
  readonly identity: Identity
  readonly createdAt: number
  /** End as known now, not counting the idle limit. */
  readonly expiresAt: number
  /** End of the access token; absent where the provider did not say, or where it does not matter. */
  readonly accessExpiresAt: number | undefined
  /** When the tokens were received. */
  readonly receivedAt: number
  /** When a refresh is due; absent where the session cannot be refreshed. */
  readonly refreshDueAt: number | undefined
  /** Authentication context class of the sign-in (OIDC Core section 2); empty where unknown. */
  readonly acr: string
  /** When the person proved who they are; absent where the provider did not say. */
  readonly authenticatedAt: number | undefined
  readonly tokens?: PassableTokens
  /** Later of what this process and the store know. */
  lastUsedAt: number
}

/** Refresh is due when this share of the access token's life is over. */
const refreshDueShare = 0.8

/**
 * The part of a stored session that decides requests.
 *
 * @param passesTokens - whether some app is passed a token
 */
export function toLiveSession(session: Session, passesTokens = false): LiveSession {
  const { accessExpiresAt, receivedAt, refreshToken } = session.tokens
  const refreshable = refreshToken !== undefined && accessExpiresAt !== undefined
  return {
    key: session.key,
    publicId: session.publicId,
    site: session.site,
    identity: session.identity,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
    accessExpiresAt: refreshable ? accessExpiresAt : undefined,
    receivedAt,
    refreshDueAt: refreshable
      ? receivedAt + refreshDueShare * (accessExpiresAt - receivedAt)
      : undefined,
    acr: session.acr ?? '',
    authenticatedAt: session.authenticatedAt,
    ...(passesTokens && { tokens: passable(session.tokens) }),
    lastUsedAt: session.lastUsedAt,
  }
}

function passable({ accessToken, accessExpiresAt, idToken }: Session['tokens']): PassableTokens {
  const idUntil = endOfJwt(idToken)
  return {
    access: { value: accessToken, until: accessExpiresAt ?? Number.MAX_SAFE_INTEGER },
    ...(idUntil !== undefined && { id: { value: idToken, until: idUntil } }),
  }
}

/** `exp` of a token that was verified when it came. */
function endOfJwt(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return Number.isFinite(exp) ? exp * 1_000 : undefined
  } catch {
    return
  }
}

/** The end as known now, the idle limit counted. */
export function endOf(session: LiveSession, idleMs: number | undefined): number {
  return idleMs === undefined
    ? session.expiresAt
    : Math.min(session.expiresAt, session.lastUsedAt + idleMs)
}
