import type { Limit, Limits } from '../model/quota.ts'
import type { Access } from '../model/rule.ts'
import type { ConfigFile } from './file-schema.ts'
import type { Findings } from './problem.ts'

type Kind = keyof Limits
type Written = { readonly [K in Kind]?: string }

const kinds = ['user', 'service', 'anonymous'] as const satisfies readonly Kind[]

const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  second: 1_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
}

/** Who never gets past a rule, so that no request of theirs is counted. */
const neverCounted: Readonly<Partial<Record<Access, readonly Kind[]>>> = {
  user: ['service', 'anonymous'],
  service: ['user', 'anonymous'],
}

/** Checks the limits of one rule. */
export function ruleQuota(
  at: string,
  written: Written | undefined,
  access: Access,
  findings: Findings,
): Limits {
  for (const kind of neverCounted[access] ?? []) {
    if (written?.[kind] !== undefined)
      findings.refuse(
        `${at}.${kind}`,
        `never counts anything: access: ${access} refuses ${kind === 'anonymous' ? 'who is not signed in' : `every ${kind}`}; remove it, or change access`,
      )
  }
  return limitsOf(written ?? {})
}

/** Checks the limits of everything a caller asks for. */
export function quotaSetting(file: ConfigFile | undefined, findings: Findings): Limits {
  const {
    authenticated_max_requests: authenticated,
    anonymous_max_requests: anonymous,
    period,
    ...written
  } = file?.quota ?? {}
  if (period !== undefined && authenticated === undefined && anonymous === undefined)
    findings.refuse(
      'quota.period',
      'is for authenticated_max_requests and anonymous_max_requests, and neither is there; write user: 1000/day',
    )
  const inPeriod = (requests: number | undefined) =>
    requests === undefined ? undefined : `${requests}/${period ?? 'day'}`
  const others = {
    user: inPeriod(authenticated),
    service: inPeriod(authenticated),
    anonymous: inPeriod(anonymous),
  }
  const merged: { [K in Kind]?: string } = { ...written }
  for (const kind of kinds) {
    const other = others[kind]
    if (other === undefined) continue
    if (written[kind] !== undefined)
      findings.refuse(
        `quota.${kind}`,
        `and ${kind === 'anonymous' ? kind : 'authenticated'}_max_requests are there both; keep one of them`,
      )
    merged[kind] = other
  }
  return limitsOf(merged)
}

function limitsOf(written: Written): Limits {
  const limits: { [K in Kind]?: Limit } = {}
  for (const kind of kinds) {
    const [requests, unit = ''] = written[kind]?.split('/') ?? []
    if (requests !== undefined)
      limits[kind] = { requests: Number(requests), windowMs: unitMs[unit] ?? Number.NaN }
  }
  return limits
}
