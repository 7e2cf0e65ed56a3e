import type { IncomingMessage } from 'node:http'
import type Provider from 'oidc-provider'
import type { InteractionResults } from 'oidc-provider'
import { choosePage, errorPage } from './pages.ts'
import type { User } from './users.ts'

type Middleware = Parameters<Provider['use']>[0]

const maxFormBytes = 4096

/** The sign-in page: shown for every prompt that needs a person, answered with one click. */
export function interactions(provider: Provider, users: readonly User[]): Middleware {
  return async (ctx, next) => {
    if (!/^\/interaction\/[\w-]+$/.test(ctx.path)) return next()
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined)
    if (!interaction) {
      ctx.status = 400
      return errorPage(ctx, {
        error: 'session_not_found',
        error_description:
          'This sign-in is over or belongs to another browser. Go back to the app.',
      })
    }
    const { prompt, params, session } = interaction
    if (ctx.method === 'POST') {
      const result = answer(await readForm(ctx.req), users)
      if (result) {
        ctx.respond = false
        return provider.interactionFinished(ctx.req, ctx.res, result)
      }
    }
    if (prompt.name === 'consent') {
      ctx.respond = false
      return provider.interactionFinished(ctx.req, ctx.res, { consent: {} })
    }
    const client = await provider.Client.find(String(params.client_id))
    choosePage(ctx, {
      users,
      current: users.find(({ id }) => id === session?.accountId),
      client: client?.clientName ?? String(params.client_id),
    })
  }
}

/** What the form says, or undefined where it names nobody we know. */
function answer(form: URLSearchParams, users: readonly User[]): InteractionResults | undefined {
  if (form.has('cancel')) {
    return { error: 'access_denied', error_description: 'The person cancelled the sign-in' }
  }
  const user = users.find(({ id }) => id === form.get('user'))
  return user && { login: { accountId: user.id, amr: ['demo'] }, select_account: {}, consent: {} }
}

/** A form of a few hundred bytes; longer ones are cut off with an error. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > maxFormBytes) throw new RangeError('the form is too long')
  }
  return new URLSearchParams(text)
}
