import { randomBytes } from 'node:crypto'
import type { Findings } from './problem.ts'
import type { Values } from './variables.ts'

const fewestBytes = 32
const fewestDifferentBytes = 8

const placeholder =
  /change.?(me|this|it)|replace.?(me|this)|your.?(session|secret|own|key)|placeholder|example|supersecret|password|insecure|default.?secret/i

/** Checks the keys that sign requests for apps: as strong as session secrets, and none of those. */
export function signatureKeys(values: Values, findings: Findings): readonly string[] {
  const keys = values.INTERNAL_HMAC_KEY ?? []
  checkEach('INTERNAL_HMAC_KEY', keys, values, findings)
  return keys
}

/** Checks the session secrets (threats C-17, S-07). Their values never appear in a message. */
export function secretSettings(
  values: Values,
  findings: Findings,
): readonly [string, ...string[]] | undefined {
  const [first, ...more] = values.SESSION_SECRET ?? []
  if (first === undefined) {
    if (!findings.refused('SESSION_SECRET'))
      findings.refuse(
        'SESSION_SECRET',
        'is missing: 32 or more random bytes, such as these fresh ones',
        freshSecret(),
      )
    return
  }
  const secrets = [first, ...more] as const
  checkEach('SESSION_SECRET', secrets, values, findings)
  return secrets
}

type SecretName = 'SESSION_SECRET' | 'INTERNAL_HMAC_KEY'

function checkEach(
  name: SecretName,
  secrets: readonly string[],
  values: Values,
  findings: Findings,
): void {
  secrets.forEach((secret, index) => {
    const fault = faultOf(name, secret, values)
    const which = secrets.length === 1 ? '' : `secret ${index + 1} of ${secrets.length} `
    if (fault !== undefined) findings.refuse(name, `${which}${fault}`, freshSecret())
  })
}

function faultOf(name: SecretName, secret: string, values: Values): string | undefined {
  const bytes = Buffer.from(secret)
  if (bytes.length < fewestBytes)
    return `has ${bytes.length} bytes; it needs ${fewestBytes} or more, random ones`
  if (placeholder.test(secret)) return 'is a placeholder that others know'
  if (new Set(bytes).size < fewestDifferentBytes || /^(.+?)\1+$/s.test(secret) || counts(bytes))
    return 'repeats or counts, so it can be guessed'
  if (name !== 'SESSION_SECRET' && values.SESSION_SECRET?.includes(secret))
    return 'is SESSION_SECRET too; use another one'
  if (secret === values.OIDC_CLIENT_SECRET) return 'is OIDC_CLIENT_SECRET too; use another one'
  return undefined
}

/** True where most bytes are next to the one before, as in an alphabet. */
function counts(bytes: Buffer): boolean {
  const steps = bytes.subarray(1).filter((byte, index) => {
    return Math.abs(byte - (bytes[index] ?? 0)) <= 1
  })
  return steps.length * 3 > bytes.length * 2
}

/** A secret to paste: 256 random bits, base64url. */
function freshSecret(): string {
  return randomBytes(fewestBytes).toString('base64url')
}
