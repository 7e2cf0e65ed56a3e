import { type AllowEntry, type AllowList, readAllowEntry } from '../model/allow.ts'
import { type Findings, quoted } from './problem.ts'

const example = 'group:ops,email:bob@example.com'

/** Checks an allow list; undefined where it is not set, or with a problem. */
export function allowSetting(
  variable: string,
  texts: readonly string[] | undefined,
  findings: Findings,
  options: { readonly services: boolean } = { services: false },
): AllowList | undefined {
  if (texts === undefined) return
  const entries: AllowEntry[] = []
  let anyone = false
  let refused = false
  for (const text of texts) {
    const entry = readAllowEntry(text)
    if (entry === 'anyone') anyone = true
    else if (entry && (options.services || entry.kind !== 'service')) entries.push(entry)
    else {
      refused = true
      findings.refuse(variable, faultOf(text, options.services), example)
    }
  }
  if (refused) return
  if (anyone && entries.length > 0)
    findings.warn(variable, 'has * beside other entries, which then mean nothing: anyone is let in')
  return anyone ? 'anyone' : entries
}

function faultOf(text: string, services: boolean): string {
  if (text.startsWith('service:') && !services)
    return `${quoted(text)} is a service, and services do not sign in`
  const kinds = `group:, role:, user:, email:, domain:${services ? ', service:' : ''}`
  return `${quoted(text)} is none of ${kinds} and a name, nor *`
}
