import type { Writable } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import { type Identity, qualified } from '../model/identity.ts'
import type { EndNews, HeardEnd, SessionEnds } from '../sessions/session-ends.ts'

const mostReaders = 100
/** Above what a thousand events are; what waits longer belongs to a reader that does not read. */
const mostWaitingBytes = 1_048_576
const reconnectMs = 1_000

/** Somebody who is written to, and what happens where they do not keep up. */
interface Reader {
  readonly response: Writable
  readonly onSlow: () => void
}

/**
 * Tells readers of sessions that end, as server-sent events (HTML Standard, section 9.2). A heartbeat
 * says that all until then was told; there is none while changes of other replicas are not heard.
 */
export class EventReaders {
  readonly #ends: SessionEnds
  readonly #clock: Clock
  readonly #firstProvider: () => string
  readonly #readers = new Set<Reader>()

  constructor(options: {
    readonly ends: SessionEnds
    readonly clock: Clock
    /** Name of the provider whose subjects apps know without a prefix. */
    readonly firstProvider: () => string
  }) {
    this.#ends = options.ends
    this.#clock = options.clock
    this.#firstProvider = options.firstProvider
    this.#ends.subscribe((news) => this.#write(this.#textOf(news)))
  }

  get full(): boolean {
    return this.#readers.size >= mostReaders
  }

  /**
   * Writes what came after the event that a reader heard last, then whatever comes. Whoever names none
   * may have missed anything.
   */
  add(reader: Reader, lastEventId = ''): void {
    const { response } = reader
    const missed = this.#ends.since(lastEventId)
    const news = missed === 'interrupted' ? [missed] : missed
    this.#readers.add(reader)
    response.once('close', () => this.#readers.delete(reader))
    // A connection that broke is closed; what was written to it meanwhile is no fault.
    response.on('error', () => {})
    const texts = news.map((one) => this.#textOf(one))
    response.write(`retry: ${reconnectMs}\n\n${texts.join('')}`)
  }

  beat(): void {
    // A comment keeps proxies from closing the connection, and says nothing.
    this.#write(this.#ends.complete ? event('heartbeat', { at: this.#now() }) : ': \n\n')
  }

  /** Ends every answer. */
  close(): void {
    for (const { response } of this.#readers) response.end()
    this.#readers.clear()
  }

  #write(text: string): void {
    for (const reader of this.#readers) {
      const { response, onSlow } = reader
      response.write(text)
      if (response.writableLength <= mostWaitingBytes) continue
      this.#readers.delete(reader)
      response.destroy()
      onSlow()
    }
  }

  #textOf(news: EndNews): string {
    return news === 'interrupted'
      ? `id: ${this.#ends.id}\n${event('resync', { at: this.#now() })}`
      : `id: ${news.id}\n${event('session_ended', this.#dataOf(news))}`
  }

  #dataOf({ publicId, identity, at }: HeardEnd): Record<string, string> {
    return {
      session_id: publicId,
      user_id: this.#userId(identity),
      provider: identity.provider,
      at: new Date(at).toISOString(),
    }
  }

  /** As in `x-user-id`. */
  #userId(identity: Identity): string {
    return qualified(identity, identity.subject, this.#firstProvider())
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

// JSON has no line break of its own, so that the data is one line.
function event(name: string, data: Record<string, string>): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
