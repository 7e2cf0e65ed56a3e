import type { Identity } from './identity.ts'

/** SHA-256 of the session id in the cookie, base64url: what a store knows a session by. */
export type SessionKey = string & { readonly brand: 'SessionKey' }

/** The tokens a provider gave for a session. Times are milliseconds since the epoch. */
export interface Tokens {
  readonly accessToken: string
  /** Absent where the provider did not say. */
  readonly accessExpiresAt?: number
  /** When the access token was received: refresh is due at a share of its life. */
  readonly receivedAt: number
  readonly refreshToken?: string
  /** Absent where the provider did not say, or said that it has no end. */
  readonly refreshExpiresAt?: number
  readonly idToken: string
}

/** A signed-in browser. Times are milliseconds since the epoch. */
export interface Session {
  readonly key: SessionKey
  /** Shown to people and apps in place of the cookie's id. */
  readonly publicId: string
  /** Name of the provider that signed it in. */
  readonly provider: string
  /** Origin of the site whose cookie carries it. */
  readonly site: string
  /** The provider's `sid`: what back-channel logout may name. */
  readonly sid?: string
  readonly identity: Identity
  /** Authentication context class of the sign-in; absent where the provider did not say. */
  readonly acr?: string
  /** When the person proved who they are (`auth_time`); absent where the provider did not say. */
  readonly authenticatedAt?: number
  readonly tokens: Tokens
  readonly createdAt: number
  readonly lastUsedAt: number
  /** End as known now, not counting the idle limit. */
  readonly expiresAt: number
  /** Description of the browser, for the list of sessions on the account page. */
  readonly userAgent: string
}
