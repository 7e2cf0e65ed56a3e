import { html } from './html.ts'
import { facts, hostName, mainLink, page } from './layout.ts'

/** Lets a person choose where to sign in. */
export function chooserPage(input: {
  /** URLs are the gateway's own, each starting a sign-in. */
  readonly choices: readonly { readonly label: string; readonly url: string }[]
  /** Host of the app. */
  readonly host: string
}): string {
  return page(
    'Sign in',
    html`
      <p>Choose the account to sign in with.</p>
      ${input.choices.map(({ label, url }) => mainLink(url, label))}
      ${facts({ App: hostName(input.host) })}
    `,
  )
}
