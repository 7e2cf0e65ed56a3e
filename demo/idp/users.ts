/** Somebody who can sign in at the demo provider. */
export interface User {
  /** The `sub` claim. */
  readonly id: string
  readonly username: string
  readonly name: string
  readonly email: string
  /** True unless told otherwise. */
  readonly emailVerified?: boolean
  readonly groups: readonly string[]
  /** Given both as `realm_access.roles`, as Keycloak does, and as `roles`. */
  readonly roles: readonly string[]
}

/** One of everything: a plain name, one outside Latin-1, and somebody without groups. */
export const demoUsers: readonly User[] = [
  {
    id: '5f2c1c1e-0a6b-4a3e-9b57-1d7f0c7a0001',
    username: 'alice',
    name: 'Alice Archer',
    email: 'alice@example.com',
    groups: ['/engineering', '/ops'],
    roles: ['admin', 'user'],
  },
  {
    id: '5f2c1c1e-0a6b-4a3e-9b57-1d7f0c7a0002',
    username: 'lukasz',
    name: 'Łukasz Żółw',
    email: 'lukasz@example.com',
    groups: ['/engineering'],
    roles: ['user'],
  },
  {
    id: '5f2c1c1e-0a6b-4a3e-9b57-1d7f0c7a0003',
    username: 'guest',
    name: 'Grace Guest',
    email: 'grace@example.org',
    emailVerified: false,
    groups: [],
    roles: [],
  },
]

/** Everything the provider says of a user (OIDC Core section 5.1, and what Keycloak adds). */
export function claimsOf(user: User) {
  return {
    sub: user.id,
    name: user.name,
    preferred_username: user.username,
    email: user.email,
    email_verified: user.emailVerified ?? true,
    groups: [...user.groups],
    realm_access: { roles: [...user.roles] },
    roles: [...user.roles],
  }
}

/** Which of the claims each scope releases. */
export const claimsByScope = {
  openid: ['sub'],
  profile: ['name', 'preferred_username', 'groups', 'realm_access', 'roles'],
  email: ['email', 'email_verified'],
}
