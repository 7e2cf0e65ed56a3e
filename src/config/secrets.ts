import { randomBytes } from 'node:crypto'
import type { Findings } from './problem.ts'
import type { Values } from './variables.ts'

const fewestBytes = 32
const fewestDifferentBytes = 8

const bearerForm = /^[\w.~+/-]+=*$/

const placeholder =
  /change.?(me|this|it)|replace.?(me|this)|your.?(session|secret|own|key)|placeholder|example|supersecret|password|insecure|default.?secret/i

/** Checks the keys that sign requests for apps: as strong as session secrets, and none of those. */
export function signatureKeys(values: Values, findings: Findings): readonly string[] {
  const keys = values.INTERNAL_HMAC_KEY ?? []
  checkEach('INTERNAL_HMAC_KEY', keys, values, findings)
  return keys
}

/** Checks the tokens of operators: as strong as the others, none of those, and fit for a header. */
export function adminTokens(values: Values, findings: Findings): readonly string[] {
  const tokens = values.ADMIN_TOKEN ?? []
  checkEach('ADMIN_TOKEN', tokens, values, findings)
  if (!findings.refused('ADMIN_TOKEN') && !tokens.every((token) => bearerForm.test(token)))
    findings.refuse(
      'ADMIN_TOKEN',
      'has characters that no bearer token has (RFC 6750 section 2.1); use letters, digits and -._~+/',
      freshSecret(),
    )
  return tokens
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

const secretNames = ['SESSION_SECRET', 'INTERNAL_HMAC_KEY', 'ADMIN_TOKEN'] as const
type SecretName = (typeof secretNames)[number]

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
  const other = secretNames
    .slice(0, secretNames.indexOf(name))
    .find((earlier) => values[earlier]?.includes(secret))
  if (other !== undefined) return `is ${other} too; use another one`
  if (secret === values.OIDC_CLIENT_SECRET) return 'is OIDC_CLIENT_SECRET too; use another one'
  return undefined
}

/** A secret that a provider knows, too, would be its key to every session. */
export function checkReuse(
  values: Values,
  clients: readonly { readonly name: string; readonly clientSecret?: string | undefined }[],
  findings: Findings,
): void {
  for (const name of secretNames) {
    const same = clients.find(
      ({ clientSecret }) => clientSecret !== undefined && values[name]?.includes(clientSecret),
    )
    if (same && !findings.refused(name))
      findings.refuse(
        name,
        `is the client secret of ${same.name} too; use another one`,
        freshSecret(),
      )
  }
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
