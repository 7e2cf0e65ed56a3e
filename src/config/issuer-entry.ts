import type { AllowList } from '../model/allow.ts'
import { allowSetting } from './allow-setting.ts'
import { certificateAuthorities, clientSettings } from './client-settings.ts'
import { durationMs } from './durations.ts'
import type { ConfigFile } from './file-schema.ts'
import { checkIntrospection } from './introspection-setting.ts'
import {
  asymmetricAlgorithms,
  type Draft,
  foreignClaims,
  type KnownIssuer,
  plainIssuer,
} from './issuer-settings.ts'
import { internalUrl, issuerUrl, keysUrl } from './issuer-urls.ts'
import { passOn, valuesOfEntry } from './own-variables.ts'
import { Findings, quoted } from './problem.ts'
import { isRestricted } from './provider-settings.ts'
import type { IssuerSettings } from './settings.ts'
import type { Values } from './variables.ts'

type IssuerEntry = NonNullable<ConfigFile['issuers']>[string]

const defaultRoles = ['realm_access.roles', 'roles']

/**
 * Checks one issuer of the file; undefined with a problem.
 *
 * @param known - the provider of the same issuer, if there is one
 * @param allow - who is let in, where it does not say so itself
 */
export function issuerFromFile(
  name: string,
  entry: IssuerEntry,
  known: KnownIssuer | undefined,
  allow: AllowList | undefined,
  shared: Values,
  findings: Findings,
): Draft | undefined {
  const at = `issuers.${name}`
  const before = findings.problems.length
  const audiences = entry.audiences ?? (known && shared.AUTH_ALLOWED_AUDIENCES)
  if (!audiences)
    findings.refuse(
      `${at}.audiences`,
      `is missing: without it, a token that the issuer made for any other service would be taken; write what it puts into aud for your apps`,
    )
  const base = baseOf(name, entry, known, allow, shared, findings)
  const insecure = shared.ALLOW_INSECURE
  const jwksUri =
    entry.jwks_uri === undefined
      ? undefined
      : keysUrl(
          { variable: `${at}.jwks_uri`, text: entry.jwks_uri, insecure },
          base?.internalOrigin,
          findings,
        )
  checkAlgorithms(`${at}.algorithms`, entry.algorithms ?? [], findings)
  if (base) checkIntrospection(at, entry, base, known !== undefined, shared, findings)
  if (!base || !audiences || findings.problems.length > before) return
  const plain = plainIssuer(base, audiences, shared)
  const introspection = entry.introspection ?? plain.introspection
  return {
    at,
    isAsked: entry.introspection !== undefined || plain.introspection === 'always',
    issuer: {
      ...plain,
      ...(entry.algorithms && { algorithms: entry.algorithms }),
      ...(jwksUri !== undefined && { jwksUri }),
      ...(entry.key_recheck !== undefined && { keyRecheckMs: durationMs(entry.key_recheck) }),
      ...(entry.clients && { clients: entry.clients }),
      // A client of its own is for introspection, so that it is off unless somebody writes it.
      introspection: known || entry.introspection ? introspection : 'off',
      requiredScopes: [...new Set([...plain.requiredScopes, ...(entry.required_scope ?? [])])],
      serviceMarkers: serviceMarkers(entry.service, base.claims.roles),
    },
  }
}

/** Who an issuer of the file is, whom it speaks of and how the gateway reaches it. */
function baseOf(
  name: string,
  entry: IssuerEntry,
  known: KnownIssuer | undefined,
  allow: AllowList | undefined,
  shared: Values,
  findings: Findings,
): KnownIssuer | undefined {
  const scoped = new Findings()
  const values = valuesOfEntry(entry, scoped)
  const insecure = shared.ALLOW_INSECURE
  const url = known
    ? URL.parse(known.issuer)
    : issuerUrl({ variable: 'OIDC_ISSUER', text: entry.issuer, insecure }, scoped)
  const internalOrigin = internalUrl(values.OIDC_INTERNAL_URL, scoped) ?? known?.internalOrigin
  const ca = certificateAuthorities(values.OIDC_CA, scoped) ?? known?.ca
  const ownAllow = allowSetting('ALLOW', entry.allow, scoped) ?? (known ? known.allow : allow)
  if (entry.allow?.length === 0)
    scoped.refuse('ALLOW', 'lists nobody; name somebody, or leave it out')
  if (url) isRestricted(url, ownAllow, 'ALLOW', scoped)
  const { OIDC_CLIENT_ID: id, OIDC_CLIENT_SECRET: secret, OIDC_CLIENT_PRIVATE_KEY: key } = values
  const hasClient = [id, secret, key, entry.client_auth].some((part) => part !== undefined)
  const client = hasClient ? clientSettings(values, scoped) : known?.client
  passOn(scoped, (suffix) => `issuers.${name}.${suffix.toLowerCase()}`, findings)
  if (!url) return
  const claims = known?.claims ?? foreignClaims(shared)
  return {
    name: known?.name ?? name,
    issuer: entry.issuer,
    ...(internalOrigin !== undefined && { internalOrigin }),
    ...(ca !== undefined && { ca }),
    ...(ownAllow !== undefined && { allow: ownAllow }),
    claims: {
      ...claims,
      roles: entry.roles_claim ?? claims.roles,
      groups: entry.groups_claim ?? claims.groups,
    },
    trustsClaims: entry.trust_claims ?? known !== undefined,
    ...(client && { client }),
  }
}

function checkAlgorithms(at: string, names: readonly string[], findings: Findings): void {
  for (const [i, name] of names.entries()) {
    if (asymmetricAlgorithms.includes(name)) continue
    const fault = /^none$/i.test(name)
      ? 'is no signature: anybody could write such tokens'
      : /^HS\d/i.test(name)
        ? 'is symmetric: whoever checks such tokens could write them too'
        : `is none of ${asymmetricAlgorithms.join(', ')}`
    findings.refuse(`${at}[${i}]`, `${quoted(name)} ${fault}`)
  }
}

/** Roles are where the issuer has them, or where issuers mostly do. */
function serviceMarkers(
  { roles, ...markers }: NonNullable<IssuerEntry['service']> = {},
  claims: readonly string[],
): IssuerSettings['serviceMarkers'] {
  const paths = roles ? (claims.length > 0 ? claims : defaultRoles) : []
  return { ...Object.fromEntries(paths.map((path) => [path, roles ?? []])), ...markers }
}
