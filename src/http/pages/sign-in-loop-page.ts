import { html } from './html.ts'
import { facts, hostName, isolate, page } from './layout.ts'

/** The page that stops a sign-in which succeeds again and again while the app never sees the cookie. */
export function signInLoopPage(input: {
  /** The app's host, where the session cookie does not arrive. */
  readonly host: string
  /** Host of the gateway's pages, where it was set. */
  readonly authHost: string
  readonly requestId: string
}): string {
  const app = hostName(input.host)
  const gateway = hostName(input.authHost)
  return page(
    'The sign-in does not reach the app',
    html`
      <p>You are signed in at ${gateway}, but the session cookie does not arrive at ${app}. To stop an endless loop, the sign-in ends here.</p>
      <p>Allow cookies for both addresses. If they are allowed, the operator should check:</p>
      <ul>
      <li><code>COOKIE_DOMAIN</code> is a domain that both hosts are under.</li>
      <li>Both hosts are opened with the scheme of <code>PUBLIC_URL</code>: a cookie set over https is not sent over http.</li>
      <li>The proxy passes the <code>Cookie</code> header on to the gateway, and nothing in between removes <code>Set-Cookie</code>.</li>
      </ul>
      ${facts({ App: app, Gateway: gateway, Request: isolate(input.requestId) })}
    `,
  )
}
