import { type Identity, qualified } from './identity.ts'

const kinds = ['group', 'role', 'user', 'email', 'domain', 'service'] as const

/** One way to be let in, for example `group:ops`. */
export interface AllowEntry {
  readonly kind: (typeof kinds)[number]
  /** E-mail addresses and domains in lower case. */
  readonly value: string
}

/** Who is let in: whoever fits one entry. */
export type AllowList = 'anyone' | readonly AllowEntry[]

/**
 * Reads one entry of an allow list: `group:`, `role:`, `user:`, `email:`, `domain:` or `service:` and a
 * name, or `*` for anyone. Undefined for anything else.
 */
export function readAllowEntry(text: string): AllowEntry | 'anyone' | undefined {
  if (text === '*') return 'anyone'
  const colon = text.indexOf(':')
  const kind = kinds.find((known) => known === text.slice(0, colon))
  const value = text.slice(colon + 1)
  if (kind === undefined || value === '' || value.trim() !== value) return
  if (kind === 'email') return isAddress(value) ? { kind, value: value.toLowerCase() } : undefined
  if (kind === 'domain') {
    return /^[^@\s/*]+\.[^@\s/*.]+$/.test(value) ? { kind, value: value.toLowerCase() } : undefined
  }
  return { kind, value }
}

/**
 * Whether an identity is on a list. E-mail entries count for verified addresses only, and so do user
 * names that are the address. Names of people and services are those of the first provider; those of
 * another have its name before them, `user:partner:bob`, since they are others.
 *
 * @param firstProvider - name of the provider whose user names stand alone
 */
export function admits(list: AllowList, identity: Identity, firstProvider: string): boolean {
  if (list === 'anyone') return true
  return list.some((entry) => fits(entry, identity, firstProvider))
}

function fits({ kind, value }: AllowEntry, identity: Identity, firstProvider: string): boolean {
  if (identity.kind !== (kind === 'service' ? 'service' : 'user')) return false
  switch (kind) {
    case 'service':
      return qualified(identity, identity.clientId, firstProvider) === value
    case 'group':
      return identity.groups.some((group) => withoutSlash(group) === withoutSlash(value))
    case 'role':
      return identity.roles.includes(value)
    case 'user':
      return (
        isVouchedName(identity) && qualified(identity, identity.username, firstProvider) === value
      )
    case 'email':
      return verifiedAddress(identity) === value
    case 'domain':
      return verifiedAddress(identity)?.split('@')[1] === value
  }
}

/**
 * Whether a user name is the identity's own: without a login name an identity goes by its address, and
 * that may be anybody's where it is not verified.
 */
export function isVouchedName({ username, email, emailVerified }: Identity): boolean {
  return username !== '' && (username !== email || emailVerified)
}

/** Keycloak sends the path of a group where it is told to, and its name alone where not. */
export function withoutSlash(group: string): string {
  return group.replace(/^\//, '')
}

function verifiedAddress({ email, emailVerified }: Identity): string | undefined {
  return emailVerified && isAddress(email) ? email.toLowerCase() : undefined
}

/** One `@`, and nothing that could be read as a second address (threat H-09). */
function isAddress(text: string): boolean {
  return /^[^@\s,;<>"()]+@[^@\s,;<>"()]+$/.test(text)
}
