import type { AllowList } from './allow.ts'

/** The sets of identity headers that apps know. */
export const headerSets = [
  'x-user',
  'remote',
  'x-auth-request',
  'x-forwarded',
  'x-webauth',
] as const

export type HeaderSet = (typeof headerSets)[number]

/** An identity header under an operator's own name. */
export interface OwnHeader {
  /** Lower case. */
  readonly name: string
  /** `claims.` and a claim, or a field of the identity. */
  readonly from: string
}

/** What a sign-in must have been like for an app. */
export interface SignInDemand {
  /** Only these providers. */
  readonly providers?: readonly string[]
  /** One of these authentication context classes (OIDC Core section 2). */
  readonly acr?: readonly string[]
  /** How long ago it may be, in milliseconds. */
  readonly maxAgeMs?: number
}

/** One app behind the gateway; all of them together where the settings do not tell them apart. */
export interface App {
  readonly name: string
  /** Who may use it; absent: whoever may sign in. */
  readonly allow?: AllowList
  readonly headers: { readonly sets: readonly HeaderSet[]; readonly own: readonly OwnHeader[] }
  /** Which token of the session it is passed. */
  readonly token: 'off' | 'access' | 'id'
  /** `aud` of the assertion; absent: the host asked for. */
  readonly audience?: string
  readonly signIn: SignInDemand
}
