import type { Settings } from '../config/settings.ts'
import { anonymous, type Identity } from '../model/identity.ts'

const texts = ['subject', 'username', 'email', 'name', 'clientId'] as const
const lists = ['roles', 'groups', 'scopes'] as const
const aliases: Readonly<Record<string, string>> = {
  sub: 'subject',
  preferred_username: 'username',
  client_id: 'clientId',
  azp: 'clientId',
  email_verified: 'emailVerified',
}
const known = new Set<string>([...texts, ...lists, 'kind', 'provider', 'emailVerified', 'claims'])

/**
 * The identity that a JSON file describes: `kind` (user or service), `provider`, `sub`, `username`,
 * `email`, `email_verified`, `name`, `client_id`, `roles`, `groups`, `scopes`, and `claims` as an issuer
 * would send them. What is wrong with it is a text.
 */
export function identityFrom(json: string, settings: Settings): Identity | string {
  const content = parsed(json)
  if (!content) return 'is no JSON object'
  const fields = Object.fromEntries(
    Object.entries(content).map(([name, value]) => [aliases[name] ?? name, value]),
  )
  const odd = Object.keys(fields).find((name) => !known.has(name))
  if (odd !== undefined)
    return `has ${JSON.stringify(odd)}, which is not known; known: ${[...known].join(', ')}`
  const unfit =
    texts.find((name) => fields[name] !== undefined && typeof fields[name] !== 'string') ??
    lists.find((name) => fields[name] !== undefined && !isTexts(fields[name]))
  if (unfit !== undefined) return `has ${unfit} of the wrong type`
  const { kind = 'user', provider = firstName(settings), emailVerified, claims } = fields
  if (kind !== 'user' && kind !== 'service') return 'has a kind that is neither user nor service'
  const values = Object.fromEntries(
    [...texts, ...lists].flatMap((name) =>
      fields[name] === undefined ? [] : [[name, fields[name]]],
    ),
  )
  const origin = [...settings.providers, ...settings.issuers].find(({ name }) => name === provider)
  return {
    ...anonymous,
    ...values,
    kind,
    source: kind === 'user' ? 'session' : 'bearer',
    provider: String(provider),
    issuer: origin?.issuer ?? '',
    emailVerified: emailVerified === true,
    ...(isRecord(claims) && { claims: textsOf(claims) }),
  }
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(json)
    return isRecord(content) ? content : undefined
  } catch {
    return
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function textsOf(claims: Record<string, unknown>): NonNullable<Identity['claims']> {
  return Object.fromEntries(
    Object.entries(claims).flatMap(([name, value]) =>
      typeof value === 'string' || isTexts(value) ? [[name, value] as const] : [],
    ),
  )
}

function firstName({ providers, issuers }: Settings): string {
  return (providers[0] ?? issuers[0])?.name ?? ''
}
