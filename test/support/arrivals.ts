import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { setImmediate } from 'node:timers/promises'

const channel = 'http.server.request.start'

/**
 * Resolves when so many requests for a path have come to servers of this process, and those servers
 * have done with them what they do at once.
 */
export async function arrivals(path: string, count: number): Promise<void> {
  const enough = Promise.withResolvers<void>()
  let seen = 0
  const see = (message: unknown) => {
    const { url = '' } = (message as { request: IncomingMessage }).request
    if (url.split('?', 1)[0] === path) seen += 1
    if (seen === count) enough.resolve()
  }
  subscribe(channel, see)
  await enough.promise
  unsubscribe(channel, see)
  await setImmediate()
}
