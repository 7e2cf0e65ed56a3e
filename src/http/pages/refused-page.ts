import { type Code, codes } from '../../model/codes.ts'
import { html } from './html.ts'
import { facts, hostName, isolate, isSmall, mainLink, otherLink, page } from './layout.ts'

/** The codes that a page can be refused with; the others send it to sign in, or are for APIs alone. */
export type RefusalCode = Exclude<
  Code,
  'unauthenticated' | 'session_expired' | 'invalid_token' | 'insufficient_user_authentication'
>

export interface Refusal {
  readonly code: RefusalCode
  readonly account?: { readonly label: string } | undefined
  /** The app's host. */
  readonly host?: string | undefined
  readonly decisionId: string
  /** Ends the session and lets the person choose another account; absolute, on `PUBLIC_URL`. */
  readonly switchAccountUrl?: string | undefined
  readonly signOutUrl?: string | undefined
}

/** Where the message of a code speaks to programs. */
const forPeople: Partial<Record<RefusalCode, string>> = {
  bad_forwarded_request:
    'The address can be read in more than one way. If it came from a link, the link may be broken.',
  quota_exceeded: 'You have used what is allowed for now. Try again in a while.',
  internal_error:
    'The request was refused to be safe. Try again; the operator finds the cause by the decision id.',
}

/**
 * The page for a browser whose request does not pass (403, 429, 503, and 400).
 * Under 4,096 bytes: links that do not fit are left out, `switchAccountUrl` first.
 */
export function refusedPage(refusal: Refusal): string {
  const { switchAccountUrl, ...withoutSwitch } = refusal
  const { signOutUrl, ...withoutLinks } = withoutSwitch
  for (const shown of [refusal, withoutSwitch]) {
    const text = render(shown)
    if (isSmall(text)) return text
  }
  return render(withoutLinks)
}

function render({ code, account, host, decisionId, ...links }: Refusal): string {
  const { status, title, message } = codes[code]
  const { switchAccountUrl, signOutUrl } = links
  const passes = status === 429 || status === 503
  return page(
    title,
    html`
      <p>${forPeople[code] ?? message}</p>
      ${passes ? mainLink('', 'Try again') : undefined}
      ${switchAccountUrl && (passes ? otherLink : mainLink)(switchAccountUrl, 'Use another account')}
      ${signOutUrl && otherLink(signOutUrl, 'Sign out')}
      ${facts({
        Account: account && isolate(account.label),
        App: host === undefined ? undefined : hostName(host),
        Reason: html`${status} ${code}`,
        Decision: isolate(decisionId),
      })}
    `,
  )
}
