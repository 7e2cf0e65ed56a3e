import * as client from 'openid-client'
import { exitCodes } from '../terminal.ts'
import { chooseLogin } from './choose-login.ts'
import { plain } from './failure.ts'
import { connectIssuer } from './issuer.ts'
import { liveLogin } from './live-login.ts'
import { type Login, labelOf, type Who, whoFrom } from './login-record.ts'
import type { World } from './world.ts'

/** Prints who is signed in where, and until when; never a token. */
export async function whoami(url: string | undefined, world: World): Promise<number> {
  const login = chooseLogin(await world.store.read(), url)
  const who = login.who ?? (await askUserinfo(login, world))
  const facts = {
    who: who ? labelOf(who) : `${login.issuer} does not say`,
    issuer: login.issuer,
    resource: login.resource,
    scopes: plain(login.scope) || 'none',
    ends: endOf(login),
  }
  for (const [name, text] of Object.entries(facts)) world.terminal.out(`${name.padEnd(10)}${text}`)
  return exitCodes.ok
}

/** For issuers that give no id token. Without an endpoint, and where it refuses, nobody knows. */
async function askUserinfo(login: Login, world: World): Promise<Who | undefined> {
  const { accessToken } = await liveLogin(login, world)
  const configuration = await connectIssuer(login.issuer, login.clientId)
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return
  try {
    return whoFrom(await client.fetchUserInfo(configuration, accessToken, client.skipSubjectCheck))
  } catch {
    return
  }
}

function endOf({ expiresAt, refreshToken }: Login): string {
  const end = expiresAt === undefined ? 'not said' : new Date(expiresAt).toISOString()
  return refreshToken === undefined ? end : `${end}, then renewed`
}
