import * as client from 'openid-client'
import { Failure, failed, reasonsOf } from './failure.ts'
import { connectIssuer } from './issuer.ts'
import { indicatorOf, type Login, loginFrom } from './login-record.ts'
import type { World } from './world.ts'

/** What is left of a token has to last for the request that it is for. */
const leastMs = 30_000

/**
 * The login with a token that lives on for half a minute at least, renewed where it has less. One
 * process renews and the others wait for it: a rotated refresh token works once. The renewed login is
 * stored when this resolves.
 *
 * @throws Failure where it cannot be renewed
 */
export async function liveLogin(login: Login, world: World): Promise<Login> {
  const isLive = ({ expiresAt }: Login) =>
    expiresAt === undefined || expiresAt - world.now() >= leastMs
  if (isLive(login)) return login
  const { value } = await world.store.update(async (logins) => {
    const current = logins.get(login.resource)
    if (!current) throw new Failure(`you have signed out: ${again(login)}`)
    if (isLive(current)) return current
    const renewed = await renew(current, world)
    logins.set(renewed.resource, renewed)
    return renewed
  })
  return value
}

async function renew(login: Login, world: World): Promise<Login> {
  const { issuer, refreshToken, who } = login
  if (refreshToken === undefined)
    throw new Failure(`the token is over, and ${issuer} gave none to renew it: ${again(login)}`)
  const configuration = await connectIssuer(issuer, login.clientId)
  try {
    const tokens = await client.refreshTokenGrant(configuration, refreshToken, indicatorOf(login))
    const renewed = loginFrom(tokens, login, world.now(), login)
    // OpenID Connect Core section 12.2.
    if (who && renewed.who?.subject !== who.subject)
      throw new Failure(`${issuer} renewed the token for somebody else: ${again(login)}`)
    return renewed
  } catch (error) {
    if (error instanceof client.ResponseBodyError)
      throw new Failure(`${issuer} does not renew the token, ${reasonsOf(error)}: ${again(login)}`)
    throw failed(`${issuer} does not renew the token`, error)
  }
}

function again({ resource }: Login): string {
  return `gatehouse login ${resource}`
}
