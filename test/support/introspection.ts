import type { TestGateway } from './gateway.ts'

/** Where the provider is asked about tokens. */
export const introspectionPath = '/token/introspection'

/** The opaque access token of a real sign-in. */
export async function opaqueToken({ idp, signIn }: TestGateway): Promise<string> {
  let found: unknown
  idp.alter = (at, body) => {
    if (at === '/token') found = body.access_token
    return body
  }
  await signIn()
  idp.alter = undefined
  return String(found)
}

/** The provider answers about every token like this, also about JWTs, which it does not know itself. */
export function answerAboutTokens(
  { idp }: TestGateway,
  body: unknown,
  { status = 200, type = 'application/json' } = {},
): void {
  idp.intercept = ({ url }, response) => {
    if (url !== introspectionPath) return 'pass'
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': type }).end(text)
    return 'handled'
  }
}
