import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Seal } from '../lib/seal.ts'
import type { ValkeyConnection } from '../storage/valkey.ts'
import { confirmEveryMs, type LocalChangeFeed } from './local-change-feed.ts'
import { decodeSession, isSessionKey } from './session-record.ts'
import { changesChannel, endsChannel } from './valkey-session-scripts.ts'

/** Numbers of heartbeats that are remembered: older ones come back too late to count. */
const remembered = 4

/**
 * Feeds what all replicas publish into the feed of this one. The subscription is proved by a heartbeat
 * sent over the other connection: the server delivers in order, so when it is heard, everything
 * published before it was sent has been heard.
 */
export class ValkeyChangeFeed {
  readonly #commands: ValkeyConnection
  readonly #subscriber: ValkeyConnection
  readonly #feed: LocalChangeFeed
  readonly #clock: Clock
  readonly #seal: Seal
  readonly #onError: (error: Error) => void
  readonly #heartbeats = `gatehouse:heartbeat:${randomUUID()}`
  readonly #sentAt = new Map<number, number>()
  readonly #timer: NodeJS.Timeout
  #number = 0
  #subscription: 'none' | 'asked' | 'held' = 'none'
  #told = ''

  constructor(options: {
    readonly commands: ValkeyConnection
    readonly subscriber: ValkeyConnection
    readonly feed: LocalChangeFeed
    readonly clock: Clock
    readonly seal: Seal
    readonly onError: (error: Error) => void
  }) {
    this.#commands = options.commands
    this.#subscriber = options.subscriber
    this.#feed = options.feed
    this.#clock = options.clock
    this.#seal = options.seal
    this.#onError = options.onError
    const { client } = this.#subscriber
    client.on('ready', () => this.#beat())
    client.on('close', () => this.#lost())
    client.on('message', (channel: string, text: string) => this.#heard(channel, text))
    this.#timer = setInterval(() => this.#beat(), confirmEveryMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#feed.distrust()
  }

  #beat(): void {
    if (this.#subscriber.client.status !== 'ready') return
    if (this.#subscription === 'none') {
      this.#subscribe()
      return
    }
    // The server answers both, which shows the client that neither link is dead.
    this.#subscriber.client.ping().catch(() => {})
    if (this.#subscription !== 'held' || this.#commands.client.status !== 'ready') return
    this.#number += 1
    this.#sentAt.set(this.#number, this.#clock.monotonic())
    this.#sentAt.delete(this.#number - remembered)
    this.#commands
      .ask((client) => client.publish(this.#heartbeats, String(this.#number)))
      .then(
        (receivers) => {
          if (receivers === 0) this.#lost()
        },
        (error: Error) => this.#report(error),
      )
  }

  #subscribe(): void {
    this.#subscription = 'asked'
    this.#subscriber
      .ask((client) => client.subscribe(changesChannel, endsChannel, this.#heartbeats))
      .then(
        () => {
          this.#subscription = 'held'
          this.#beat()
        },
        (error: Error) => {
          this.#subscription = 'none'
          this.#report(error)
        },
      )
  }

  #lost(): void {
    this.#subscription = 'none'
    this.#feed.distrust()
  }

  #heard(channel: string, text: string): void {
    if (channel === changesChannel) {
      if (isSessionKey(text)) this.#feed.changed(text)
      return
    }
    if (channel === endsChannel) {
      this.#heardEnd(text)
      return
    }
    const sentAt = this.#sentAt.get(Number(text))
    if (sentAt === undefined) return
    this.#told = ''
    this.#feed.confirm(sentAt)
  }

  #heardEnd(text: string): void {
    const [key = '', at = '', sealed = ''] = text.split(' ')
    if (!isSessionKey(key) || !/^\d{1,16}$/.test(at)) return
    this.#feed.ended(() => decodeSession(key, sealed, this.#seal), Number(at))
  }

  #report(error: Error): void {
    if (error.message !== this.#told) {
      this.#onError(
        new Error(
          `${error.message}: every request reads the store while its changes are not heard`,
        ),
      )
    }
    this.#told = error.message
  }
}
