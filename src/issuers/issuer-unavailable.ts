/** An issuer's endpoint did not answer, or answered that it cannot now. Nothing is said about the request. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable'
}

/** Whether an error, or what caused it, is an outage of the issuer. */
export function isIssuerUnavailable(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof IssuerUnavailable) return true
  }
  return false
}
