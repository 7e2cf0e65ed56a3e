import type { App } from '../model/app.ts'
import { identityHeaderNames, setHeaders } from '../model/header-names.ts'
import { type Identity, qualified } from '../model/identity.ts'
import { encodeHeaderValue, encodeList, rawHeaderValue, rawList } from './header-values.ts'

/** What names stand for in the headers of one installation. */
export interface HeaderNaming {
  /** Every header that some app receives, in order, without `x-request-id`. */
  readonly names: readonly string[]
  /** Whose subjects and user names stand without a prefix. */
  readonly firstProvider: string
}

/** The names of every identity header that some app receives, without `x-request-id`. */
export function identityHeaderNamesOf({
  apps,
  keys,
}: {
  readonly apps: readonly App[]
  readonly keys: readonly unknown[]
}): string[] {
  const names = apps.flatMap(({ headers: { sets, own } }) => [
    ...sets.flatMap((set) =>
      set === 'x-user' ? identityHeaderNames : Object.keys(setHeaders[set]),
    ),
    ...own.map(({ name }) => name),
  ])
  // Always empty: the proxy then takes the key away.
  const key = keys.length > 0 ? ['x-api-key'] : []
  return [...new Set([...names, ...key])].filter((name) => name !== 'x-request-id')
}

/**
 * The identity headers of a 200 for one app, names and values in turn: every header that some app
 * receives, empty where it is not for this app or nothing is known. One that is left out would let
 * through what the client sent. `x-request-id` is the request's own, added per request.
 *
 * @param expiresAt - when what proved the identity ends, in milliseconds since the epoch
 */
export function identityHeaders(
  identity: Identity,
  app: App,
  naming: HeaderNaming,
  expiresAt?: number,
): string[] {
  const values = new Map<string, string>()
  const cut: string[] = []
  for (const set of app.headers.sets) {
    if (set === 'x-user') addEncoded(values, cut, identity, naming.firstProvider)
    else {
      for (const [name, field] of Object.entries(setHeaders[set]))
        addRaw(values, cut, name, fieldOf(identity, field, naming.firstProvider))
    }
  }
  for (const { name, from } of app.headers.own) {
    const value =
      from === 'expires_at' ? unixTime(expiresAt) : ownValue(identity, from, naming.firstProvider)
    addRaw(values, cut, name, value)
  }
  if (values.has('x-auth-truncated')) values.set('x-auth-truncated', cut.join(','))
  return naming.names.flatMap((name) => [name, values.get(name) ?? ''])
}

function addEncoded(
  values: Map<string, string>,
  cut: string[],
  identity: Identity,
  firstProvider: string,
): void {
  const service = identity.kind === 'service'
  const list = (name: string, items: readonly string[], separator: string) => {
    const encoded = encodeList(items, separator)
    if (encoded.cut) cut.push(name)
    values.set(name, encoded.value)
  }
  const text = (name: string, value: string) => values.set(name, encodeHeaderValue(value))
  text('x-user-id', service ? '' : qualified(identity, identity.subject, firstProvider))
  text('x-username', service ? '' : identity.username)
  text('x-user-email', service ? '' : identity.email)
  text('x-user-name', service ? '' : identity.name)
  list('x-user-roles', identity.kind === 'user' ? identity.roles : [], ',')
  list('x-user-groups', identity.groups, ',')
  list('x-user-scopes', identity.scopes, ' ')
  text('x-session-id', identity.sessionId)
  text('x-client-id', identity.clientId)
  text('x-auth-source', identity.source)
  text('x-auth-kind', identity.kind)
  text('x-auth-provider', identity.provider)
  text('x-service-name', service ? qualified(identity, identity.clientId, firstProvider) : '')
  text('x-service-id', service ? qualified(identity, identity.subject, firstProvider) : '')
  list('x-service-roles', service ? identity.roles : [], ',')
  values.set('x-auth-truncated', '')
}

function addRaw(
  values: Map<string, string>,
  cut: string[],
  name: string,
  value: string | readonly string[],
): void {
  if (typeof value === 'string') {
    values.set(name, rawHeaderValue(value))
    return
  }
  const list = rawList(value)
  if (list.cut) cut.push(name)
  values.set(name, list.value)
}

type Field = 'user_id' | 'username' | 'email' | 'name' | 'groups'

/** A field of a person, as apps know people by it: nothing of a service, which is none. */
function fieldOf(
  identity: Identity,
  field: Field,
  firstProvider: string,
): string | readonly string[] {
  if (identity.kind !== 'user') return ''
  switch (field) {
    case 'user_id':
      return qualified(identity, identity.subject, firstProvider)
    case 'username':
      return qualified(identity, identity.username, firstProvider)
    default:
      return identity[field]
  }
}

/** Seconds since the epoch: unlike the time that is left, it stays true while the block is kept. */
function unixTime(ms: number | undefined): string {
  return ms === undefined ? '' : String(Math.floor(ms / 1_000))
}

function ownValue(
  identity: Identity,
  from: string,
  firstProvider: string,
): string | readonly string[] {
  if (identity.kind !== 'user') return ''
  if (from.startsWith('claims.')) {
    const path = from.slice('claims.'.length)
    const { claims = {} } = identity
    return Object.hasOwn(claims, path) ? (claims[path] ?? '') : ''
  }
  switch (from) {
    case 'sub':
      return identity.subject
    case 'provider':
      return identity.provider
    case 'session_id':
      return identity.sessionId
    case 'roles':
      return identity.roles
    default:
      return fieldOf(identity, from as Field, firstProvider)
  }
}
