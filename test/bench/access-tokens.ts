import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { issuerName } from './gatehouse.ts'
import { type Server, startServer } from './processes.ts'

export const audience = 'https://api.example.com'

/** An opaque token that the issuer knows. */
export const opaqueToken = 'k3v9Zt7QmX2cVb8NfR5wHs1LpYd6GjUa4TeKo0iBx'

/** An issuer that runs, and tokens of it. */
export interface BenchIssuer extends AsyncDisposable {
  /** What makes a gateway take its tokens. */
  readonly env: Readonly<Record<string, string>>
  readonly publicKey: CryptoKey
  /** That many JWTs, no two alike, each for an hour. */
  sign(count: number): Promise<string[]>
}

export async function startIssuer(port: number): Promise<BenchIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = randomUUID()
  const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig', kid }] }
  const introspected = { ...claimsNow(), active: true, token_type: 'Bearer' }
  const file = new URL('servers/issuer.ts', import.meta.url).pathname
  const args = [file, issuerName, JSON.stringify(keys), JSON.stringify(introspected), `${port}`]
  const server: Server = await startServer(args, port, '/keys')
  const header = { alg: 'RS256', typ: 'JWT', kid }
  const signOne = () => new SignJWT(claimsNow()).setProtectedHeader(header).sign(privateKey)
  return {
    env: { OIDC_INTERNAL_URL: server.origin, AUTH_ALLOWED_AUDIENCES: audience },
    publicKey,
    sign: (count) => Promise.all(Array.from({ length: count }, signOne)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** What Keycloak writes into an access token, for the person that the sessions are of. */
function claimsNow(): JWTPayload {
  const now = Math.floor(Date.now() / 1_000)
  return {
    exp: now + 3_600,
    iat: now,
    auth_time: now - 60,
    jti: `onrtac:${randomUUID()}`,
    iss: issuerName,
    aud: [audience, 'account'],
    sub: '0f9d3c1e-2b4a-4c7d-9e6f-000000000000',
    typ: 'Bearer',
    azp: 'cli',
    sid: randomUUID(),
    acr: '1',
    'allowed-origins': ['https://app.example.com'],
    realm_access: { roles: ['admin', 'user'] },
    resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
    scope: 'openid profile email',
    email_verified: true,
    name: 'User Number 0',
    groups: ['/engineering', '/ops'],
    preferred_username: 'user-0',
    given_name: 'User',
    family_name: 'Number 0',
    email: 'user-0@example.com',
  }
}
