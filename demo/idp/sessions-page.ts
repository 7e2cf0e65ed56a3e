import type Provider from 'oidc-provider'
import { type Html, html } from '../../src/http/pages/html.ts'
import { readForm } from './interactions.ts'
import type { MemoryStore } from './memory-store.ts'
import { sendPage } from './pages.ts'
import { endProviderSession } from './provider-sessions.ts'
import type { User } from './users.ts'

type Middleware = Parameters<Provider['use']>[0]

interface Parts {
  readonly provider: Provider
  readonly store: MemoryStore
  readonly users: readonly User[]
  readonly mountPath: string
}

/**
 * What an administrator of a real provider sees: who is signed in, and a button that ends a session
 * and sends a back-channel logout to the clients.
 */
export function sessionsPage({ provider, store, users, mountPath }: Parts): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== '/demo') return next()
    if (ctx.method === 'POST') {
      const site = ctx.get('sec-fetch-site')
      if (site && site !== 'same-origin') ctx.throw(403)
      const form = await readForm(ctx.req)
      const session = await provider.Session.findByUid(form.get('session') ?? '')
      if (session) await endProviderSession(provider, session)
      ctx.status = 303
      return ctx.redirect(`${mountPath}/demo`)
    }
    const own = await provider.Session.get(ctx)
    const sessions = store.sessions().map(({ uid, accountId, signedInAt }) => ({
      uid,
      name: users.find(({ id }) => id === accountId)?.name ?? accountId,
      since: new Date(signedInAt * 1000).toISOString().slice(11, 19),
      own: uid === own.uid,
    }))
    sendPage(ctx, {
      title: 'Sessions',
      content: html`
        <h1>Who is signed in</h1>
        <p>An administrator of the identity provider sees every browser that signed in here. Ending a session sends a back-channel logout to the gateway: that browser is signed out of the app with its next click, all others stay signed in.</p>
        ${sessions.length === 0 ? html`<p>Nobody is signed in.</p>` : undefined}
        <ul class="list">${sessions.map(sessionRow)}</ul>
        <p><a href="/">Back to the app</a></p>
      `,
    })
  }
}

interface SessionRow {
  readonly uid: string
  readonly name: string
  readonly since: string
  readonly own: boolean
}

function sessionRow({ uid, name, since, own }: SessionRow): Html {
  const label = `${uid.slice(0, 6)}, since ${since} UTC`
  return html`
    <li class="row split"><span><strong>${name}</strong>${own ? ' (this browser)' : undefined}<br>
    <span class="soft">${label}</span></span>
    <form method="post">
    <button class="go alt" name="session" value="${uid}" aria-label="End session of ${name}, ${label}">End session</button>
    </form></li>
  `
}
