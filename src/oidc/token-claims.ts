import { type JWTPayload, jwtVerify } from 'jose'
import { asymmetricAlgorithms } from '../config/issuer-settings.ts'
import type { Claims } from '../issuers/claims.ts'
import { isIssuerUnavailable } from '../issuers/issuer-unavailable.ts'
import type { RelyingParty } from './relying-party.ts'

const clockToleranceSec = 30
/** The signature algorithms to accept from a provider for id tokens and logout tokens. */
export async function idTokenAlgorithms(party: RelyingParty): Promise<string[]> {
  const { id_token_signing_alg_values_supported: announced } = await party.discovery.get()
  return asymmetricAlgorithms.filter((algorithm) => !announced || announced.includes(algorithm))
}

/**
 * Checks the signature, issuer, audience, authorized party and times of an id token (OIDC Core section 3.1.3.7); the
 * nonce is compared where the token is received. Rejects for one that is not acceptable.
 */
export async function verifyIdToken(party: RelyingParty, idToken: string): Promise<JWTPayload> {
  const { issuer } = await party.discovery.get()
  const { payload } = await jwtVerify(idToken, party.keys, {
    issuer,
    audience: party.settings.clientId,
    algorithms: await idTokenAlgorithms(party),
    clockTolerance: clockToleranceSec,
    currentDate: new Date(party.clock.now()),
    requiredClaims: ['sub', 'iat', 'exp'],
  })
  if (payload.azp !== undefined && payload.azp !== party.settings.clientId) {
    throw new Error('the azp of the id token names another client')
  }
  return payload
}

/**
 * The claims of an access token that is a JWT of the same issuer made for us (`aud` or `azp` names the
 * client). Undefined for any other: such a token is not ours to read.
 */
export async function readAccessToken(
  party: RelyingParty,
  accessToken: string,
): Promise<Claims | undefined> {
  if (accessToken.split('.').length !== 3) return
  const { issuer } = await party.discovery.get()
  try {
    const { payload } = await jwtVerify(accessToken, party.keys, {
      issuer,
      algorithms: [...asymmetricAlgorithms],
      clockTolerance: clockToleranceSec,
      currentDate: new Date(party.clock.now()),
    })
    const audiences = [payload.aud ?? []].flat()
    const { clientId } = party.settings
    return audiences.includes(clientId) || payload.azp === clientId ? payload : undefined
  } catch (error) {
    if (isIssuerUnavailable(error)) throw error
    return
  }
}
