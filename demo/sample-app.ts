import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { headerPairs } from './header-pairs.ts'
import { close, listen, portFrom } from './listen.ts'
import { document } from './page.ts'
import { homePage, type Link } from './sample-page.ts'

export interface SampleAppOptions {
  /** 0: any free one. */
  readonly port?: number
  readonly host?: string
  /** Where the gateway's pages are, for example `https://auth.example.com`; empty: on this origin. */
  readonly authUrl?: string
  /** Further links on the page. */
  readonly links?: readonly Link[]
}

export interface SampleApp extends AsyncDisposable {
  readonly port: number
  close(): Promise<void>
}

const maxHeaderSize = 64 * 1024

/** An app without any auth code of its own: it shows who the gateway says is asking. */
export async function startSampleApp(options: SampleAppOptions = {}): Promise<SampleApp> {
  const { port = 0, host = '127.0.0.1', authUrl = '', links = [] } = options
  const server = createServer({ maxHeaderSize }, (request, response) => {
    answer(request, response, { authUrl, links })
  })
  server.maxHeadersCount = 0
  const bound = await listen(server, port, host)
  return {
    port: bound,
    close: () => close(server),
    [Symbol.asyncDispose]: () => close(server),
  }
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  settings: { readonly authUrl: string; readonly links: readonly Link[] },
): void {
  const path = (request.url ?? '/').split('?', 1)[0]
  // A body is read and forgotten, so that the connection can carry the next request.
  request.resume()
  const headers = headerPairs(request.rawHeaders)
  if (path === '/health' || path === '/livez') sendJson(response, { status: 'healthy' })
  else if (path === '/headers') sendJson(response, headers)
  else if (request.method === 'GET' || request.method === 'HEAD') {
    const page = document(homePage({ headers, url: request.url ?? '/', ...settings }))
    response.writeHead(200, page.headers).end(page.text)
  } else response.writeHead(405, { allow: 'GET, HEAD' }).end()
}

function sendJson(response: ServerResponse, body: unknown): void {
  response
    .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body))
}

/**
 * The `sample-app` command: `PORT` (8080), `HOST`, `AUTH_URL`; runs until SIGTERM or Ctrl-C. On `OPS_PORT`
 * (9090) it answers the health check of the image, as the gateway does.
 */
export async function main(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const host = env.HOST ?? '0.0.0.0'
  const authUrl = (env.AUTH_URL ?? '').replace(/\/$/, '')
  const app = await startSampleApp({ port: portFrom(env, 'PORT', 8080), host, authUrl })
  const ops = await startSampleApp({ port: portFrom(env, 'OPS_PORT', 9090), host, authUrl })
  process.stdout.write(`The sample app listens on port ${app.port}.\n`)
  const stop = () => void Promise.all([app.close(), ops.close()])
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
