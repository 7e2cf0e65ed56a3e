import type { TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client'
import { Failure, plain } from './failure.ts'

/** A sign-in at one resource, as it is stored. */
export interface Login {
  /** Identifier of the resource: origin and path. */
  readonly resource: string
  /** Whether the issuer is told of it in every request for tokens (RFC 8707). */
  readonly indicated: boolean
  readonly issuer: string
  readonly clientId: string
  readonly scope: string
  readonly accessToken: string
  readonly refreshToken?: string | undefined
  /** When the access token ends, in milliseconds since the epoch, where the issuer said. */
  readonly expiresAt?: number | undefined
  readonly who?: Who | undefined
}

/** Who signed in, by the claims of OpenID Connect Core section 5.1. */
export interface Who {
  readonly subject: string
  readonly username?: string | undefined
  readonly name?: string | undefined
  readonly email?: string | undefined
}

export type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers

/** What stays the same when tokens are renewed. */
export type LoginBasis = Pick<Login, 'resource' | 'indicated' | 'issuer' | 'clientId' | 'scope'>

/**
 * The login that tokens make; throws a Failure where nobody could use them.
 *
 * @param former - of which they are the renewal: what the issuer does not say again stays
 * @param now - milliseconds since the epoch
 */
export function loginFrom(tokens: Tokens, basis: LoginBasis, now: number, former?: Login): Login {
  // It goes to a terminal and into a header as it is.
  if (!/^[\x21-\x7e]+$/.test(tokens.access_token))
    throw new Failure(`${basis.issuer} gave a token that no header can hold`)
  const { resource, indicated, issuer, clientId, scope } = basis
  const claims = tokens.claims()
  const lifetime = tokens.expiresIn()
  return {
    resource,
    indicated,
    issuer,
    clientId,
    scope: tokens.scope ?? scope,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? former?.refreshToken,
    expiresAt: lifetime === undefined ? undefined : now + lifetime * 1_000,
    who: claims ? whoFrom(claims) : former?.who,
  }
}

/** Who claims speak of: those of an id token or of userinfo. */
export function whoFrom(claims: Readonly<Record<string, unknown>> & { sub: string }): Who {
  const text = (name: string) => {
    const value = claims[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    subject: claims.sub,
    username: text('preferred_username'),
    name: text('name'),
    email: text('email'),
  }
}

/** Names as they are known to people, the subject where there are none. */
export function labelOf({ subject, username, name, email }: Who): string {
  const [first = subject, ...others] = [name, username, email].filter((text) => text !== undefined)
  return plain(others.length === 0 ? first : `${first} (${others.join(', ')})`)
}

/** Parameters that go with every request for tokens of a resource. */
export function indicatorOf({ resource, indicated }: LoginBasis): Record<string, string> {
  return indicated ? { resource } : {}
}

/** Whether a value that was read is a login. */
export function isLogin(value: unknown): value is Login {
  if (typeof value !== 'object' || value === null) return false
  const { resource, indicated, issuer, clientId, scope, accessToken, refreshToken, expiresAt } =
    value as Record<string, unknown>
  return (
    [resource, issuer, clientId, scope, accessToken].every((text) => typeof text === 'string') &&
    typeof indicated === 'boolean' &&
    ['string', 'undefined'].includes(typeof refreshToken) &&
    ['number', 'undefined'].includes(typeof expiresAt)
  )
}
