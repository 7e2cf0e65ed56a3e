import { type IncomingMessage, request } from 'node:http'

/** One event of a feed. */
export interface FeedEvent {
  readonly event: string
  readonly id: string
  readonly data: Readonly<Record<string, string>>
}

/** A reader of `GET /events`. */
export interface EventFeed extends Disposable {
  readonly headers: Readonly<Record<string, unknown>>
  /** The next event that is no heartbeat; undefined where the answer has ended. */
  next(): Promise<FeedEvent | undefined>
}

/** Opens the feed of an operators' listener; rejects where it is refused. */
export function openFeed(
  opsOrigin: string,
  token: string,
  lastEventId?: string,
): Promise<EventFeed> {
  const { hostname, port } = new URL(opsOrigin)
  const headers = {
    authorization: `Bearer ${token}`,
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  }
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path: '/events', headers, agent: false })
    sent.on('error', reject)
    sent.on('response', (response) => {
      if (response.statusCode === 200) resolve(feedOf(response))
      else reject(new Error(`the feed answered ${response.statusCode}`))
    })
    sent.end()
  })
}

function feedOf(response: IncomingMessage): EventFeed {
  const events: (FeedEvent | undefined)[] = []
  const waiting: ((event: FeedEvent | undefined) => void)[] = []
  const push = (event: FeedEvent | undefined) => {
    const next = waiting.shift()
    if (next) next(event)
    else events.push(event)
  }
  let text = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    for (const event of blocks.flatMap((block) => eventOf(block) ?? [])) push(event)
  })
  // However it ends: the tests end it too.
  response.on('error', () => {})
  response.on('close', () => push(undefined))
  return {
    headers: response.headers,
    next: () =>
      new Promise((resolve) => {
        if (events.length > 0) resolve(events.shift())
        else waiting.push(resolve)
      }),
    [Symbol.dispose]: () => response.destroy(),
  }
}

/** As the HTML Standard reads a block (section 9.2.6), as far as the feed needs it. */
function eventOf(block: string): FeedEvent | undefined {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*: ?/, '')]),
  )
  const { event = 'message', id = '', data } = fields
  return data === undefined || event === 'heartbeat'
    ? undefined
    : { event, id, data: JSON.parse(data) }
}
