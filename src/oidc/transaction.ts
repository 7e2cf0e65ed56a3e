import { randomBytes } from 'node:crypto'
import type { Seal } from '../lib/seal.ts'

/** One sign-in under way: what must be known again when the browser comes back. */
export interface Transaction {
  /** Names this sign-in; used once. */
  readonly id: string
  readonly provider: string
  /** Origin of the site it began on. */
  readonly site: string
  readonly codeVerifier: string
  readonly nonce: string
  readonly returnUrl: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

/** How long a sign-in may take, in milliseconds. */
export const transactionLifeMs = 10 * 60_000

const stateForm = /^(?<suffix>[a-z0-9]{8})\.(?<sealed>[A-Za-z0-9_-]{40,2000})$/

/** The browser's login cookie: states are bound to its secret and name it by its suffix. */
export interface LoginCookie {
  /** Eight characters that end the cookie's name. */
  readonly suffix: string
  /** 128 random bits, base64url. */
  readonly secret: string
}

export function mintLoginCookie(): LoginCookie {
  return {
    suffix: randomBytes(5).readUIntBE(0, 5).toString(36).padStart(8, '0').slice(-8),
    secret: randomBytes(16).toString('base64url'),
  }
}

/** The `state` parameter (OIDC Core section 3.1.2.1): nothing of a sign-in is kept on the server. */
export function sealTransaction(transaction: Transaction, cookie: LoginCookie, seal: Seal): string {
  const { id, provider, site, codeVerifier, nonce, returnUrl, startedAt } = transaction
  const text = JSON.stringify([id, provider, site, codeVerifier, nonce, returnUrl, startedAt])
  return `${cookie.suffix}.${seal.seal(text, `${cookie.suffix}.${cookie.secret}`)}`
}

/** The suffix of the login cookie a state is bound to, or undefined where it is none of ours. */
export function loginCookieOf(state: string): string | undefined {
  return stateForm.exec(state)?.groups?.suffix
}

/** The transaction of a state, or undefined where it is forged, old, or of another browser. */
export function openTransaction(
  state: string,
  cookie: LoginCookie,
  seal: Seal,
  now: number,
): Transaction | undefined {
  const sealed = stateForm.exec(state)?.groups?.sealed
  const text = sealed && seal.open(sealed, `${cookie.suffix}.${cookie.secret}`)
  if (!text) return
  const [id, provider, site, codeVerifier, nonce, returnUrl, startedAt] = JSON.parse(text)
  if (now - startedAt > transactionLifeMs || startedAt - now > transactionLifeMs) return
  return { id, provider, site, codeVerifier, nonce, returnUrl, startedAt }
}
