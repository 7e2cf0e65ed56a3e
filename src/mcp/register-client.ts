import type { IssuerConnection } from '../issuers/issuer-connection.ts'
import { IssuerUnavailable } from '../issuers/issuer-unavailable.ts'

type Json = Readonly<Record<string, unknown>>

export type Registered =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Json }
  /** The issuer registers no clients. */
  | { readonly kind: 'absent' }

/**
 * Registers a client at an issuer (RFC 7591): the client's metadata goes there and nothing else of its
 * request. What the issuer answers comes back without the means to change the registration later (RFC
 * 7592), whose address may be inside. Rejects with `IssuerUnavailable`.
 */
export async function registerClient(
  { discovery, fetch }: Pick<IssuerConnection, 'discovery' | 'fetch'>,
  metadata: Json,
): Promise<Registered> {
  const { registration_endpoint: endpoint } = await discovery.get()
  if (typeof endpoint !== 'string') return { kind: 'absent' }
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(metadata),
  })
  const body = await jsonOf(response)
  const isAnswer = response.ok || (response.status >= 400 && response.status < 500)
  if (!body || !isAnswer)
    throw new IssuerUnavailable(`the issuer answered a registration with ${response.status}`)
  const { registration_client_uri: _, registration_access_token: __, ...rest } = body
  return { kind: 'answered', status: response.status, body: rest }
}

async function jsonOf(response: Response): Promise<Json | undefined> {
  const body: unknown = await response.json().catch(() => undefined)
  return isObject(body) ? body : undefined
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
