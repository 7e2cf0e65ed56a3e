import { readAllowEntry } from '../model/allow.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { ConfigFile } from './file-schema.ts'
import { type Findings, quoted } from './problem.ts'

const command = '`gatehouse key new NAME` prints the line'

/** Checks the API keys; what is no hash is never shown, as it may be the key itself. */
export function keySettings(
  file: ConfigFile | undefined,
  now: number,
  findings: Findings,
): readonly ApiKey[] {
  const entries = file?.keys ?? []
  return entries.flatMap(({ name, hash, roles = [], groups = [], scopes = [], expires }, i) => {
    const at = `keys[${i}]`
    const before = entries.slice(0, i)
    if (before.some((other) => other.name === name))
      findings.refuse(`${at}.name`, `${quoted(name)} is the name of another key too`)
    if (before.some((other) => other.hash.toLowerCase() === hash.toLowerCase()))
      findings.refuse(`${at}.hash`, `is the hash of another key too; each key has its own`)
    const digits = hashOf(`${at}.hash`, hash, findings)
    const expiresAt = timeOf(expires)
    if (expiresAt === undefined)
      findings.refuse(
        `${at}.expires`,
        `${quoted(expires)} is no date such as 2027-06-30, nor a time such as 2027-06-30T12:00:00Z`,
      )
    else if (expiresAt <= now)
      findings.warn(`${at}.expires`, `${expires} is past: the key ${name} does not count any more`)
    if (digits === undefined || expiresAt === undefined) return []
    return [{ name, hash: digits, roles, groups, scopes, expiresAt }]
  })
}

function hashOf(at: string, written: string, findings: Findings): string | undefined {
  const [, digits] = /^sha256:([0-9a-f]{64})$/i.exec(written) ?? []
  if (digits !== undefined) return digits.toLowerCase()
  return findings.refuse(
    at,
    written.includes('ghk_')
      ? `is the key itself, which now is in a file: make a new one; ${command}, with its hash`
      : `is not sha256: and 64 hexadecimal digits; ${command}`,
  )
}

/** Milliseconds of a date (where it begins, UTC) or of a time of RFC 3339. */
function timeOf(text: string): number | undefined {
  const form = /^(\d{4}-\d\d-\d\d)(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:[0-5]\d))?$/i
  const [, date] = form.exec(text) ?? []
  if (date === undefined) return
  const day = Date.parse(date)
  // Days that no month has are moved to the next one otherwise.
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return
  const time = Date.parse(text.toUpperCase())
  return Number.isNaN(time) ? undefined : time
}

/** Checks whose verified addresses give the role `admin`; in lower case. */
export function adminsSetting(file: ConfigFile | undefined, findings: Findings): readonly string[] {
  return (file?.admins ?? []).flatMap((address, i) => {
    const entry = readAllowEntry(`email:${address}`)
    if (entry && entry !== 'anyone') return [entry.value]
    findings.refuse(
      `admins[${i}]`,
      `${quoted(address)} is no e-mail address such as bob@example.com`,
    )
    return []
  })
}
