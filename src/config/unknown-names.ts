import { distance } from 'fastest-levenshtein'
import type { Environment } from './environment.ts'
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
const knownNames = names.flatMap((name) => [name, `${name}_FILE`])
const known = new Set(knownNames)
const prefixes = new Set(knownNames.map(prefixOf).filter((prefix) => prefix !== ''))

/**
 * Points at names that look like misspelt settings. A sure one stops the start; one that may belong
 * to another program is a warning.
 *
 * @param ofProviders - variables of the providers that `OIDC_PROVIDERS` names
 */
export function checkNames(
  env: Environment,
  ofProviders: readonly string[],
  findings: Findings,
): void {
  const further = new Set(ofProviders.flatMap((name) => [name, `${name}_FILE`]))
  for (const [name, value] of Object.entries(env)) {
    if (!value || known.has(name) || further.has(name) || injected.test(name)) continue
    const written = name.toUpperCase()
    const prefix = prefixOf(written)
    if (!prefixes.has(prefix)) continue
    const near = nearest(written)
    if (near?.sure) findings.refuse(shown(name), `is not known; did you mean ${near.name}?`)
    else if (near)
      findings.warn(shown(name), `is not known and ignored; did you mean ${near.name}?`)
    else if (sensitivePrefixes.includes(prefix))
      findings.warn(shown(name), 'is not known to this version and ignored')
  }
}

/** The known name that was probably meant. Sure: one edit, or two in a name of ten letters and more. */
function nearest(written: string): { name: string; sure: boolean } | undefined {
  let best: { name: string; edits: number } | undefined
  for (const name of knownNames) {
    const edits = distance(written, name)
    if (edits <= 2 && edits < (best?.edits ?? 3)) best = { name, edits }
  }
  if (best) return { name: best.name, sure: best.edits * 5 <= best.name.length }
  const longer = knownNames.find((name) => name.startsWith(`${written}_`))
  return longer === undefined ? undefined : { name: longer, sure: false }
}

function prefixOf(name: string): string {
  return name.slice(0, name.indexOf('_') + 1)
}

function shown(name: string): string {
  return /^\w+$/.test(name) ? name : quoted(name)
}
