import { sign } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { deriveSigningKey, type SigningKey } from '../lib/signing-key.ts'
import type { Identity } from '../model/identity.ts'
import { maxListBytes } from './header-values.ts'

const lifeSec = 300
/** An assertion that an app receives has as long to live, at least. */
const leftMs = 60_000

/** An assertion and until when it may be sent, in milliseconds since the epoch. */
export interface Assertion {
  readonly value: string
  readonly until: number
}

/**
 * Says who is asking in a form that apps can check: a JWT signed with ES256, whose keys are at
 * `/.well-known/jwks.json`. The keys come from `SESSION_SECRET`: the first signs, all are published, so
 * that a rotation of secrets is one of keys.
 */
export class Assertions {
  readonly #keys: readonly SigningKey[]
  readonly #clock: Clock

  constructor(secrets: readonly string[], clock: Clock) {
    this.#keys = secrets.map((secret) => deriveSigningKey(secret, 'assertion'))
    this.#clock = clock
  }

  /** The key set (RFC 7517 section 5). */
  get keySet(): { readonly keys: readonly SigningKey['jwk'][] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) }
  }

  /**
   * @param issuer - address of the gateway's pages
   * @param subject - what `x-user-id` says, or the id of a service
   */
  make(identity: Identity, issuer: string, subject: string, audience: string): Assertion {
    const [key] = this.#keys
    if (!key) throw new TypeError('assertions need a secret')
    const now = this.#clock.now()
    const iat = Math.floor(now / 1_000)
    const header = { alg: 'ES256', typ: 'JWT', kid: key.jwk.kid }
    const claims = {
      iss: issuer,
      sub: subject,
      aud: audience,
      iat,
      exp: iat + lifeSec,
      ...claimsOf(identity),
    }
    const input = `${segment(header)}.${segment(claims)}`
    const signature = sign('sha256', Buffer.from(input), {
      key: key.privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    return {
      value: `${input}.${signature.toString('base64url')}`,
      until: (iat + lifeSec) * 1_000 - leftMs,
    }
  }
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function claimsOf(identity: Identity): Record<string, unknown> {
  const person = identity.kind === 'user'
  return {
    auth_kind: identity.kind,
    auth_source: identity.source,
    auth_provider: identity.provider,
    client_id: identity.clientId || undefined,
    roles: cut(identity.roles),
    scope: identity.scopes.join(' ') || undefined,
    ...(person && {
      preferred_username: identity.username || undefined,
      name: identity.name || undefined,
      email: identity.email || undefined,
      email_verified: identity.email === '' ? undefined : identity.emailVerified,
      groups: cut(identity.groups),
      sid: identity.sessionId || undefined,
    }),
  }
}

/** As the header of the same list: at most 8 KB, cut at the end of an item. */
function cut(items: readonly string[]): readonly string[] {
  let length = 0
  const end = items.findIndex((item) => {
    length += Buffer.byteLength(item) + 1
    return length > maxListBytes
  })
  return end === -1 ? items : items.slice(0, end)
}
