import { html } from './html.ts'
import { facts, hostName, isolate, mainLink, otherLink, page } from './layout.ts'

interface Explanation {
  readonly title: string
  readonly happened: string
  readonly advice: string
}

const askOperator = 'If it happens again, tell the operator, with the code below.'

const explanations = {
  missing_code_or_state: {
    title: 'The sign-in is incomplete',
    happened: 'The sign-in service sent you back without what completes a sign-in.',
    advice: 'This happens when the page is opened from a bookmark or the history. Start again.',
  },
  invalid_state: {
    title: 'This sign-in can no longer be used',
    happened: 'It is more than ten minutes old, was used before, or began in another browser.',
    advice: 'Start again in this browser. Cookies must be allowed for this site.',
  },
  token_exchange_failed: {
    title: 'The sign-in could not be completed',
    happened: 'The sign-in service did not confirm the sign-in.',
    advice: `Start again. ${askOperator}`,
  },
  invalid_token_payload: {
    title: 'The sign-in could not be verified',
    happened: 'What the sign-in service sent is incomplete or cannot be trusted.',
    advice: `Start again. ${askOperator}`,
  },
  mismatched_token_sub: {
    title: 'The sign-in could not be verified',
    happened: 'What the sign-in service sent speaks of two different accounts.',
    advice: `Start again. ${askOperator}`,
  },
  access_denied: {
    title: 'The sign-in was cancelled',
    happened: 'You, or the sign-in service, declined it.',
    advice: 'Start again if you want to sign in.',
  },
  not_allowed: {
    title: 'This account has no access',
    happened: 'You signed in, but this account is not among those admitted here.',
    advice: 'Use another account, or ask the operator for access.',
  },
  login_required: {
    title: 'You are not signed in yet',
    happened: 'The sign-in service needs you to sign in there first.',
    advice: 'Start again and enter your credentials when asked.',
  },
  idp_error: {
    title: 'The sign-in service reported an error',
    happened: 'It ended the sign-in without completing it.',
    advice: `Start again. ${askOperator}`,
  },
  idp_unavailable: {
    title: 'The sign-in service does not answer',
    happened: 'Nobody can sign in for the moment. Whoever is signed in stays signed in.',
    advice: 'Wait a little, then start again.',
  },
} as const satisfies Record<string, Explanation>

/** Why a sign-in failed at the callback. */
export type CallbackErrorCode = keyof typeof explanations

export const callbackErrorCodes = Object.keys(explanations) as readonly CallbackErrorCode[]

/**
 * The page of a sign-in that failed. All of its text is the gateway's: nothing that the provider or
 * the URL said is shown.
 */
export function callbackErrorPage(input: {
  readonly code: CallbackErrorCode
  readonly requestId: string
  /** Starts the sign-in again; for `not_allowed` it should let the person choose an account. */
  readonly retryUrl: string
  /** Who was turned away, from which app, and how to sign out at the provider. */
  readonly account?: { readonly label: string }
  readonly host?: string
  readonly decisionId?: string
  readonly signOutUrl?: string
}): string {
  const { account, host, decisionId, signOutUrl } = input
  const { title, happened, advice } = explanations[input.code]
  return page(
    title,
    html`
      <p>${happened}</p>
      <p>${advice}</p>
      ${mainLink(input.retryUrl, input.code === 'not_allowed' ? 'Use another account' : 'Try again')}
      ${signOutUrl && otherLink(signOutUrl, 'Sign out')}
      ${facts({
        Account: account && isolate(account.label),
        App: host === undefined ? undefined : hostName(host),
        Reason: html`${input.code}`,
        Decision: decisionId === undefined ? undefined : isolate(decisionId),
        Request: isolate(input.requestId),
      })}
    `,
  )
}
