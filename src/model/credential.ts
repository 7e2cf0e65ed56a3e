/** What a caller offers as proof. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'session'; readonly cookie: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'conflict'; readonly reason: string }
