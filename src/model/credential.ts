/** What can prove an identity. */
export const proofKinds = ['session', 'bearer', 'key'] as const

export type ProofKind = (typeof proofKinds)[number]

/** What a caller offers as proof. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly cookie: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** An API key of this gateway. */
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'conflict'; readonly reason: string }
