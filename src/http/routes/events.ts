import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { codes } from '../../model/codes.ts'
import { plainAddress } from '../../proxies/trusted-peers.ts'
import type { Events } from '../../telemetry/events.ts'
import { problemOf } from '../../validate/reply.ts'
import type { EventReaders } from '../event-readers.ts'
import { type OperatorFault, operatorCheck } from '../operator-check.ts'

const heartbeatMs = 15_000

/** What the feed is made of; absent where there is no operators' token. */
export interface Feed {
  readonly readers: EventReaders
  /** Any of them opens it. */
  readonly tokens: readonly string[]
  readonly events: Events
}

/** `GET /events` of the operators' listener: sessions that end, as they do, for who can cut connections. */
export async function eventRoutes(
  app: FastifyInstance,
  { feed: { readers, tokens, events } }: { feed: Feed },
): Promise<void> {
  const faultOf = operatorCheck(tokens)
  const heartbeat = setInterval(() => readers.beat(), heartbeatMs).unref()
  app.addHook('preClose', async () => {
    clearInterval(heartbeat)
    readers.close()
  })
  // HEAD would open a feed that nobody reads.
  app.get('/events', { exposeHeadRoute: false }, async (request, reply) => {
    const peer = plainAddress(request.socket.remoteAddress)
    const fault = faultOf(request.headers.authorization)
    if (fault) {
      events.feedRefused(fault, peer)
      return refuse(request, reply, fault)
    }
    if (readers.full) {
      events.feedRefused('quota_exceeded', peer)
      return refuse(request, reply, 'quota_exceeded')
    }
    events.feedOpened(peer)
    reply.hijack()
    const response = reply.raw
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx would keep events back until its buffer is full.
      'x-accel-buffering': 'no',
    })
    const lastEventId = [request.headers['last-event-id']].flat()[0]
    readers.add({ response, onSlow: () => events.feedCut(peer) }, lastEventId)
    return reply
  })
}

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  code: OperatorFault | 'quota_exceeded',
): FastifyReply {
  const { status } = codes[code]
  if (status === 429) reply.header('retry-after', '5')
  else {
    const error = code === 'invalid_token' ? ', error="invalid_token"' : ''
    reply.header('www-authenticate', `Bearer realm="gatehouse operators"${error}`)
  }
  return reply
    .status(status)
    .type('application/problem+json')
    .send(problemOf({ code, requestId: request.id }))
}
