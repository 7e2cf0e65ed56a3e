import { html } from './html.ts'
import { facts, isolate, mainLink, page } from './layout.ts'

/** Asks before signing out, where a link alone does not prove that the person meant it. */
export function logoutConfirmPage(input: {
  /** Where the form is posted: the gateway's logout route. */
  readonly action: string
  readonly returnTo?: string | undefined
  readonly account?: { readonly label: string } | undefined
}): string {
  const { action, returnTo, account } = input
  return page(
    'Sign out?',
    html`
      <p>This ends your session in every app behind this gateway. If you did not ask for it, close this page: you stay signed in.</p>
      <form method="post" action="${action}">
      ${returnTo === undefined ? undefined : html`<input type="hidden" name="return_to" value="${returnTo}">`}
      <button class="go">Sign out</button>
      </form>
      ${account && facts({ Account: isolate(account.label) })}
    `,
  )
}

/** The landing page after sign-out. */
export function loggedOutPage(input: { readonly signInUrl?: string | undefined }): string {
  return page(
    'You are signed out',
    html`
      <p>Your session has ended. On a shared computer, close the browser as well.</p>
      ${input.signInUrl && mainLink(input.signInUrl, 'Sign in again')}
    `,
  )
}
