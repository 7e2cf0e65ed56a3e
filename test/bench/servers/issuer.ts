import { createServer } from 'node:http'

/**
 * An issuer as far as access tokens need one: metadata, keys, and the same answer about every token that
 * it is asked about. Arguments: its name, its key set, what it says of tokens, its port.
 */
const [issuer = '', keys = '', introspected = '', port] = process.argv.slice(2)
const metadata = JSON.stringify({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  introspection_endpoint: `${issuer}/introspect`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
})
const answers: Record<string, string> = {
  '/.well-known/openid-configuration': metadata,
  '/keys': keys,
  '/introspect': introspected,
}
const server = createServer((request, response) => {
  const body = answers[request.url ?? '']
  request.resume()
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(body)
})
server.listen(Number(port), '127.0.0.1')
