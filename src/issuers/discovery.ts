import * as client from 'openid-client'
import type { Clock } from '../lib/clock.ts'
import { endpointRule, type IssuerAddress } from './endpoints.ts'
import type { IssuerFetch } from './issuer-fetch.ts'

export type IssuerMetadata = Readonly<client.ServerMetadata>

const retryAfterMs = 2_000
const keptForMs = 3_600_000
/** Who answered this long ago is taken to be there still. */
const confirmedForMs = 5_000
const timeoutSec = 5

/** What the gateway calls, or sends browsers to. */
const endpointNames = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'end_session_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
] as const

/**
 * The metadata of one issuer (OpenID Connect Discovery 1.0), fetched when first asked for, once for
 * all who ask, and again after an hour while the former answer goes on serving.
 */
export class Discovery {
  readonly #issuer: string
  readonly #fetch: IssuerFetch
  readonly #isEndpoint: (url: URL) => boolean
  readonly #clock: Clock
  #metadata: IssuerMetadata | undefined
  #fetchedAt = 0
  #answeredAt = Number.NEGATIVE_INFINITY
  #failedAt = Number.NEGATIVE_INFINITY
  #failure: unknown
  #running: Promise<IssuerMetadata> | undefined

  constructor(address: IssuerAddress, fetch: IssuerFetch, clock: Clock) {
    this.#issuer = address.issuer
    this.#isEndpoint = endpointRule(address)
    this.#fetch = fetch
    this.#clock = clock
  }

  /** What is known now, without asking. */
  get known(): IssuerMetadata | undefined {
    return this.#metadata
  }

  /**
   * The metadata. Rejects with {@link IssuerUnavailable} where the issuer does not answer, and with
   * another error where its metadata is not for it (section 4.3) or names endpoints in the clear.
   */
  async get(): Promise<IssuerMetadata> {
    const now = this.#clock.monotonic()
    if (this.#metadata) {
      if (now - this.#fetchedAt > keptForMs) this.#fetchOnce().catch(() => {})
      return this.#metadata
    }
    if (!this.#running && now - this.#failedAt < retryAfterMs) throw this.#failure
    return this.#fetchOnce()
  }

  /**
   * As `get`, of an issuer that has answered within the last seconds: for sending somebody there.
   * Rejects where it does not answer now, also when its metadata is known.
   */
  async confirmed(): Promise<IssuerMetadata> {
    const now = this.#clock.monotonic()
    if (this.#metadata && now - this.#answeredAt < confirmedForMs) return this.#metadata
    if (!this.#running && now - this.#failedAt < retryAfterMs) throw this.#failure
    return this.#fetchOnce()
  }

  #fetchOnce(): Promise<IssuerMetadata> {
    this.#running ??= this.#fetchNow().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #fetchNow(): Promise<IssuerMetadata> {
    // A failed renewal waits like a success, so that an outage is not asked at every request.
    this.#fetchedAt = this.#clock.monotonic()
    try {
      const config = await client.discovery(
        new URL(this.#issuer),
        'discovery',
        undefined,
        undefined,
        {
          [client.customFetch]: this.#fetch,
          timeout: timeoutSec,
          // The fetch itself refuses plain http where it is not meant to be.
          execute: [client.allowInsecureRequests],
        },
      )
      const metadata = config.serverMetadata()
      this.#checkEndpoints(metadata)
      this.#answeredAt = this.#clock.monotonic()
      // What is built from it stays as long as it says the same.
      if (JSON.stringify(metadata) !== JSON.stringify(this.#metadata)) this.#metadata = metadata
      return this.#metadata ?? metadata
    } catch (error) {
      this.#failedAt = this.#clock.monotonic()
      this.#failure = error
      throw error
    }
  }

  #checkEndpoints(metadata: IssuerMetadata): void {
    for (const name of endpointNames) {
      const value: unknown = metadata[name]
      if (value === undefined) continue
      if (typeof value !== 'string' || !URL.canParse(value) || !this.#isEndpoint(new URL(value))) {
        throw new Error(
          `its metadata names the ${name} ${JSON.stringify(value)}, which is neither https nor on the issuer's own origin`,
        )
      }
    }
  }
}
