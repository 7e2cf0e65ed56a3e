import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Claims, textClaim, timeClaim } from '../issuers/claims.ts'
import { outageOf } from '../issuers/issuer-unavailable.ts'
import type { Clock } from '../lib/clock.ts'
import type { NowOrLater } from '../lib/now-or-later.ts'
import type { Identity } from '../model/identity.ts'
import type { PassableTokens } from '../model/live-session.ts'
import { audiencesOf, clockToleranceSec, hasAudience, scopesOf } from './token-checks.ts'
import { formOf, longestToken } from './token-form.ts'
import { isService, tokenIdentity } from './token-identity.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'
import { lacksGroups, userinfoOf } from './userinfo.ts'
import { introspect, type Verified, verifyJwt } from './verify-token.ts'

/** An access token that was found good. Times are milliseconds since the epoch. */
export interface VerifiedToken {
  readonly identity: Identity
  /** The token itself, where some app is passed it: whichever it would be passed of a session. */
  readonly tokens?: PassableTokens
  /** How a person signed in for it (RFC 9470 section 6.2): authentication context class, and when. */
  readonly acr?: string
  readonly authenticatedAt?: number | undefined
  /** Absent where the token does not say. */
  readonly expiresAt?: number
  /** Scopes that the issuer's tokens must have, and this one has not. */
  readonly missingScopes: readonly string[]
  /** Whom it names that it is for, of those whom its issuer's tokens may be for. */
  readonly audiences: readonly string[]
  /** Whether it is good for MCP resources alone. */
  readonly forResources: boolean
}

export type TokenProof =
  | { readonly kind: 'verified'; readonly token: VerifiedToken }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'unavailable'
      readonly reason: string
      /** When the issuer is asked again, where that is known. */
      readonly retryAfterSec?: number | undefined
    }

/** A verified token in memory. Times are milliseconds, `until` since the epoch. */
interface Known {
  readonly token: VerifiedToken
  readonly until: number
  /** Whether the token has ended then. One whose end nobody told is asked about again. */
  readonly ends: boolean
  /** Whether userinfo told of its subject. */
  readonly hasUserinfo: boolean
  /** By the monotonic clock: from then on it is asked about again, in the background. */
  readonly recheckAt: number
  /** By the monotonic clock: from then on the answer is waited for. */
  readonly staleAt: number
}

const remembered = 5_000
const recent = 1_000
const inactiveForMs = 10_000
const introspectedForMs = 30_000
const userinfoForMs = 300_000
const waitMs = 2_000
/** Questions to issuers about unknown opaque tokens that may be under way at once. */
const maxQuestions = 64

/**
 * Says whom access tokens are of. What was found good is remembered by a hash of the token and of the
 * settings that judged it, never past the token's end; what the issuer was asked about is asked again
 * in the background every 30 seconds, and while the issuer is down the last answer holds.
 */
export class AccessTokens {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>
  /** The one that is asked about tokens that do not say whose they are. */
  readonly #asked: TrustedIssuer | undefined
  readonly #policy: string
  readonly #passesTokens: boolean
  readonly #clock: Clock
  readonly #known = new LRUCache<string, Known>({ max: remembered })
  /** Of the tokens of this moment: the hash of one costs a fifth of a decision. */
  readonly #keys = new LRUCache<string, string>({ max: recent })
  readonly #inactiveUntil = new LRUCache<string, number>({ max: remembered })
  readonly #running = new Map<string, Promise<TokenProof>>()

