import { distance } from 'fastest-levenshtein'
import type { Environment } from './environment.ts'
import { plannedNames } from './planned.ts'
import { type Findings, quoted } from './problem.ts'
import { describeVariable, variableNames } from './variables.ts'

/** Prefixes of settings whose loss could open a door; unknown names with them are worth a line. */
const sensitivePrefixes = ['OIDC_', 'AUTH_', 'COOKIE_', 'TRUSTED_']

/** What Kubernetes and Docker links set for a service of any name: `AUTH_PORT_8080_TCP` and the like. */
const injected = /_(PORT(_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?|SERVICE_(HOST|PORT)(_\w+)?)$/

const names = variableNames.flatMap((name) => {
  const { aliases = [], joined } = describeVariable(name)
  return [name, ...aliases, ...(joined?.names ?? [])]
})
const knownNames = [...names, ...plannedNames].flatMap((name) => [name, `${name}_FILE`])
const known = new Set(knownNames)
const prefixes = new Set(knownNames.filter((name) => name.includes('_')).map(prefixOf))

/**
 * Points at names that look like misspelt settings. A sure one stops the start; one that may belong
 * to another program is a warning.
 */
export function checkNames(env: Environment, findings: Findings): void {
  for (const [name, value] of Object.entries(env)) {
    if (!value || known.has(name) || injected.test(name)) continue
    const upper = name.toUpperCase()
    if (!prefixes.has(prefixOf(upper))) continue
    const near = nearestKnown(upper)
    if (near && near.edits * 5 <= near.name.length)
      findings.refuse(shown(name), `is not known; did you mean ${near.name}?`)
    else if (near)
      findings.warn(shown(name), `is not known and ignored; did you mean ${near.name}?`)
    else if (sensitivePrefixes.includes(prefixOf(name)))
      findings.warn(shown(name), 'is not known to this version and ignored')
  }
}

function nearestKnown(name: string): { name: string; edits: number } | undefined {
  let best: { name: string; edits: number } | undefined
  for (const candidate of knownNames) {
    const edits = distance(name, candidate)
    if (edits <= 2 && edits < (best?.edits ?? 3)) best = { name: candidate, edits }
  }
  return best
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf('_') + 1)
}

function shown(name: string): string {
  return /^\w+$/.test(name) ? name : quoted(name)
}
