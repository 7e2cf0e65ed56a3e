import { html } from '../../http/pages/html.ts'
import { commonHeaders } from '../../http/pages/page-headers.ts'

/** What the browser shows at the end. The text may be of others: every part is escaped. */
export interface CallbackPage {
  readonly status: number
  readonly title: string
  readonly text: string
}

export const callbackHeaders = {
  'content-type': 'text/html; charset=utf-8',
  ...commonHeaders,
  // The first speaks for all that is loaded; the others do not fall back to it.
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  // Nobody comes again, and an open connection would keep the command from ending.
  connection: 'close',
}

export function renderCallbackPage({ title, text }: CallbackPage): string {
  return html`
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <title>${title}</title>
    <h1>${title}</h1>
    <p>${text}</p>
  `.text
}
