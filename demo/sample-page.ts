import { type Html, html } from '../src/http/pages/html.ts'
import { identityHeaderNames } from '../src/model/header-names.ts'
import type { HeaderPair } from './header-pairs.ts'
import type { Page } from './page.ts'

export interface Link {
  readonly label: string
  readonly href: string
}

export interface HomePageOptions {
  readonly headers: readonly HeaderPair[]
  /** Path and query asked for. */
  readonly url: string
  /** Empty: the gateway's pages are on this origin. */
  readonly authUrl: string
  readonly links: readonly Link[]
}

/** Ticks by itself and asks the gateway now and then; the app is as safe without it. */
const countdown = `
const place = document.getElementById('countdown')
let end
const show = () => {
  if (end === undefined) return
  const left = Math.max(0, Math.round((end - Date.now()) / 1000))
  const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60]
  place.textContent = 'Your session ends in ' + parts.map((n) => String(n).padStart(2, '0')).join(':')
  if (left === 0) ask()
}
const ask = async () => {
  const answer = await fetch('/auth/session', { headers: { accept: 'application/json' } }).catch(() => undefined)
  if (answer?.ok) {
    end = Date.now() + (await answer.json()).seconds_remaining * 1000
    show()
  } else if (answer?.status === 401) {
    end = undefined
    place.textContent = 'Your session has ended: the next click signs you in again.'
  }
}
ask()
setInterval(show, 1000)
setInterval(() => { if (!document.hidden) ask() }, 15000)
document.addEventListener('visibilitychange', () => { if (!document.hidden) ask() })
`

/** Greets whoever the identity headers name and shows the headers. */
export function homePage({ headers, url, authUrl, links }: HomePageOptions): Page {
  const value = (name: string) => headers.find(([key]) => key === name)?.[1] ?? ''
  const name = decode(value('x-user-name') || value('x-username'))
  const kind = value('x-auth-kind')
  const counted = kind === 'user' && authUrl === ''
  return {
    title: 'Sample app',
    wide: true,
    ...(counted && { script: countdown }),
    content: html`
      <h1>${kind === 'user' ? `Hello, ${name}` : 'Hello'}</h1>
      ${situation(kind)}
      ${counted ? html`<p id="countdown" role="timer">Your session is good for now.</p>` : undefined}
      <p class="row">
      <a class="go" href="${authUrl}/auth/">Your account</a>
      <a class="go alt" href="${authUrl}/auth/logout">Sign out</a>
      ${links.map(({ label, href }) => html`<a class="go alt" href="${href}">${label}</a>`)}
      </p>
      <p class="soft">This app has no sign-in code of its own. You asked it for <code>${url}</code>.</p>
      <h2 id="identity">What the gateway told the app about you</h2>
      <table aria-labelledby="identity">
      <thead><tr><th scope="col">Header</th><th scope="col">Decoded</th><th scope="col">As received</th></tr></thead>
      <tbody>${identityHeaderNames.map((header) => identityRow(header, headers))}</tbody>
      </table>
      <details><summary>All other request headers</summary>
      <table>
      <thead><tr><th scope="col">Header</th><th scope="col">As received</th></tr></thead>
      <tbody>${headers.filter(([key]) => !identityNames.has(key)).map(otherRow)}</tbody>
      </table></details>
      <p class="soft">The same as JSON: <a href="/headers">/headers</a></p>
    `,
  }
}

function situation(kind: string): Html {
  switch (kind) {
    case 'user':
      return html`<p>You are signed in.</p>`
    case 'service':
      return html`<p>A service is asking.</p>`
    case 'anonymous':
      return html`<p>Nobody is signed in: the rules let this request pass.</p>`
    default:
      return html`<p class="note">This request did not come through the gateway: it has no identity headers.</p>`
  }
}

const identityNames: ReadonlySet<string> = new Set(identityHeaderNames)

/** Their items are encoded one by one, and their commas are not part of any. */
const listNames: ReadonlySet<string> = new Set([
  'x-user-roles',
  'x-user-groups',
  'x-service-roles',
  'x-auth-truncated',
])

function identityRow(header: string, headers: readonly HeaderPair[]): Html {
  const values = headers.filter(([name]) => name === header).map(([, value]) => value)
  const items = values.flatMap((value) => (listNames.has(header) ? value.split(',') : [value]))
  const raw = values.join(' | ')
  const shown =
    raw === ''
      ? html`<td><span class="soft">${values.length > 0 ? 'empty' : 'absent'}</span></td><td></td>`
      : html`<td>${items.map(decode).join(' · ')}</td><td><code>${raw}</code></td>`
  return html`<tr><th scope="row"><code>${header}</code></th>${shown}</tr>`
}

function otherRow([name, value]: HeaderPair): Html {
  const secret = name === 'cookie' || name === 'authorization'
  const shown = secret ? `${value.length} characters, not shown` : value
  return html`<tr><th scope="row"><code>${name}</code></th><td><code>${shown}</code></td></tr>`
}

/** The value as the gateway meant it; as received where it is no percent-encoding. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
