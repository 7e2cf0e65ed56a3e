import { createServer, type Server } from 'node:http'
import { close, listen } from '../../demo/listen.ts'

export interface ProtectedResource extends AsyncDisposable {
  readonly origin: string
  /** Its identifier: `/api` of the origin. */
  readonly url: string
  /** What it answers, by path; may be changed at any time. */
  readonly answers: Map<string, Answer>
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

export const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * An API that answers 401 and says in a challenge where tokens come from (RFC 9728).
 *
 * @param issuer - of its tokens
 */
export async function startProtectedResource(issuer: string): Promise<ProtectedResource> {
  const answers = new Map<string, Answer>()
  const server: Server = createServer((request, response) => {
    const { status = 200, headers = {}, json } = answers.get(request.url ?? '') ?? { status: 404 }
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(json ?? {}))
  })
  const port = await listen(server, 0, '127.0.0.1')
  const origin = `http://127.0.0.1:${port}`
  const url = `${origin}/api`
  const place = `${wellKnown}/api`
  answers.set('/api', challenge(`resource_metadata="${origin}${place}"`))
  answers.set(place, {
    json: {
      resource: url,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
    },
  })
  return { origin, url, answers, [Symbol.asyncDispose]: () => close(server) }
}

/** A 401 with parameters of `WWW-Authenticate: Bearer`. */
export function challenge(parameters: string): Answer {
  return { status: 401, headers: { 'www-authenticate': `Bearer ${parameters}` } }
}
