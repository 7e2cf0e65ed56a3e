import { randomBytes } from 'node:crypto'
import * as client from 'openid-client'
import type { CallbackPage } from './callback-page.ts'
import { Failure, failed, reasonsOf } from './failure.ts'
import { indicatorOf, type LoginBasis, type Tokens } from './login-record.ts'
import { openLoopback } from './loopback.ts'

export interface BrowserFlow {
  readonly configuration: client.Configuration
  readonly basis: LoginBasis
  /** 0: any free one. */
  readonly port: number
  /** Of the redirect URI; one that nobody else knows where there is none. */
  readonly path: string | undefined
  /** Shows the URL to the person, or opens it. */
  readonly show: (url: URL) => void
  readonly patience: AbortSignal
}

/**
 * Authorization code with PKCE and a loopback redirect (RFC 8252, RFC 7636, RFC 9207). A callback
 * with another `state` is not of this sign-in: it is refused, and the sign-in goes on.
 */
export async function browserFlow(flow: BrowserFlow): Promise<Tokens> {
  const { configuration, basis, patience } = flow
  const { promise, resolve, reject } = Promise.withResolvers<Tokens>()
  // Until it is waited for, its failure is nobody's.
  promise.catch(() => {})
  const state = client.randomState()
  const nonce = client.randomNonce()
  const verifier = client.randomPKCECodeVerifier()
  let isTaken = false

  await using loopback = await openLoopback({
    port: flow.port,
    path: flow.path ?? `/callback/${randomBytes(16).toString('base64url')}`,
    async take(query) {
      if (isTaken || query.get('state') !== state) return notOurs
      isTaken = true
      try {
        resolve(await exchange(query))
        return success
      } catch (error) {
        reject(failed(`the sign-in at ${basis.issuer} failed`, error))
        return { status: 400, title: 'The sign-in failed', text: reasonsOf(error) }
      }
    },
  })
  const { redirectUri } = loopback

  function exchange(query: URLSearchParams): Promise<Tokens> {
    const callback = new URL(redirectUri)
    callback.search = query.toString()
    const wantsIdToken = asksForIdToken(basis.scope)
    return client.authorizationCodeGrant(
      configuration,
      callback,
      {
        pkceCodeVerifier: verifier,
        expectedState: state,
        ...(wantsIdToken && { expectedNonce: nonce, idTokenExpected: true }),
      },
      indicatorOf(basis),
    )
  }

  flow.show(
    client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri.href,
      scope: basis.scope,
      state,
      ...(asksForIdToken(basis.scope) && { nonce }),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...indicatorOf(basis),
    }),
  )
  const giveUp = () => reject(new Failure('nobody signed in within the time there is'))
  if (patience.aborted) giveUp()
  patience.addEventListener('abort', giveUp, { once: true })
  return await promise
}

/** Only OpenID Connect knows a nonce and an id token, and only this scope makes it that. */
function asksForIdToken(scope: string): boolean {
  return scope.split(' ').includes('openid')
}

const success: CallbackPage = {
  status: 200,
  title: 'You are signed in',
  text: 'Go back to the terminal. This page can be closed.',
}

const notOurs: CallbackPage = {
  status: 400,
  title: 'Not of this sign-in',
  text: 'Use the address that the terminal shows, and only once.',
}
