import { html } from './html.ts'
import { facts, hostName, isSmall, otherLink, page } from './layout.ts'

/**
 * The 401 page inside a frame: providers refuse to be framed, so sign-in opens in a new tab.
 * Under 4,096 bytes: of a `loginUrl` that does not fit, the query is left out. Send it with
 * `framePageHeaders`.
 */
export function framePage(input: { readonly loginUrl: string; readonly host: string }): string {
  const text = render(input)
  if (isSmall(text)) return text
  return render({ ...input, loginUrl: input.loginUrl.replace(/\?.*/s, '') })
}

function render({ loginUrl, host }: { readonly loginUrl: string; readonly host: string }): string {
  return page(
    'Sign in to continue',
    html`
      <p>This part of the page needs you to sign in. Sign-in opens in a new tab; come back here afterwards and reload.</p>
      <a class="go" href="${loginUrl}" target="_blank" rel="noopener">Sign in (new tab)</a>
      ${otherLink('', 'Reload')}
      ${facts({ App: hostName(host) })}
    `,
  )
}
