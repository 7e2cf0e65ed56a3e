import type { Clock } from '../lib/clock.ts'
import { Breakers } from './breaker.ts'
import { Discovery, type IssuerMetadata } from './discovery.ts'
import type { IssuerAddress } from './endpoints.ts'
import { createIssuerFetch, type IssuerFetch } from './issuer-fetch.ts'

/** Told of the requests to issuers, with the metadata's names of their endpoints. */
export interface IssuerObserver {
  /** @param name - of the provider or issuer */
  answered(name: string, endpoint: string, outcome: string, seconds: number): void
  /** An endpoint is left alone after failures, or is back. */
  breaker(name: string, endpoint: string, open: boolean): void
}

/** The way to one issuer, and what it says of itself. */
export interface IssuerConnection {
  readonly discovery: Discovery
  readonly fetch: IssuerFetch
  /** Whether endpoints are left alone after failures, by the metadata's names of those called so far. */
  breakers(): ReadonlyMap<string, 'open' | 'closed'>
}

/** @param target - the issuer, its name for the observer, and PEM of the authorities to trust */
export function connectIssuer(
  target: IssuerAddress & { readonly name: string; readonly ca?: string | undefined },
  clock: Clock,
  observer: IssuerObserver,
): IssuerConnection {
  const { name } = target
  const nameOf = (url: URL) => endpointName(url, discovery.known)
  const breakers = new Breakers(clock, (endpoint, open) =>
    observer.breaker(name, nameOf(new URL(endpoint)), open),
  )
  const fetch = createIssuerFetch({
    issuer: target.issuer,
    internalOrigin: target.internalOrigin,
    ca: target.ca,
    observe: (url, outcome, seconds) => observer.answered(name, nameOf(url), outcome, seconds),
    breakers,
    // Metadata that is not known yet is asked for every few seconds at most, and a provider that starts
    // later than the gateway must not be left alone for a minute more.
    guarded: ({ pathname }) => discovery.known !== undefined || !pathname.includes('/.well-known/'),
  })
  const discovery = new Discovery(target, fetch, clock)
  return {
    discovery,
    fetch,
    breakers() {
      const states = new Map<string, 'open' | 'closed'>()
      for (const { endpoint, open } of breakers.readings()) {
        const known = nameOf(new URL(endpoint))
        // Two addresses may go by one name, as where the metadata names a new one.
        if (open || !states.has(known)) states.set(known, open ? 'open' : 'closed')
      }
      return states
    },
  }
}

function endpointName(url: URL, metadata: IssuerMetadata | undefined): string {
  if (!metadata) return 'discovery'
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string' || !/_(?:endpoint|uri)$/.test(name)) continue
    if (URL.canParse(value) && new URL(value).pathname === url.pathname) return name
  }
  return url.pathname.includes('/.well-known/') ? 'discovery' : 'other'
}
