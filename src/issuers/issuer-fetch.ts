import type { FetchBody } from 'openid-client'
import type { Breakers } from './breaker.ts'
import { endpointRule, type IssuerAddress } from './endpoints.ts'
import { IssuerUnavailable } from './issuer-unavailable.ts'

/** The part of `fetch` that openid-client and jose use. */
export type IssuerFetch = (
  url: string,
  options: {
    body?: FetchBody | null | undefined
    headers?: Headers | Record<string, string> | undefined
    method?: string | undefined
    signal?: AbortSignal | null | undefined
  },
) => Promise<Response>

/** Told of every request to an issuer: how it went and how long it took. */
export type Observe = (url: URL, outcome: 'ok' | 'refused' | 'unavailable', seconds: number) => void

export interface IssuerFetchOptions extends IssuerAddress {
  /** PEM of the certificate authorities to trust. */
  readonly ca?: string | undefined
  readonly observe: Observe
  readonly breakers: Breakers
  /** Whether a breaker guards a call now; absent: always. */
  readonly guarded?: (url: URL) => boolean
}

const timeoutMs = 10_000

const unguarded = { succeeded() {}, failed() {}, abandoned() {} }
const maxBytes = 512 * 1024

/**
 * The only way out to an issuer. It goes to the internal origin where there is one, follows no
 * redirect, ends after ten seconds, and reads at most half a megabyte. Rejects with
 * {@link IssuerUnavailable} for anything that is no answer: no connection, time-out, 5xx, 429; and at
 * once, without a request, while the breaker of the endpoint is open.
 */
export function createIssuerFetch(options: IssuerFetchOptions): IssuerFetch {
  const issuer = new URL(options.issuer)
  const isEndpoint = endpointRule(options)
  const send = sender(options.ca)
  return async (requested, init) => {
    const url = new URL(requested)
    if (options.internalOrigin && url.origin === issuer.origin) {
      const internal = new URL(options.internalOrigin)
      url.protocol = internal.protocol
      url.host = internal.host
      // Setting `host` keeps the former port where the new one is its scheme's default.
      url.port = internal.port
    }
    if (!isEndpoint(url)) {
      throw new Error(
        `the issuer names the endpoint ${url.origin}, which is neither https nor its own origin`,
      )
    }
    const isGuarded = options.guarded?.(url) ?? true
    const call = isGuarded ? options.breakers.begin(`${url.origin}${url.pathname}`) : unguarded
    const start = performance.now()
    const done = (outcome: 'ok' | 'refused' | 'unavailable') =>
      options.observe(url, outcome, (performance.now() - start) / 1000)
    try {
      const signals = [AbortSignal.timeout(timeoutMs), ...(init.signal ? [init.signal] : [])]
      const response = await (await send)(url, {
        body: (init.body ?? null) as NonNullable<RequestInit['body']> | null,
        headers: init.headers ?? {},
        method: init.method ?? 'GET',
        redirect: 'manual',
        signal: AbortSignal.any(signals),
      })
      if (response.status >= 500 || response.status === 429) {
        await response.body?.cancel()
        throw new IssuerUnavailable(`${url.origin}${url.pathname} answered ${response.status}`)
      }
      const bounded = await withBoundedBody(response)
      call.succeeded()
      done(response.ok ? 'ok' : 'refused')
      return bounded
    } catch (error) {
      if (isGivenUp(init.signal)) call.abandoned()
      else call.failed()
      done('unavailable')
      if (error instanceof IssuerUnavailable) throw error
      throw new IssuerUnavailable(`${url.origin}${url.pathname} does not answer`, { cause: error })
    }
  }
}

/** Whether the caller wants no answer any more. Its own time-out is not that: openid-client and jose have one each. */
function isGivenUp(signal: AbortSignal | null | undefined): boolean {
  if (!signal?.aborted) return false
  const { reason } = signal
  return !(reason instanceof DOMException && reason.name === 'TimeoutError')
}

async function sender(ca: string | undefined): Promise<typeof fetch> {
  if (ca === undefined) return fetch
  // A certificate authority of its own needs undici's own fetch; most installations never load it.
  const undici = await import('undici')
  const dispatcher = new undici.Agent({ connect: { ca } })
  return ((url: string | URL, init: object) =>
    undici.fetch(url, { ...init, dispatcher })) as unknown as typeof fetch
}

async function withBoundedBody(response: Response): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes)
      throw new IssuerUnavailable(`an answer of the issuer is over ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  const { status, statusText, headers } = response
  const body = size === 0 ? null : new Blob(chunks)
  const bounded = new Response(body, { status, statusText, headers })
  Object.defineProperty(bounded, 'url', { value: response.url })
  return bounded
}
