import { type ReadFile, readEnvironment } from './environment.ts'
import type { Findings } from './problem.ts'
import { readValues } from './values.ts'
import type { Values } from './variables.ts'

/** What a further provider or issuer may be told: the end of its variables, and the variable it stands for. */
export const ownVariables = {
  ISSUER: 'OIDC_ISSUER',
  INTERNAL_URL: 'OIDC_INTERNAL_URL',
  CLIENT_ID: 'OIDC_CLIENT_ID',
  CLIENT_SECRET: 'OIDC_CLIENT_SECRET',
  CLIENT_AUTH: 'OIDC_CLIENT_AUTH',
  CLIENT_PRIVATE_KEY: 'OIDC_CLIENT_PRIVATE_KEY',
  CA: 'OIDC_CA',
  LABEL: 'OIDC_LABEL',
  SCOPES: 'OIDC_SCOPES',
  PROMPT: 'OIDC_PROMPT',
  AUTHORIZATION_PARAMS: 'OIDC_AUTHORIZATION_PARAMS',
  PAR: 'OIDC_PAR',
  ALLOW: 'ALLOW',
  ROLES_CLAIM: 'AUTH_ROLES_CLAIM',
  GROUPS_CLAIM: 'AUTH_GROUPS_CLAIM',
} as const

type Suffix = keyof typeof ownVariables

/** An entry of the file as the variables that it stands for; `-` is an empty list. */
export function variablesOfEntry(
  entry: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const own: Record<string, string> = {}
  for (const [key, value] of Object.entries(entry)) {
    const variable = ownVariables[key.toUpperCase() as Suffix]
    if (variable === undefined) continue
    const none = Array.isArray(value) && value.length === 0
    own[variable] = none ? '-' : [value].flat().join(',')
  }
  return own
}

const readNothing: ReadFile = () => ''

/** The values of an entry of the file. */
export function valuesOfEntry(
  entry: Readonly<Record<string, unknown>>,
  findings: Findings,
): Values {
  return readValues(readEnvironment(variablesOfEntry(entry), readNothing, findings), findings)
}

/** Hands on what was found of one provider or issuer, in the words of the operator who wrote it. */
export function passOn(
  scoped: Findings,
  ownName: (suffix: string) => string,
  findings: Findings,
): void {
  for (const { variable, message, example } of scoped.problems)
    findings.refuse(renamed(variable, ownName), renamed(message, ownName), example)
  for (const { variable, message } of scoped.warnings)
    findings.warn(renamed(variable, ownName), renamed(message, ownName))
}

/** A text with the variables it names as this provider's operator has written them. */
function renamed(text: string, ownName: (suffix: string) => string): string {
  return text.replaceAll(/\b(?:OIDC|AUTH)_[A-Z_]+\b|\bALLOW\b(?!_)/g, (name) => {
    const plain = name.replace(/_FILE$/, '')
    const suffix = Object.entries(ownVariables).find(([, variable]) => variable === plain)?.[0]
    return suffix === undefined ? name : ownName(suffix) + name.slice(plain.length)
  })
}
