import * as client from 'openid-client'
import { exitCodes } from '../terminal.ts'
import { chooseLogin } from './choose-login.ts'
import { reasonsOf } from './failure.ts'
import { connectIssuer } from './issuer.ts'
import type { Login } from './login-record.ts'
import type { World } from './world.ts'

/** Deletes a login, and revokes its tokens where the issuer can do that (RFC 7009). */
export async function logout(url: string | undefined, world: World): Promise<number> {
  const { terminal } = world
  // Alone with the store: a renewal meanwhile would make tokens that nobody revokes.
  const { value } = await world.store.update(async (logins) => {
    const login = chooseLogin(logins, url)
    const alive = await revoke(login).catch(
      (error: unknown) => `the tokens live: ${reasonsOf(error)}`,
    )
    logins.delete(login.resource)
    return { login, alive }
  })
  terminal.out(`Signed out at ${value.login.resource}.`)
  if (value.alive !== undefined) terminal.error(`Until their time is over ${value.alive}`)
  return exitCodes.ok
}

/** Resolves to what was not revoked, and why. */
async function revoke(login: Login): Promise<string | undefined> {
  const { issuer, clientId, refreshToken, accessToken } = login
  const configuration = await connectIssuer(issuer, clientId)
  if (configuration.serverMetadata().revocation_endpoint === undefined)
    return `the tokens live: ${issuer} revokes none`
  const revokeOne = (token: string, hint: string) =>
    client
      .tokenRevocation(configuration, token, { token_type_hint: hint })
      .catch((error: unknown) => `the ${hint.replace('_', ' ')} lives: ${reasonsOf(error)}`)
  // The refresh token first: with it others could be made.
  const kept = [
    refreshToken === undefined ? undefined : await revokeOne(refreshToken, 'refresh_token'),
    await revokeOne(accessToken, 'access_token'),
  ].filter((reason) => reason !== undefined)
  return kept.length === 0 ? undefined : kept.join('; ')
}
