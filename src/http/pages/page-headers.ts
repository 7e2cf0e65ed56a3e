import { styleSource } from './style.ts'

/** Headers of an answer by name, in lower case. */
export type Headers = Readonly<Record<string, string>>

/** Headers of every answer of the gateway, page or not. */
export const commonHeaders: Headers = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

const noFrame: Headers = { 'x-frame-options': 'DENY' }

function headers(policy: { formAction: string; frameAncestors: string }): Headers {
  return {
    'content-type': 'text/html; charset=utf-8',
    ...commonHeaders,
    'content-security-policy': [
      "default-src 'none'",
      `style-src ${styleSource}`,
      `form-action ${policy.formAction}`,
      `frame-ancestors ${policy.frameAncestors}`,
      "base-uri 'none'",
    ].join('; '),
  }
}

/** For every page without a form: refusals, errors, the page after sign-out. */
export const pageHeaders: Headers = {
  ...headers({ formAction: "'none'", frameAncestors: "'none'" }),
  ...noFrame,
}

/** For `framePage`, which is there to be seen in another page's frame: it says nothing of anyone. */
export const framePageHeaders: Headers = headers({ formAction: "'none'", frameAncestors: '*' })

/**
 * For pages with buttons that act. Under `no-referrer` a browser posts a form with `Origin: null`,
 * which the CSRF check refuses.
 */
const acting: Headers = {
  ...noFrame,
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** For `accountPage`: its forms end on the gateway's own pages. */
export const accountPageHeaders: Headers = {
  ...headers({ formAction: "'self'", frameAncestors: "'none'" }),
  ...acting,
}

/**
 * For `logoutConfirmPage`. Chromium and Safari hold `form-action` against every redirect that follows
 * a form, and which hosts a provider's sign-out passes through is not known here.
 */
export const logoutConfirmPageHeaders: Headers = {
  ...headers({ formAction: 'http: https:', frameAncestors: "'none'" }),
  ...acting,
}
