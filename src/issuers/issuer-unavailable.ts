/** An issuer's endpoint did not answer, or answered that it cannot now. Nothing is said about the request. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable'
  /** When the endpoint is asked again, where that is known. */
  readonly retryAfterSec: number | undefined

  constructor(
    message: string,
    { retryAfterSec, ...options }: ErrorOptions & { retryAfterSec?: number | undefined } = {},
  ) {
    super(message, options)
    this.retryAfterSec = retryAfterSec
  }
}

/** The outage of the issuer that an error is, or that caused it. */
export function outageOf(error: unknown): IssuerUnavailable | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof IssuerUnavailable) return e
  }
  return
}

/** Whether an error, or what caused it, is an outage of the issuer. */
export function isIssuerUnavailable(error: unknown): boolean {
  return outageOf(error) !== undefined
}
