import { demoUsers, type User } from '../../demo/idp/users.ts'
import type { Agent, AgentRequest } from './agent.ts'
import { isSignInPage } from './sign-in.ts'

/**
 * Starts a sign-in and goes through the provider, up to the URL by which it sends the browser back to
 * the gateway. That URL is not opened.
 */
export async function callbackUrl(
  agent: Agent,
  startUrl: string | URL,
  user: Pick<User, 'id'> = demoUsers[0] as User,
): Promise<URL> {
  let url = new URL(startUrl)
  let init: AgentRequest = {}
  for (let step = 0; step < 20; step += 1) {
    const answer = await agent.fetch(url, init)
    const location = answer.headers.get('location')
    if (location) {
      url = new URL(location, answer.url)
      if (/\/callback(?:\/|$)/.test(url.pathname)) return url
      init = {}
    } else if (isSignInPage(answer)) {
      init = { form: { user: user.id } }
    } else {
      throw new Error(`${answer.url} answered ${answer.status} instead of going on`)
    }
  }
  throw new Error('the sign-in goes round in circles')
}
