/**
 * Every refusal a client can see: its status, its title, what the client is told to do, and the word
 * of RFC 6750 section 3.1 where there is one.
 */
export const codes = {
  bad_forwarded_request: {
    status: 400,
    title: 'The request cannot be read clearly',
    message:
      'Part of the request is missing, doubled or ambiguous. Send it again without unusual headers.',
  },
  conflicting_credentials: {
    status: 400,
    title: 'The request carries contradicting credentials',
    message:
      'Send one credential at most: a token, an API key, or one session cookie. In a browser, clear the cookies of this site.',
  },
  bad_request: {
    status: 400,
    title: 'The request cannot be read',
    message: 'A parameter is missing, doubled or not acceptable here.',
  },
  unauthenticated: {
    status: 401,
    title: 'Sign in to continue',
    message: 'Sign in at login_url, or send a credential.',
    error: 'unauthorized',
  },
  session_expired: {
    status: 401,
    title: 'Your session has ended',
    message: 'Sign in again at login_url.',
    error: 'unauthorized',
  },
  invalid_token: {
    status: 401,
    title: 'The access token or API key is not valid here',
    message: 'Send a live access token made for this service, or a live API key of it.',
    error: 'invalid_token',
  },
  insufficient_user_authentication: {
    status: 401,
    title: 'Sign in again to continue',
    message: 'This app asks for a stronger or more recent sign-in. Sign in again at login_url.',
    error: 'insufficient_user_authentication',
  },
  forbidden: {
    status: 403,
    title: 'You may not open this',
    message:
      'Your account lacks the right to open this. Use another account, or ask the operator with the decision id.',
  },
  insufficient_scope: {
    status: 403,
    title: 'The access token lacks a scope',
    message: 'Ask the authorization server for a token with the scopes named in WWW-Authenticate.',
    error: 'insufficient_scope',
  },
  wrong_identity_kind: {
    status: 403,
    title: 'Not open to this kind of caller',
    message: 'This is open either to people or to services, and you are the other kind.',
  },
  untrusted_proxy: {
    status: 403,
    title: 'The proxy is not trusted',
    message:
      'The gateway does not trust the address that asks. Its log names the setting that would.',
  },
  unknown_host: {
    status: 403,
    title: 'Unknown host',
    message: 'The gateway does not answer for this host. Its log names the setting that would.',
  },
  own_route: {
    status: 403,
    title: 'This path belongs to the gateway',
    message: "Route the gateway's own paths to the gateway, without the forward-auth check.",
  },
  csrf: {
    status: 403,
    title: 'The request comes from another site',
    message: 'Only pages of this site may send this request with your session.',
  },
  quota_exceeded: {
    status: 429,
    title: 'Too many requests',
    message: 'Wait for the time in Retry-After.',
  },
  idp_unavailable: {
    status: 503,
    title: 'The sign-in service does not answer',
    message: 'Nothing is lost. Try again in a moment.',
  },
  store_unavailable: {
    status: 503,
    title: 'Sessions cannot be read right now',
    message: 'Nothing is lost and you stay signed in. Try again in a moment.',
  },
  internal_error: {
    status: 503,
    title: 'Something went wrong',
    message:
      'The request was refused to be safe. Try again; the operator finds the cause by the request id.',
  },
} as const satisfies Record<
  string,
  { status: number; title: string; message: string; error?: string }
>

export type Code = keyof typeof codes

/** The `error` member of an answer: the RFC 6750 word where there is one, else the code. */
export function errorWord(code: Code): string {
  const entry: { status: number; error?: string } = codes[code]
  return entry.error ?? code
}
