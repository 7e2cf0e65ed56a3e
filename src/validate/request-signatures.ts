import { createHash, createHmac } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { signedHeaderNames } from '../model/header-names.ts'
import type { OriginalRequest } from '../model/original-request.ts'

/** What a signature covers of an answer's headers, up to `x-request-id` and after it. */
export type Signable = readonly [before: string, after: string]

const requestIdAt = signedHeaderNames.indexOf('x-request-id')

/**
 * Signs a request together with the identity headers that it gets, so that an app knows that both came
 * from the gateway (`INTERNAL_HMAC_KEY`): HMAC-SHA-256, base64, over `v2` and then, each as a netstring,
 * key id, time, method, host and URI as received, and every identity header in the order of
 * `signedHeaderNames`.
 */
export class RequestSignatures {
  readonly #key: string
  readonly #kid: string
  readonly #clock: Clock

  /** @param key - 32 or more random bytes */
  constructor(key: string, clock: Clock) {
    this.#key = key
    this.#kid = keyId(key)
    this.#clock = clock
  }

  /** `x-authz-signature`, `x-authz-ts` (seconds since the epoch) and `x-authz-kid`, names and values in turn. */
  sign(request: OriginalRequest, [before, after]: Signable): string[] {
    const ts = String(Math.floor(this.#clock.now() / 1_000))
    const { method, receivedHost, path, query, requestId } = request
    const asked = [this.#kid, ts, method, receivedHost, path + query].map(netstring).join('')
    const signature = createHmac('sha256', this.#key)
      .update(`v2${asked}${before}${netstring(requestId)}${after}`, 'latin1')
      .digest('base64')
    return ['x-authz-signature', signature, 'x-authz-ts', ts, 'x-authz-kid', this.#kid]
  }
}

/** What says which key signed: it tells nothing of the key. */
export function keyId(key: string): string {
  return createHash('sha256').update(`gatehouse/kid\n${key}`).digest('base64url').slice(0, 12)
}

/** @param fields - of the answer, names and values in turn; one that is not there counts as empty */
export function signableOf(fields: readonly string[]): Signable {
  const signed = (name: string) => {
    const at = fields.findIndex((field, i) => i % 2 === 0 && field === name)
    return netstring(at === -1 ? '' : (fields[at + 1] as string))
  }
  return [
    signedHeaderNames.slice(0, requestIdAt).map(signed).join(''),
    signedHeaderNames
      .slice(requestIdAt + 1)
      .map(signed)
      .join(''),
  ]
}

/** Its length in bytes comes first, so that no two lists of values read alike (threat S-03). */
function netstring(text: string): string {
  return `${text.length}:${text},`
}
