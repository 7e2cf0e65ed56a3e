import type { KoaContextWithOIDC } from 'oidc-provider'
import { Html, html } from '../../src/http/pages/html.ts'
import { document, type Page } from '../page.ts'
import type { User } from './users.ts'

/** The part of a Koa context that a page needs. */
export interface PageTarget {
  body: unknown
  set(headers: Record<string, string>): void
}

const providerName = 'Demo identity provider'

export function sendPage(target: PageTarget, page: Page): void {
  const { headers, text } = document({ ...page, title: `${page.title} · ${providerName}` })
  target.set(headers)
  target.body = text
}

export interface Choice {
  readonly users: readonly User[]
  readonly current: User | undefined
  /** Name of the client that asks. */
  readonly client: string
}

/** Where somebody chooses who to be. */
export function choosePage(target: PageTarget, { users, current, client }: Choice): void {
  sendPage(target, {
    title: 'Sign in',
    content: html`
      <h1>Who are you?</h1>
      <p>Choose an account to sign in to <strong>${client}</strong>.</p>
      <p class="note">This is the ${providerName.toLowerCase()}: there are no passwords. Anyone who reaches it can sign in as anyone.</p>
      <form method="post">
      <ul class="list">${users.map((user) => userChoice(user, user === current))}</ul>
      <button class="go alt" name="cancel" value="yes">Cancel</button>
      </form>
    `,
  })
}

function userChoice({ id, name, username, email }: User, current: boolean): Html {
  return html`
    <li><button class="go choice" name="user" value="${id}">
    <strong>${name}</strong>
    <span class="soft">${username} · ${email}</span>
    ${current ? html`<span class="soft">Signed in now</span>` : undefined}
    </button></li>
  `
}

/** Asks somebody whom no valid hint names; `form` is the library's, without a button. */
export function signOutPage(ctx: KoaContextWithOIDC, form: string): void {
  sendPage(ctx, {
    title: 'Sign out',
    content: html`
      <h1>Sign out?</h1>
      <p>This ends your session at the ${providerName.toLowerCase()}.</p>
      ${new Html(form)}
      <button class="go" form="op.logoutForm" name="logout" value="yes">Sign out</button>
    `,
  })
}

export function signedOutPage(ctx: KoaContextWithOIDC): void {
  sendPage(ctx, {
    title: 'Signed out',
    content: html`
      <h1>You are signed out</h1>
      <p>Your session at the ${providerName.toLowerCase()} has ended.</p>
    `,
  })
}

export interface ProviderError {
  readonly error: string
  readonly error_description?: string | undefined
}

export function errorPage(target: PageTarget, { error, error_description }: ProviderError): void {
  sendPage(target, {
    title: 'Error',
    content: html`
      <h1>That did not work</h1>
      <p>${error_description ?? 'The identity provider could not answer this request.'}</p>
      <p class="soft"><code>${error}</code></p>
    `,
  })
}
