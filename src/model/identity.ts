/** Who is asking, and what proved it. */
export interface Identity {
  readonly kind: 'user' | 'service' | 'anonymous'
  readonly source: 'session' | 'bearer' | 'introspection' | 'key' | 'anonymous' | 'bypass'
  /** Name of the provider or issuer, for example `default`. */
  readonly provider: string
  readonly issuer: string
  /** The issuer's `sub`. Only together with the issuer does it name somebody. */
  readonly subject: string
  readonly username: string
  readonly email: string
  readonly emailVerified: boolean
  readonly name: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  /** Public id of the session, never the cookie's; empty for other sources. */
  readonly sessionId: string
  readonly clientId: string
  readonly accountKind: string
  readonly accountLabel: string
  /** Claims that own headers of apps hold, by their paths; texts and lists of texts. */
  readonly claims?: Readonly<Record<string, string | readonly string[]>>
}

/**
 * A name of a person or account, with the provider's before it unless that is the first: two providers
 * give the same name to different people (threat H-11).
 *
 * @param firstProvider - name of the provider whose names stand alone
 */
export function qualified(
  { provider, source }: Identity,
  name: string,
  firstProvider: string,
): string {
  // API keys are the gateway's own, and so are their names.
  const stands = provider === firstProvider || source === 'key'
  return name === '' || stands ? name : `${provider}:${name}`
}

/**
 * An identity with the role `admin` where its verified e-mail address is one of the administrators'.
 *
 * @param admins - addresses in lower case
 */
export function withAdminRole(identity: Identity, admins: readonly string[]): Identity {
  const { email, emailVerified, roles } = identity
  if (!emailVerified || roles.includes('admin') || !admins.includes(email.toLowerCase()))
    return identity
  return { ...identity, roles: [...roles, 'admin'] }
}

export const anonymous: Identity = Object.freeze({
  kind: 'anonymous',
  source: 'anonymous',
  provider: '',
  issuer: '',
  subject: '',
  username: '',
  email: '',
  emailVerified: false,
  name: '',
  roles: [],
  groups: [],
  scopes: [],
  sessionId: '',
  clientId: '',
  accountKind: '',
  accountLabel: '',
})
