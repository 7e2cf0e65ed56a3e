import * as client from 'openid-client'
import { Failure, failed, plain } from './failure.ts'
import { indicatorOf, type LoginBasis, type Tokens } from './login-record.ts'
import { isSafe } from './resource-url.ts'

export interface DeviceFlow {
  readonly configuration: client.Configuration
  readonly basis: LoginBasis
  /** Tells the person where to type which code; `direct` has the code in it already. */
  readonly show: (place: { url: string; code: string; direct: string | undefined }) => void
  readonly patience: AbortSignal
}

/** Sign-in on another device (RFC 8628), for machines without a browser. */
export async function deviceFlow(flow: DeviceFlow): Promise<Tokens> {
  const { configuration, basis, patience } = flow
  // RFC 8628 has no PKCE. Keycloak wants it here, too, where the client has to use it; others ignore it.
  const verifier = client.randomPKCECodeVerifier()
  const device = await client
    .initiateDeviceAuthorization(configuration, {
      scope: basis.scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...indicatorOf(basis),
    })
    .catch((error: unknown) => {
      throw failed(`${basis.issuer} gives no device code`, error)
    })
  const url = device.verification_uri
  if (!URL.canParse(url) || !isSafe(new URL(url)))
    throw new Failure(`${basis.issuer} sends people to ${plain(url)}, which is no https URL`)
  const direct = device.verification_uri_complete
  flow.show({
    url: plain(url),
    code: plain(device.user_code),
    direct: direct && URL.canParse(direct) && isSafe(new URL(direct)) ? plain(direct) : undefined,
  })
  const signal = AbortSignal.any([patience, AbortSignal.timeout(device.expires_in * 1_000)])
  try {
    const parameters = { code_verifier: verifier, ...indicatorOf(basis) }
    return await client.pollDeviceAuthorizationGrant(configuration, device, parameters, { signal })
  } catch (error) {
    if (signal.aborted) throw new Failure('nobody signed in within the time there is')
    throw failed(`the sign-in at ${basis.issuer} failed`, error)
  }
}
