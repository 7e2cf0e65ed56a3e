import { quoted } from '../config/problem.ts'
import type { ProviderSettings, Settings } from '../config/settings.ts'
import { Breakers } from '../issuers/breaker.ts'
import { Discovery, type IssuerMetadata } from '../issuers/discovery.ts'
import { createIssuerFetch, type IssuerFetch } from '../issuers/issuer-fetch.ts'
import { systemClock } from '../lib/clock.ts'
import { deriveKeys, Seal } from '../lib/seal.ts'
import { openSessionStore } from '../sessions/open-session-store.ts'
import type { Probes } from './check.ts'

/** The probes as the gateway itself would reach provider and store. */
export const liveProbes: Probes = { discover, pingStore }

async function discover(provider: ProviderSettings) {
  const fetch = createIssuerFetch({
    ...provider,
    observe: () => {},
    breakers: new Breakers(systemClock, () => {}),
  })
  let aheadMs: number | undefined
  const watched: IssuerFetch = async (url, init) => {
    const asked = systemClock.now()
    const answer = await fetch(url, init)
    const date = Date.parse(answer.headers.get('date') ?? '')
    // `Date` has whole seconds, and was written somewhere between question and answer.
    if (!Number.isNaN(date)) aheadMs = date + 500 - (asked + systemClock.now()) / 2
    return answer
  }
  try {
    const metadata = await new Discovery(provider, watched, systemClock).get()
    return { facts: missing(metadata, provider), aheadMs }
  } catch (error) {
    throw explain(error)
  }
}

/** What an operator needs of an error of openid-client: it keeps the reason as the cause. */
function explain(error: unknown): unknown {
  const reason = error instanceof Error ? error.cause : undefined
  if (reason instanceof Response) return new Error(`${reason.url} answered ${reason.status}`)
  if (reason instanceof Error) return reason
  const { attribute, body } = (reason ?? {}) as { attribute?: string; body?: { issuer?: unknown } }
  return attribute === 'issuer'
    ? new Error(
        `the document names the issuer ${quoted(String(body?.issuer))}; set OIDC_ISSUER to exactly that`,
      )
    : error
}

/** What the provider does not offer, as far as somebody would miss it. */
function missing(metadata: IssuerMetadata, provider: ProviderSettings): string[] {
  const facts: string[] = []
  if (metadata.end_session_endpoint === undefined)
    facts.push('the provider has no end-session endpoint: signing out does not sign out there')
  if (metadata.backchannel_logout_supported !== true)
    facts.push(
      'the provider announces no back-channel logout: its own sign-out does not reach apps',
    )
  if (provider.pushedAuthorizationRequests && !metadata.pushed_authorization_request_endpoint)
    facts.push('OIDC_PAR is true, and the provider has no endpoint for it: sign-in will fail')
  return facts
}

async function pingStore({ store, session }: Settings): Promise<void> {
  const seal = new Seal(deriveKeys(session.secrets, 'check'))
  await using sessions = openSessionStore(store, { clock: systemClock, seal })
  await sessions.ping()
}