  constructor({
    issuers,
    passesTokens,
    clock,
  }: {
    readonly issuers: readonly TrustedIssuer[]
    /** Whether some app is passed tokens. */
    readonly passesTokens: boolean
    readonly clock: Clock
  }) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.settings.issuer, issuer]))
    this.#asked = issuers.find(({ settings }) => settings.introspection !== 'off')
    const policy = JSON.stringify(issuers.map(({ settings }) => settings))
    this.#policy = hash('sha256', policy, 'base64').slice(0, 16)
    this.#passesTokens = passesTokens
    this.#clock = clock
  }

  /** A promise only where memory does not know. */
  prove(token: string): NowOrLater<TokenProof> {
    if (token === '' || token.length > longestToken)
      return refused('there is no bearer token, or one that is too long')
    const key = this.#keyOf(token)
    const known = this.#known.get(key)
    if (!known) return this.#firstProof(key, token)
    if (known.until <= this.#clock.now()) {
      this.#known.delete(key)
      return known.ends ? refused('it has expired') : this.#once(key, token)
    }
    if (known.recheckAt === Number.POSITIVE_INFINITY)
      return { kind: 'verified', token: known.token }
    const now = this.#clock.monotonic()
    if (now < known.recheckAt) return { kind: 'verified', token: known.token }
    const again = this.#once(key, token)
    if (now >= known.staleAt) return this.#waited(again, known)
    again.catch(() => {})
    return { kind: 'verified', token: known.token }
  }

  #keyOf(token: string): string {
    let key = this.#keys.get(token)
    if (key === undefined) {
      key = hash('sha256', `${this.#policy}\n${token}`, 'base64url')
      this.#keys.set(token, key)
    }
    return key
  }

  #firstProof(key: string, token: string): NowOrLater<TokenProof> {
    const inactiveUntil = this.#inactiveUntil.get(key)
    if (inactiveUntil !== undefined && this.#clock.monotonic() < inactiveUntil)
      return refused('the issuer said a moment ago that it is not active')
    return this.#once(key, token)
  }

  /** One check for all who ask at the same time. */
  #once(key: string, token: string): Promise<TokenProof> {
    const running = this.#running.get(key)
    if (running) return running
    const flight = this.#check(key, token).finally(() => this.#running.delete(key))
    this.#running.set(key, flight)
    return flight
  }

  /** What an issuer that is down would have said again is what it said. */
  async #waited(again: Promise<TokenProof>, { token, until }: Known): Promise<TokenProof> {
    again.catch(() => {})
    const proof = await Promise.race([again, lateProof()])
    const stands = proof.kind === 'unavailable' && this.#clock.now() < until
    return stands ? { kind: 'verified', token } : proof
  }

  async #check(key: string, token: string): Promise<TokenProof> {
    const form = formOf(token)
    if (form.kind === 'refused') return refused(form.reason)
    const issuer = form.kind === 'jwt' ? this.#issuerOf(form.claims) : this.#asked
    if (!issuer) return refused('it is of no issuer whose tokens are taken')
    try {
      const asks = form.kind === 'opaque' || issuer.settings.introspection === 'always'
      if (asks && this.#running.size >= maxQuestions)
        return { kind: 'unavailable', reason: 'too many tokens are asked about at once' }
      const now = this.#clock.now()
      const verified = asks
        ? await introspect(token, issuer, now)
        : await verifyJwt(token, form, issuer, now)
      if (verified.kind === 'good') return await this.#remember(key, token, issuer, verified)
      this.#known.delete(key)
      if (verified.asked) this.#inactiveUntil.set(key, this.#clock.monotonic() + inactiveForMs)
      return refused(verified.reason)
    } catch (error) {
      const outage = outageOf(error)
      if (!outage) throw error
      return { kind: 'unavailable', reason: outage.message, retryAfterSec: outage.retryAfterSec }
    }
  }

  #issuerOf({ iss }: Claims): TrustedIssuer | undefined {
    return typeof iss === 'string' ? this.#issuers.get(iss) : undefined
  }

  async #remember(
    key: string,
    token: string,
    issuer: TrustedIssuer,
    { claims, source }: Extract<Verified, { kind: 'good' }>,
  ): Promise<TokenProof> {
    const { settings } = issuer
    const asksUserinfo = lacksGroups(claims, issuer) && !isService(claims, settings)
    const userinfo = asksUserinfo ? await userinfoOf(token, claims, issuer) : undefined
    if (userinfo === 'unfit') return refused('userinfo is no answer about its subject')
    if (this.#known.get(key)?.hasUserinfo && userinfo === undefined) {
      // Without the groups that it had, what is forbidden to one of them would pass.
      this.#known.delete(key)
      return refused('userinfo does not take it any more')
    }
    const now = this.#clock.monotonic()
    const freshForMs =
      source === 'introspection' ? introspectedForMs : asksUserinfo ? userinfoForMs : undefined
    const ends = typeof claims.exp === 'number'
    const until = ends
      ? (Number(claims.exp) + clockToleranceSec) * 1_000
      : this.#clock.now() + 2 * introspectedForMs
    const scopes = new Set(scopesOf(claims))
    const passed = { value: token, until }
    const identity = tokenIdentity(claims, userinfo, settings, source)
    const verified: VerifiedToken = {
      identity,
      ...(identity.kind === 'user' && {
        acr: textClaim(claims, 'acr'),
        authenticatedAt: timeClaim(claims, 'auth_time'),
      }),
      ...(this.#passesTokens && { tokens: { access: passed, id: passed } }),
      ...(ends && { expiresAt: Number(claims.exp) * 1_000 }),
      missingScopes: settings.requiredScopes.filter((scope) => !scopes.has(scope)),
      audiences: knownAudiences(claims, settings),
      // An answer of an issuer need not name an audience; then it was held against the client.
      forResources: claims.aud !== undefined && !hasAudience(claims, settings.audiences),
    }
    const recheckAt = freshForMs === undefined ? Number.POSITIVE_INFINITY : now + freshForMs
    const staleAt = freshForMs === undefined ? Number.POSITIVE_INFINITY : now + 2 * freshForMs
    this.#known.set(key, {
      token: verified,
      until,
      ends,
      hasUserinfo: userinfo !== undefined,
      recheckAt,
      staleAt,
    })
    return { kind: 'verified', token: verified }
  }
}

function knownAudiences(
  claims: Claims,
  { audiences, resourceAudiences = [] }: TrustedIssuer['settings'],
): readonly string[] {
  const known = [...audiences, ...resourceAudiences]
  return audiencesOf(claims).filter((audience) => known.includes(audience))
}

function refused(reason: string): TokenProof {
  return { kind: 'refused', reason }
}

/** An issuer that hangs is as one that is down. */
function lateProof(): Promise<TokenProof> {
  return new Promise((resolve) => {
    setTimeout(
      () => resolve({ kind: 'unavailable', reason: 'the issuer does not answer in time' }),
      waitMs,
    ).unref()
  })
}
