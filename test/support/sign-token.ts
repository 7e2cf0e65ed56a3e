import { importJWK, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'

/**
 * A JWT with exactly these claims, signed with a private key of the provider or any other; an `oct`
 * key signs with HMAC. `header` adds to the key's `alg` and `kid`, and undefined leaves one out.
 */
export async function signToken(
  key: JWK,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const { alg = 'RS256', kid } = key
  const crit = Object.fromEntries((header.crit ?? []).map((name) => [name, true]))
  return new SignJWT(claims)
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
    .sign(await importJWK(key, header.alg ?? alg), { crit })
}

/** The same claims without a signature (RFC 7519 section 6). */
export function unsignedToken(claims: JWTPayload, alg = 'none'): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg })}.${part(claims)}.`
}
