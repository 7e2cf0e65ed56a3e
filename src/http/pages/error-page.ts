import { html } from './html.ts'
import { facts, isolate, page } from './layout.ts'

/** Any other failure on the gateway's own routes. */
export function errorPage(input: {
  readonly status: number
  readonly title: string
  /** What to do; the gateway's own words. */
  readonly message: string
  readonly requestId: string
}): string {
  return page(
    input.title,
    html`
      <p>${input.message}</p>
      ${facts({ Status: html`${input.status}`, Request: isolate(input.requestId) })}
    `,
  )
}
