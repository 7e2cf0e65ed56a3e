import { compactVerify, errors } from 'jose'
import * as client from 'openid-client'
import type { Claims } from '../issuers/claims.ts'
import { isIssuerUnavailable } from '../issuers/issuer-unavailable.ts'
import { claimsFault, clientOf, hasAudience, headerFault, isType } from './token-checks.ts'
import type { TokenForm } from './token-form.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** What is known of a token. An outage of its issuer is thrown. */
export type Verified =
  | { readonly kind: 'good'; readonly claims: Claims; readonly source: 'bearer' | 'introspection' }
  | {
      readonly kind: 'bad'
      readonly reason: string
      /** Whether the issuer was asked for it. */
      readonly asked?: true
    }

const bad = (reason: string): Verified => ({ kind: 'bad', reason })

/**
 * Checks a JWT of an issuer: form, claims, then its signature (RFC 7519 section 7.2, RFC 9068 section 4).
 * One that is good and says too little is asked about, where the issuer may be.
 *
 * @param now - milliseconds since the epoch
 */
export async function verifyJwt(
  token: string,
  { header, claims }: Extract<TokenForm, { kind: 'jwt' }>,
  issuer: TrustedIssuer,
  now: number,
): Promise<Verified> {
  const { settings } = issuer
  const fault =
    headerFault(header, settings) ??
    claimsFault(claims, settings, isType(header.typ, 'at+jwt'), now) ??
    clientFault(claims, issuer)
  if (fault !== undefined) return bad(fault)
  const says = (name: string) => Object.hasOwn(claims, name)
  const lightweight = settings.introspection !== 'off' && !(says('sub') && says('aud'))
  const unfit = lightweight ? undefined : (audienceFault(claims, issuer) ?? subjectFault(claims))
  if (unfit !== undefined) return bad(unfit)
  try {
    await compactVerify(token, issuer.keys, { algorithms: [...settings.algorithms] })
  } catch (error) {
    if (isIssuerUnavailable(error)) throw error
    const fault = keyFault(error)
    if (fault === undefined) throw error
    return bad(`its signature is not good (${fault})`)
  }
  if (lightweight) return introspect(token, issuer, now)
  return { kind: 'good', claims, source: 'bearer' }
}

/** What is wrong with a signature or its key; a key that is weak, or none, is no JOSEError. */
function keyFault(error: unknown): string | undefined {
  if (error instanceof errors.JOSEError) return error.code
  if (error instanceof TypeError || error instanceof DOMException) return error.message
  return
}

/** Asks the issuer about a token (RFC 7662), and checks what it says as one would the token itself. */
export async function introspect(
  token: string,
  issuer: TrustedIssuer,
  now: number,
): Promise<Verified> {
  const verified = await introspected(token, issuer, now)
  return verified.kind === 'bad' ? { ...verified, asked: true } : verified
}

async function introspected(token: string, issuer: TrustedIssuer, now: number): Promise<Verified> {
  const answer = await answerOf(token, issuer)
  if (answer === undefined) return bad('the issuer gives the gateway no answer about the token')
  if (answer.active !== true) return bad('the issuer says that it is not active')
  const { settings } = issuer
  const { iss, token_type: type, exp } = answer
  if (iss !== undefined && iss !== settings.issuer) return bad('it is of another issuer')
  if (type !== undefined && !isType(type, 'bearer'))
    return bad('its token_type says that it is no access token')
  // Without an end it is believed for a moment only; the memory of tokens knows that.
  const timed = exp === undefined ? { ...answer, exp: Math.ceil(now / 1_000) } : answer
  const fault =
    claimsFault(timed, settings, true, now) ??
    clientFault(answer, issuer) ??
    introspectedAudienceFault(answer, issuer) ??
    subjectFault(answer)
  if (fault !== undefined) return bad(fault)
  // RFC 7662 section 2.2 has a name of its own for who it is.
  const claims = { preferred_username: answer.username, ...answer }
  return { kind: 'good', claims, source: 'introspection' }
}

async function answerOf(token: string, issuer: TrustedIssuer): Promise<Claims | undefined> {
  const configuration = await issuer.configuration()
  if (!configuration.serverMetadata().introspection_endpoint) return
  try {
    return await client.tokenIntrospection(configuration, token, {
      token_type_hint: 'access_token',
    })
  } catch (error) {
    // The issuer refuses the gateway, or speaks another protocol. Nothing is known of the token then.
    if (isIssuerUnavailable(error)) throw error
    return
  }
}

function clientFault(claims: Claims, { settings }: TrustedIssuer): string | undefined {
  if (settings.clients === undefined || settings.clients.includes(clientOf(claims))) return
  return 'it was given to a client that is not among those of the issuer'
}

function audienceFault(claims: Claims, { settings }: TrustedIssuer): string | undefined {
  const audiences = [...settings.audiences, ...(settings.resourceAudiences ?? [])]
  if (hasAudience(claims, audiences)) return
  return `it is not made for this service: its aud has none of ${audiences.join(', ')}`
}

/**
 * An answer need not name an audience. Without one the token must be of a client that is known to be
 * ours: any other client of the issuer gets active tokens, too. It must also be said to be an access
 * token: refresh tokens are active as well, and their answers often differ by the missing type alone.
 */
function introspectedAudienceFault(claims: Claims, issuer: TrustedIssuer): string | undefined {
  if (claims.aud !== undefined) return audienceFault(claims, issuer)
  if (claims.token_type === undefined && claims.token_use === undefined)
    return 'the issuer names no audience for it, and does not say that it is an access token'
  const { client: own, clients = [], audiences } = issuer.settings
  const known = [...audiences, ...clients, ...(own ? [own.clientId] : [])]
  if (known.includes(clientOf(claims))) return
  return 'the issuer names no audience for it, and it is of another client'
}

/** OIDC Core section 2 says what a subject is. */
function subjectFault({ sub }: Claims): string | undefined {
  if (typeof sub === 'string' && sub !== '' && sub.length <= 255) return
  return 'its sub is missing, or no subject'
}
