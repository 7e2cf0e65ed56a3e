import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CallbackPage, callbackHeaders, renderCallbackPage } from './callback-page.ts'
import { failed } from './failure.ts'

export interface Loopback extends AsyncDisposable {
  readonly redirectUri: URL
}

export interface LoopbackOptions {
  /** 0: any free one. */
  readonly port: number
  readonly path: string
  /** Takes the query of a callback; resolves with the page that answers it. */
  readonly take: (query: URLSearchParams) => Promise<CallbackPage>
}

/**
 * Listens on 127.0.0.1 for the browser that comes back from the issuer (RFC 8252 section 7.3), until
 * disposed: pages that are on their way arrive.
 *
 * @throws Failure where the port is taken
 */
export async function openLoopback({ port, path, take }: LoopbackOptions): Promise<Loopback> {
  const answering = new Set<Promise<unknown>>()
  const server = createServer((request, response) => {
    const answer = answerTo(request, { path, take })
      .then((page) => send(response, page))
      .catch(() => response.destroy())
      .finally(() => answering.delete(answer))
    answering.add(answer)
  })
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    throw failed(`the port ${port} cannot be used`, error)
  }
  const { port: bound } = server.address() as AddressInfo
  return {
    redirectUri: new URL(`http://127.0.0.1:${bound}${path}`),
    async [Symbol.asyncDispose]() {
      server.close()
      await Promise.all(answering)
      server.closeAllConnections()
    },
  }
}

async function answerTo(
  request: IncomingMessage,
  { path, take }: Pick<LoopbackOptions, 'path' | 'take'>,
): Promise<CallbackPage> {
  const [asked, query = ''] = (request.url ?? '').split(/\?(.*)/s)
  if (request.method !== 'GET' || asked !== path)
    return { status: 404, title: 'Not found', text: 'Nothing is here.' }
  return take(new URLSearchParams(query))
}

async function send(response: ServerResponse, page: CallbackPage): Promise<void> {
  response.writeHead(page.status, callbackHeaders)
  await new Promise<void>((resolve) =>
    response.once('close', resolve).end(renderCallbackPage(page)),
  )
}
