import type { Identity } from '../../model/identity.ts'
import { browserName } from './browser-name.ts'
import { type Html, html } from './html.ts'
import { facts, isolate, mainLink, page } from './layout.ts'

/** Another session of the same person. Times are milliseconds since the epoch. */
interface OtherSession {
  readonly publicId: string
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly userAgent: string
}

export interface Account {
  readonly identity: Identity
  readonly providerLabel: string
  /** Of this browser. Times are milliseconds since the epoch. */
  readonly session: {
    readonly publicId: string
    readonly createdAt: number
    readonly endsAt: number
  }
  readonly others: readonly OtherSession[]
  /** Paths of the gateway's routes: `end` takes `id` or `all=true` by POST, `logout` is a link. */
  readonly actions: { readonly end: string; readonly logout: string }
}

/**
 * Who you are, when the session ends, and where else you are signed in.
 * Sign-out is a link, so that the page needs no form that ends at another host.
 */
export function accountPage({
  identity,
  providerLabel,
  session,
  others,
  actions,
}: Account): string {
  return page(
    'Your account',
    html`
      ${facts({
        Name: some(identity.name),
        Username: some(identity.username),
        'E-mail': some(identity.email),
        Roles: list(identity.roles),
        Groups: list(identity.groups),
        'Signed in with': some(providerLabel),
        'Signed in': time(session.createdAt),
        'Session ends': time(session.endsAt),
        'Session id': isolate(session.publicId),
      })}
      ${mainLink(actions.logout, 'Sign out')}
      <h2>Other sessions</h2>
      ${others.length === 0 ? html`<p>You are signed in nowhere else.</p>` : otherSessions(others, actions.end)}
    `,
  )
}

function otherSessions(sessions: readonly OtherSession[], action: string): Html {
  const entries = sessions.map((session) => {
    const browser = browserName(session.userAgent)
    return html`
      <li>
<div>${isolate(browser)}<br><small>Last used ${time(session.lastUsedAt)}<br>Signed in ${time(session.createdAt)}</small></div>
      <form method="post" action="${action}">
      <input type="hidden" name="id" value="${session.publicId}">
      <button class="go alt" aria-label="Sign out ${browser}">Sign out</button>
      </form>
      </li>
    `
  })
  return html`
    <ol>${entries}</ol>
    <form method="post" action="${action}">
    <input type="hidden" name="all" value="true">
    <button class="go alt">Sign out everywhere</button>
    </form>
  `
}

function some(text: string): Html | undefined {
  return text === '' ? undefined : isolate(text)
}

const listed = 50

/** Names, comma-separated; the first fifty. */
function list(names: readonly string[]): Html | undefined {
  if (names.length === 0) return
  const shown = names.slice(0, listed).map((name, i) => html`${i > 0 ? ', ' : ''}${isolate(name)}`)
  const more = names.length - listed
  return html`${shown}${more > 0 ? ` and ${more} more` : ''}`
}

const readable = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
})

function time(ms: number): Html {
  const date = new Date(ms)
  return html`<time datetime="${date.toISOString()}">${readable.format(date)} UTC</time>`
}
