import { exitCodes } from '../terminal.ts'
import { chooseLogin } from './choose-login.ts'
import { liveLogin } from './live-login.ts'
import type { World } from './world.ts'

/** Prints a live access token, and nothing else. */
export async function token(url: string | undefined, world: World): Promise<number> {
  const login = await liveLogin(chooseLogin(await world.store.read(), url), world)
  world.terminal.out(login.accessToken)
  return exitCodes.ok
}
