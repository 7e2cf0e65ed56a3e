import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { HeaderPair } from './header-pairs.ts'

/** A server that the proxy passes requests to. */
export interface Upstream {
  readonly origin: URL
  readonly agent: Agent
  /** How long it may take to begin its answer. */
  readonly timeoutMs: number
  readonly maxHeaderSize: number
}

export interface Outgoing {
  readonly method: string
  readonly path: string
  /** All of them, `Host` included. */
  readonly headers: readonly HeaderPair[]
  /** Passed on while it arrives. */
  readonly body?: IncomingMessage
}

export class UpstreamTimeout extends Error {}

/**
 * Sends a request and resolves with the head of its answer; rejects where the upstream cannot be
 * reached or takes too long. Everything is dropped as soon as the client is gone.
 */
export function ask(
  to: Upstream,
  client: ServerResponse,
  { method, path, headers, body }: Outgoing,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: to.origin.hostname,
      port: to.origin.port,
      agent: to.agent,
      maxHeaderSize: to.maxHeaderSize,
      method,
      path,
      headers: headers.flat(),
    })
    const timer = setTimeout(() => outgoing.destroy(new UpstreamTimeout()), to.timeoutMs)
    outgoing.once('response', (answer) => {
      clearTimeout(timer)
      resolve(answer)
    })
    outgoing.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    client.once('close', () => {
      if (!client.writableFinished) outgoing.destroy()
    })
    send(outgoing, body)
  })
}

function send(outgoing: ClientRequest, body: IncomingMessage | undefined): void {
  if (!body) {
    outgoing.end()
    return
  }
  body.on('error', () => outgoing.destroy())
  body.pipe(outgoing)
}
