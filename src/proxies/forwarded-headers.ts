import type { RequestHeaders } from '../model/original-request.ts'
import { fieldOf, type JoinedHeaders, valuesOf } from './header-fields.ts'

/**
 * The headers of the original request, each looked up when it is asked for: most are only needed for a
 * refusal.
 */
export class ForwardedHeaders implements RequestHeaders {
  readonly #headers: JoinedHeaders
  readonly #webSocketScheme: boolean
  readonly authorization: readonly string[]

  /** @param webSocketScheme - whether the proxy says `ws` or `wss` */
  constructor(rawHeaders: readonly string[], headers: JoinedHeaders, webSocketScheme: boolean) {
    this.#headers = headers
    this.#webSocketScheme = webSocketScheme
    this.authorization =
      headers.authorization === undefined ? [] : valuesOf('authorization', rawHeaders)
  }

  get cookie(): string {
    return fieldOf(this.#headers, 'cookie') ?? ''
  }

  get origin(): string | undefined {
    return fieldOf(this.#headers, 'origin')
  }

  get accept(): string | undefined {
    return fieldOf(this.#headers, 'accept')
  }

  get requestedWith(): string | undefined {
    return fieldOf(this.#headers, 'x-requested-with')
  }

  get fetchMode(): string | undefined {
    return fieldOf(this.#headers, 'sec-fetch-mode')
  }

  get fetchDest(): string | undefined {
    return fieldOf(this.#headers, 'sec-fetch-dest')
  }

  get prefetch(): boolean {
    const purpose = fieldOf(this.#headers, 'sec-purpose') ?? fieldOf(this.#headers, 'purpose')
    return purpose !== undefined && /\bpre(?:fetch|render)\b/i.test(purpose)
  }

  get webSocket(): boolean {
    return (
      this.#webSocketScheme ||
      fieldOf(this.#headers, 'sec-websocket-key') !== undefined ||
      fieldOf(this.#headers, 'sec-websocket-version') !== undefined ||
      this.fetchMode === 'websocket'
    )
  }
}
