/** How an issuer is named, and where it is reached. */
export interface IssuerAddress {
  readonly issuer: string
  /** Origin that takes the place of the issuer's for server-side calls. */
  readonly internalOrigin?: string | undefined
}

/**
 * Says which addresses may be endpoints of an issuer: https, and plain http only on the origin of an
 * issuer that is http itself and on the internal origin that an operator named. Whatever else its
 * metadata names would be called in the clear.
 */
export function endpointRule({ issuer, internalOrigin }: IssuerAddress): (url: URL) => boolean {
  const plain = new Set([new URL(issuer).origin, internalOrigin])
  return ({ protocol, origin }) =>
    protocol === 'https:' || (protocol === 'http:' && plain.has(origin))
}
