import type { Attributes } from '../model/access-policy.ts'
import { withoutSlash } from '../model/allow.ts'
import type { Identity } from '../model/identity.ts'

/** From claims, by their names or dotted paths, to attributes; several may feed one. */
type ClaimsMapping = Readonly<Record<string, string>>

const known = new WeakMap<ClaimsMapping, WeakMap<Identity, Attributes>>()

/**
 * The attributes that conditions ask about: those that claims are mapped to, and besides them `roles`
 * and `groups` as apps receive them. Where the mapping names one of these two, what it says counts in
 * its place, for those who have a claim that it names: keys and other issuers' tokens have none. A name
 * that begins with a slash, as paths of groups do, is there without it, too. Unknown where a session is
 * from before the mapping, and nobody has looked at the claim yet. Remembered as long as the identity is.
 */
export function attributesOf(identity: Identity, mapping: ClaimsMapping): Attributes {
  const ofMapping = known.get(mapping) ?? new WeakMap<Identity, Attributes>()
  known.set(mapping, ofMapping)
  const attributes = ofMapping.get(identity) ?? gather(identity, mapping)
  ofMapping.set(identity, attributes)
  return attributes
}

function gather(identity: Identity, mapping: ClaimsMapping): Attributes {
  const values = new Map<string, Set<string>>()
  const unknown = new Set<string>()
  for (const [claim, attribute] of Object.entries(mapping)) {
    const found = claimValues(identity, claim)
    if (!found && identity.source === 'session') unknown.add(attribute)
    if (found || !(attribute === 'roles' || attribute === 'groups'))
      add(values, attribute, found ?? [])
  }
  if (!values.has('roles')) add(values, 'roles', identity.roles)
  if (!values.has('groups')) add(values, 'groups', identity.groups)
  // Without a prototype nobody has an attribute that only objects have (threat C-14).
  const attributes: Record<string, readonly string[] | undefined> = Object.create(null)
  for (const [attribute, ofAttribute] of values)
    attributes[attribute] = unknown.has(attribute) ? undefined : [...ofAttribute]
  return attributes
}

function add(values: Map<string, Set<string>>, attribute: string, found: readonly string[]): void {
  const ofAttribute = values.get(attribute) ?? new Set()
  values.set(attribute, ofAttribute)
  for (const value of found) ofAttribute.add(value).add(withoutSlash(value))
}

/** Undefined where the claim was not looked for: one that was and is not there is an empty list. */
function claimValues(
  { claims, email, emailVerified }: Identity,
  claim: string,
): readonly string[] | undefined {
  const value = claims && Object.hasOwn(claims, claim) ? claims[claim] : undefined
  if (value === undefined) return
  // An address that nobody verified may be anybody's (threat H-09).
  if (claim === 'email' && !(emailVerified && value === email)) return []
  const values = typeof value === 'string' ? value.split(/\s+/) : value
  return values.filter((item) => item !== '')
}
