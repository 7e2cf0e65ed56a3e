import { randomUUID } from 'node:crypto'

const form = /^[A-Za-z0-9._-]{1,64}$/

/** The caller's `x-request-id` where it is well formed, else a new one: a correlation id, no proof. */
export function requestIdFrom(offered: unknown): string {
  return typeof offered === 'string' && form.test(offered) ? offered : randomUUID()
}
