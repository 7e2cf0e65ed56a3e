import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import type { Admission, Missing } from '../model/admission.ts'
import { type AllowList, admits } from '../model/allow.ts'
import type { App } from '../model/app.ts'
import type { HeaderBlock } from '../model/decision.ts'
import { type Identity, qualified } from '../model/identity.ts'
import type { PassableTokens } from '../model/live-session.ts'
import type { Assertion, Assertions } from './assertions.ts'
import type { Prover } from './authenticate.ts'
import { type HeaderNaming, identityHeaders } from './identity-headers.ts'
import { signableOf } from './request-signatures.ts'

/** The headers of every answer of a validate route. */
export const commonHeaders = ['cache-control', 'no-store', 'vary', 'Cookie, Authorization'] as const

const knownForEach = 32
const forever = Number.MAX_SAFE_INTEGER

/**
 * Says of an identity whether an app lets it in and which headers the app then gets. Both are worked out
 * once for each session, token or key and app, and again when a token or an assertion among them runs
 * out.
 */
export class Admissions {
  readonly #naming: HeaderNaming
  readonly #allowOf: (provider: string) => AllowList | undefined
  readonly #assertions: Assertions | undefined
  readonly #issuerOf: (host: string) => string
  readonly #signs: boolean
  readonly #clock: Clock
  /** By what proved the identity, as it was read, then by app and, where it matters, host. */
  readonly #known = new WeakMap<Prover, Map<string, Admission>>()

  constructor(options: {
    readonly naming: HeaderNaming
    /** Who of a provider's people may sign in at all. */
    readonly allowOf: (provider: string) => AllowList | undefined
    readonly assertions: Assertions | undefined
    /** Address of the gateway's pages for a host. */
    readonly issuerOf: (host: string) => string
    /** Whether requests are signed. */
    readonly signs: boolean
    readonly clock: Clock
  }) {
    this.#naming = options.naming
    this.#allowOf = options.allowOf
    this.#assertions = options.assertions
    this.#issuerOf = options.issuerOf
    this.#signs = options.signs
    this.#clock = options.clock
  }

  /** @param by - what proved the identity */
  admit(by: Prover, app: App, host: string): Admission {
    // The audience of an assertion is the host, unless the app has one.
    const key = this.#assertions && app.audience === undefined ? `${app.name} ${host}` : app.name
    const known = this.#knownOf(by)
    const before = known.get(key)
    if (before && this.#clock.now() < before.until) return before
    const admission = this.#admit(by, app, host)
    if (known.size >= knownForEach) known.clear()
    known.set(key, admission)
    return admission
  }

  #knownOf(by: Prover): Map<string, Admission> {
    let known = this.#known.get(by)
    if (!known) {
      known = new Map()
      this.#known.set(by, known)
    }
    return known
  }

  #admit({ identity, tokens, expiresAt }: Prover, app: App, host: string): Admission {
    const missing = this.#missing(identity, app)
    const fields = identityHeaders(identity, app, this.#naming, expiresAt)
    let until = forever
    if (app.token !== 'off') {
      const token = this.#tokenFor(app.token, tokens)
      fields.push('authorization', token ? `Bearer ${token.value}` : '')
      if (token) until = Math.min(until, token.until)
    }
    if (this.#assertions) {
      const assertion = this.#assertionFor(identity, app, host)
      fields.push('x-auth-assertion', assertion?.value ?? '')
      if (assertion) until = Math.min(until, assertion.until)
    }
    const headers = headerBlock([...commonHeaders, 'content-length', '0', ...fields])
    const signable = this.#signs ? signableOf(fields) : undefined
    return { missing, headers: { ...headers, ...(signable && { signable }) }, until }
  }

  #assertionFor(identity: Identity, app: App, host: string): Assertion | undefined {
    if (!this.#assertions || identity.kind === 'anonymous') return
    const { firstProvider } = this.#naming
    const subject = qualified(identity, identity.subject, firstProvider)
    return this.#assertions.make(identity, this.#issuerOf(host), subject, app.audience ?? host)
  }

  #missing(identity: Identity, app: App): Missing | undefined {
    const { firstProvider } = this.#naming
    // The person of tests does not sign in.
    const signsIn = identity.kind === 'user' && identity.source !== 'bypass'
    const signIn = signsIn ? this.#allowOf(identity.provider) : undefined
    if (signIn && !admits(signIn, identity, firstProvider)) {
      return { code: 'forbidden', reason: 'the account is not among those of ALLOW' }
    }
    if (app.allow && !admits(app.allow, identity, firstProvider)) {
      return {
        code: 'forbidden',
        reason: `the account is not among those of apps.${app.name}.allow`,
      }
    }
    return
  }

  /** Never one that has ended: apps would be refused with it, or worse, not. */
  #tokenFor(
    kind: 'access' | 'id',
    tokens: PassableTokens | undefined,
  ): { readonly value: string; readonly until: number } | undefined {
    const token = tokens?.[kind]
    if (!token || !/^[\w.~+/-]+=*$/.test(token.value) || token.until <= this.#clock.now()) return
    return token
  }
}

/** @throws TypeError where a value could not be sent as a header */
function headerBlock(fields: readonly string[]): HeaderBlock {
  const lines: string[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string]
    validateHeaderName(name)
    validateHeaderValue(name, value)
    lines.push(`${name}: ${value}\r\n`)
  }
  return { fields, lines: lines.join('') }
}
