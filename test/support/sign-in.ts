import type { User } from '../../demo/idp/users.ts'
import type { Agent, Answer } from './agent.ts'

/**
 * Opens a URL and, where that leads to the demo provider's sign-in page, chooses a user there.
 * Resolves with the answer at the end of all redirects, usually the page first asked for.
 */
export async function signIn(
  agent: Agent,
  url: string | URL,
  user: Pick<User, 'id'>,
): Promise<Answer> {
  const page = await agent.follow(url)
  const answer = isSignInPage(page)
    ? await agent.follow(page.url, { form: { user: user.id } })
    : page
  return submitScriptedForms(agent, answer)
}

/** Whether the answer is the provider's page for choosing a user. */
export function isSignInPage({ url, text }: Answer): boolean {
  return /\/interaction\/[\w-]+$/.test(new URL(url).pathname) && text.includes('name="user"')
}

/** What a browser's script does when somebody changes from one account to another. */
async function submitScriptedForms(agent: Agent, answer: Answer): Promise<Answer> {
  if (!answer.text.includes('document.forms[0].submit()')) return answer
  const action = /<form method="post" action="([^"]+)"/.exec(answer.text)?.[1] ?? answer.url
  const inputs = answer.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  const form = Object.fromEntries([...inputs].map(([, name, value]) => [name, value]))
  return submitScriptedForms(agent, await agent.follow(new URL(action, answer.url), { form }))
}
