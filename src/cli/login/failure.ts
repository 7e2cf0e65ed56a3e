import * as client from 'openid-client'

/** What ends a command, in words for the person at the terminal. */
export class Failure extends Error {
  override name = 'Failure'
}

/** Makes a failure of whatever went wrong: `what` and the reasons, the nearest first. */
export function failed(what: string, error: unknown): Failure {
  if (error instanceof Failure) return error
  return new Failure(`${what}: ${reasonsOf(error)}`, { cause: error })
}

/** Why, in words that others may have written: cleaned for a terminal. */
export function reasonsOf(error: unknown): string {
  if (
    error instanceof client.AuthorizationResponseError ||
    error instanceof client.ResponseBodyError
  ) {
    const { error: code, error_description: description } = error
    return plain(description ? `${code} (${description})` : code)
  }
  const reasons: string[] = []
  let reason = error
  for (; reason instanceof Error; reason = reason.cause) reasons.push(reason.message)
  if (reason instanceof Response) reasons.push(`${reason.url} answered ${reason.status}`)
  return plain([...new Set(reasons)].join(': ') || String(error))
}

const longest = 500

/**
 * A text of others as a terminal may show it: on one line, cut, and without characters that move the
 * cursor, colour what follows or turn its direction.
 */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .slice(0, longest)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\uFFFD')
}
