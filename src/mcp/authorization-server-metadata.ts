import type { IssuerAddress } from '../issuers/endpoints.ts'

type Metadata = Readonly<Record<string, unknown>>

/**
 * The metadata of an issuer for clients that look for it on the resource's host (protocol version
 * 2025-03-26). It says what the issuer says, `issuer` included, but for two things: addresses at the
 * internal origin become those that clients reach, and clients register by way of the gateway, or not at
 * all. Whatever the issuer does not announce, as `client_id_metadata_document_supported`, stays away.
 *
 * @param registrationEndpoint - of the gateway, where clients may register
 */
export function publicMetadata(
  metadata: Metadata,
  { issuer, internalOrigin }: IssuerAddress,
  registrationEndpoint: string | undefined,
): Metadata {
  const { origin } = new URL(issuer)
  const outside = (value: unknown): unknown => {
    if (typeof value === 'string') return publicUrl(value, internalOrigin, origin)
    if (Array.isArray(value)) return value.map(outside)
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, outside(item)]))
      : value
  }
  const { registration_endpoint: registration, ...others } = metadata
  return {
    ...(outside(others) as Metadata),
    ...(registration !== undefined &&
      registrationEndpoint !== undefined && { registration_endpoint: registrationEndpoint }),
  }
}

function publicUrl(text: string, internalOrigin: string | undefined, origin: string): string {
  if (internalOrigin === undefined || URL.parse(text)?.origin !== internalOrigin) return text
  return origin + text.slice(internalOrigin.length)
}
