import { createHash } from 'node:crypto'
import { Html, html } from '../src/http/pages/html.ts'
import { style as gatewayStyle } from '../src/http/pages/style.ts'

/** The gateway's own look, and what the demo's larger pages need besides. */
const style = html`
  ${gatewayStyle}
  main.wide{max-width:52rem}
  .note{padding:.6rem .9rem;border:1px solid var(--line);border-left:4px solid var(--act);border-radius:8px;font-size:.9375rem}
  .soft{color:var(--soft);font-size:.9375rem}
  .list{padding:0;list-style:none;display:grid;gap:.6rem}
  .row{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center}
  .row .go{width:auto;margin:0}
  .split{justify-content:space-between;padding:.6rem 0;border-top:1px solid var(--line)}
  .choice{margin:0;text-align:left;color:var(--text);background:0 0;font-weight:400;border-color:var(--line)}
  .choice:hover{border-color:var(--act)}
  .choice strong,.choice span{display:block}
  table{width:100%;border-collapse:collapse;font-size:.9375rem}
  th,td{padding:.45rem .75rem .45rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
  th{font-weight:600}
  thead th{color:var(--soft)}
  th code{white-space:nowrap}
  td code{color:var(--soft)}
  code{font:.875rem/1.6 ui-monospace,monospace}
  details{margin:1.5rem 0}
  summary{cursor:pointer;font-weight:600}
  @media(max-width:40rem){
    body{padding-top:2vh}
    main{padding:1.25rem}
    thead{position:absolute;clip-path:inset(50%)}
    tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
    th,td{display:block;padding:0;border:0}
    td:empty{display:none}
  }
`

export interface Page {
  readonly title: string
  readonly content: Html
  /** For tables. */
  readonly wide?: boolean
  /** Runs in the page; its hash is all that the policy admits. */
  readonly script?: string
}

/** A whole document and its headers: nothing loaded from anywhere, nothing run but `script`. */
export function document({ title, content, wide, script }: Page) {
  const { text } = html`
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <title>${title}</title>
    <style>${style}</style>
    <main${wide ? html` class="wide"` : undefined}>${content}</main>
    ${script === undefined ? undefined : html`<script>${new Html(script)}</script>`}
  `
  // No form-action: browsers hold it against every redirect after a form, and a sign-in ends elsewhere.
  const policy = [
    "default-src 'none'",
    `style-src ${hash(style.text)}`,
    ...(script === undefined ? [] : [`script-src ${hash(script)}`, "connect-src 'self'"]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  }
  return { headers, text }
}

function hash(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
}
