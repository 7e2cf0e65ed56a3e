import type { App, SignInDemand } from '../model/app.ts'

/** How far the provider's clock may be ahead or behind, in milliseconds. */
const toleratedSkewMs = 30_000

/** How somebody signed in; without `acr` it was no sign-in of a person. */
interface SignIn {
  readonly identity: { readonly provider: string }
  readonly acr?: string
  readonly authenticatedAt?: number | undefined
}

/**
 * Why a sign-in, whether a session or a token tells of it, is not what an app asks for, or undefined
 * where it is: another provider, another authentication context class, or too long ago (OIDC Core section
 * 3.1.2.1, RFC 9470).
 *
 * @param now - milliseconds since the epoch
 */
export function unmetDemand(
  { identity, acr, authenticatedAt }: SignIn,
  { name, signIn }: Pick<App, 'name' | 'signIn'>,
  now: number,
): string | undefined {
  if (acr === undefined) return undefined
  const { providers, acr: classes, maxAgeMs } = signIn
  if (providers && !providers.includes(identity.provider))
    return `apps.${name}.sign_in.providers does not have ${identity.provider}`
  if (classes && !classes.includes(acr))
    return `apps.${name}.sign_in.acr does not have ${acr === '' ? 'a sign-in without acr' : JSON.stringify(acr)}`
  if (maxAgeMs === undefined) return undefined
  // Without auth_time nobody knows how old the session at the provider is.
  if (authenticatedAt === undefined)
    return `the provider did not say when the person signed in, which apps.${name}.sign_in.max_age needs`
  if (now - authenticatedAt > maxAgeMs + toleratedSkewMs)
    return `the sign-in is older than apps.${name}.sign_in.max_age`
  return undefined
}

/** The challenge for a program (RFC 9470 section 3). */
export function demandChallenge({ acr, maxAgeMs }: SignInDemand): string {
  const parameters = [
    'realm="gatehouse"',
    'error="insufficient_user_authentication"',
    'error_description="The sign-in does not meet what the app asks for"',
    ...(acr ? [`acr_values="${acr.join(' ').replaceAll(/["\\]/g, '\\$&')}"`] : []),
    ...(maxAgeMs === undefined ? [] : [`max_age="${Math.floor(maxAgeMs / 1_000)}"`]),
  ]
  return `Bearer ${parameters.join(', ')}`
}
