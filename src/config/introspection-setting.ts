import type { ConfigFile } from './file-schema.ts'
import { canProve, type Draft, type KnownIssuer } from './issuer-settings.ts'
import type { Findings } from './problem.ts'
import type { IssuerSettings } from './settings.ts'
import type { Values } from './variables.ts'

type IssuerEntry = NonNullable<ConfigFile['issuers']>[string]

/** Checks what an issuer of the file says about introspection, against the client that asks. */
export function checkIntrospection(
  at: string,
  { introspection, client_id: clientId }: IssuerEntry,
  { issuer, client }: KnownIssuer,
  isProvider: boolean,
  values: Values,
  findings: Findings,
): void {
  const isDirect = values.AUTH_MODE === 'direct_keycloak' && issuer === values.OIDC_ISSUER
  if (isDirect && introspection !== undefined && introspection !== 'always')
    findings.refuse(
      `${at}.introspection`,
      `is ${introspection}, and AUTH_MODE=direct_keycloak asks about every token of OIDC_ISSUER; keep one of them`,
    )
  const asks = introspection !== undefined && introspection !== 'off'
  if (asks && !canProve(client))
    findings.refuse(
      `${at}.client_id`,
      client
        ? `is of a client that cannot prove itself, and introspection: ${introspection} needs one that can; give it a client_secret`
        : `is missing, and introspection: ${introspection} needs it, and a client_secret: the client as which the gateway asks the issuer`,
    )
  const isOff = introspection === 'off' || (introspection === undefined && !isProvider)
  if (isOff && clientId !== undefined)
    findings.warn(`${at}.client_id`, 'is not used while introspection is off')
}

/** Checks that `AUTH_MODE=direct_keycloak` can ask, and has whom to ask about. */
export function checkDirect(
  values: Values,
  known: readonly KnownIssuer[],
  drafts: readonly Draft[],
  findings: Findings,
): void {
  if (values.AUTH_MODE !== 'direct_keycloak') return
  const first = known.find(({ issuer }) => issuer === values.OIDC_ISSUER)
  const draft = drafts.find(({ issuer }) => issuer.issuer === values.OIDC_ISSUER)
  if (!canProve(draft?.issuer.client ?? first?.client))
    findings.refuse(
      'AUTH_MODE',
      'direct_keycloak asks the provider of OIDC_ISSUER about tokens, as a client that proves itself: set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, and no OIDC_CLIENT_AUTH=none',
    )
  else if (!draft && values.AUTH_ALLOWED_AUDIENCES !== undefined)
    findings.refuse(
      'AUTH_MODE',
      'direct_keycloak asks about tokens of OIDC_ISSUER, and AUTH_TRUSTED_ISSUERS leaves it out; add it there',
    )
}

/**
 * An opaque token does not say whose it is, and must not be shown to a stranger: one issuer at most is
 * asked. Of those that nobody spoke of it is the first.
 */
export function introspected(
  drafts: readonly Draft[],
  findings: Findings,
): readonly IssuerSettings[] {
  const asking = drafts.filter(({ issuer }) => issuer.introspection !== 'off')
  const [one, another] = asking.filter(({ isAsked }) => isAsked)
  if (one && another)
    findings.refuse(
      `${another.at}${another.at.startsWith('issuers.') ? '.introspection' : ''}`,
      `${another.issuer.name} and ${one.issuer.name} are both asked about tokens; an opaque token does not say whose it is, so write introspection: off for one of them`,
    )
  const chosen = one ?? asking[0]
  return drafts.map((draft) =>
    draft === chosen ? draft.issuer : { ...draft.issuer, introspection: 'off' as const },
  )
}
