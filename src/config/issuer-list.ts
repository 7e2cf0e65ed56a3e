import type { AllowList } from '../model/allow.ts'
import { signsNobodyIn } from './bearer-only.ts'
import type { ConfigFile } from './file-schema.ts'
import { checkDirect, introspected } from './introspection-setting.ts'
import { issuerFromFile } from './issuer-entry.ts'
import {
  type Draft,
  firstName,
  type KnownIssuer,
  knownFromProvider,
  warnOfSlash,
} from './issuer-settings.ts'
import { keysUrl } from './issuer-urls.ts'
import { type Findings, quoted } from './problem.ts'
import type { IssuerSettings, ProviderSettings } from './settings.ts'
import {
  checkAudience,
  checkScopes,
  draftsOfEnvironment,
  withoutSignIn,
} from './trusted-issuers.ts'
import type { Values } from './variables.ts'

/**
 * Every issuer whose access tokens are taken: those of `AUTH_TRUSTED_ISSUERS` where there is an
 * audience, and those of the file, which come in place of the same ones.
 *
 * @param providers - undefined where they have problems of their own
 * @param allow - who is let in, where an issuer does not say so itself
 */
export function issuerList(
  values: Values,
  file: ConfigFile | undefined,
  providers: readonly ProviderSettings[] | undefined,
  allow: AllowList | undefined,
  findings: Findings,
): readonly IssuerSettings[] {
  const known = (providers ?? []).map(knownFromProvider)
  if (signsNobodyIn(values, file)) known.unshift(...withoutSignIn(values, allow, findings))
  checkScopes(values, findings)
  checkAudience(values, file, findings)
  const before = findings.problems.length
  const fromEnvironment = draftsOfEnvironment(values, file, known, allow, findings)
  const fromFile = draftsOfFile(values, file, known, providers !== undefined, allow, findings)
  const drafts = [
    ...fromEnvironment.filter((draft) => !fromFile.some((other) => isSame(other, draft))),
    ...fromFile,
  ]
  checkNames(drafts, known, findings)
  const isComplete = providers !== undefined && findings.problems.length === before
  if (isComplete) checkDirect(values, known, drafts, findings)
  if (isComplete && drafts.length === 0 && values.AUTH_ALLOWED_AUDIENCES !== undefined)
    findings.warn(
      'AUTH_ALLOWED_AUDIENCES',
      'has no effect: there is no issuer whose tokens are taken; name it in AUTH_TRUSTED_ISSUERS',
    )
  return introspected(drafts, findings).map((issuer) => withKeys(issuer, values, findings))
}

const isSame = (a: Draft, b: Draft): boolean => a.issuer.issuer === b.issuer.issuer

function draftsOfFile(
  values: Values,
  file: ConfigFile | undefined,
  known: readonly KnownIssuer[],
  knowsAll: boolean,
  allow: AllowList | undefined,
  findings: Findings,
): Draft[] {
  const entries = Object.entries(file?.issuers ?? {})
  return entries.flatMap(([name, entry], i) => {
    const same = entries.slice(0, i).find(([, other]) => other.issuer === entry.issuer)
    if (same) {
      findings.refuse(
        `issuers.${name}.issuer`,
        `is that of issuers.${same[0]} too; one entry speaks of one issuer`,
      )
      return []
    }
    const provider = known.find(({ issuer }) => issuer === entry.issuer)
    if (!provider) warnOfSlash(`issuers.${name}.issuer`, entry.issuer, known, findings)
    // What the provider would have said is not known, and would be asked for in vain.
    if (!provider && !knowsAll && entry.audiences === undefined) return []
    const isTaken = known.some((other) => other.name === name && other !== provider)
    if (isTaken || (!provider && name === firstName)) {
      findings.refuse(
        `issuers.${name}`,
        'is the name of a provider with another issuer; choose another one',
      )
      return []
    }
    return issuerFromFile(name, entry, provider, allow, values, findings) ?? []
  })
}

/** Names are in identity headers and in front of user names, so no two issuers share one. */
function checkNames(
  drafts: readonly Draft[],
  known: readonly KnownIssuer[],
  findings: Findings,
): void {
  const owners = new Map(known.map(({ name, issuer }) => [name, issuer]))
  if (owners.size < known.length)
    findings.refuse(
      'OIDC_ISSUER',
      `has the name ${firstName}, as has a provider; give that one another name`,
    )
  for (const { at, issuer } of drafts) {
    const other = owners.get(issuer.name)
    if (other !== undefined && other !== issuer.issuer)
      findings.refuse(
        at,
        `${quoted(issuer.issuer)} would have the name ${issuer.name}, as has ${quoted(other)}; give it a name of its own under issuers in CONFIG_FILE`,
      )
    owners.set(issuer.name, issuer.issuer)
  }
}

/** The issuer of `OIDC_ISSUER` has its keys where `AUTH_JWKS_URI` says, unless the file says it. */
function withKeys(issuer: IssuerSettings, values: Values, findings: Findings): IssuerSettings {
  const { AUTH_JWKS_URI: text, ALLOW_INSECURE: insecure } = values
  if (text === undefined || issuer.issuer !== values.OIDC_ISSUER || issuer.jwksUri) return issuer
  const written = { variable: 'AUTH_JWKS_URI', text, insecure }
  const jwksUri = keysUrl(written, issuer.internalOrigin, findings)
  return { ...issuer, ...(jwksUri !== undefined && { jwksUri }) }
}
