import { cut, type Html, html } from './html.ts'
import { style } from './style.ts'

/** A whole page: one stylesheet, no script, nothing loaded from anywhere. */
export function page(title: string, content: Html): string {
  return html`
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <title>${title}</title>
    <style>${style}</style>
    <main>
    <h1>${title}</h1>
    ${content}
    </main>
  `.text
}

/** Whether a page may be answered at `/validate`: proxies hold such bodies in memory. */
export function isSmall(page: string): boolean {
  return Buffer.byteLength(page) < 4_096
}

/** A text of others, at most 64 characters of it, that cannot reorder what stands around it. */
export function isolate(text: string, max = 64): Html {
  return html`<bdi>${cut(text, max)}</bdi>`
}

/** Longest name of a host (RFC 1035, section 2.3.4) and a port. */
export function hostName(host: string): Html {
  return isolate(host, 259)
}

/** A list of labelled values; those without a value are left out. */
export function facts(values: Readonly<Record<string, Html | undefined>>): Html {
  const rows = Object.entries(values).map(([label, value]) =>
    value === undefined ? html`` : html`<dt>${label}</dt><dd>${value}</dd>`,
  )
  return html`<dl>${rows}</dl>`
}

/** What a page asks for first. `url` is the gateway's own: a path, or absolute http(s). */
export function mainLink(url: string, label: string): Html {
  return html`<a class="go" href="${url}">${label}</a>`
}

/** What a page offers beside that. */
export function otherLink(url: string, label: string): Html {
  return html`<a class="go alt" href="${url}">${label}</a>`
}
