import { once } from 'node:events'
import { Redis, type RedisOptions } from 'iovalkey'
import { StoreUnavailable } from '../model/session-store.ts'

const readyWithinMs = 700
const answerWithinMs = 900
const connectWithinMs = 1_000
const retryAtMostMs = 500

const schemes: ReadonlyMap<string, { readonly tls: boolean }> = new Map([
  ['redis:', { tls: false }],
  ['valkey:', { tls: false }],
  ['rediss:', { tls: true }],
  ['valkeys:', { tls: true }],
])

/**
 * One connection to a Valkey or Redis server, made in the background and made again whenever it is
 * lost, within two seconds of the server's return.
 */
export class ValkeyConnection<Scripts = unknown> {
  readonly client: Redis & Scripts
  /** Host and port, for messages. */
  readonly address: string
  readonly #onError: (error: Error) => void
  #ready: Promise<unknown> | undefined
  #closed = false
  /** Since the last answer; the client's own count begins anew with each connection, good or not. */
  #attempts = 0
  /** Why there is no connection, where there is none. */
  #trouble = ''

  /**
   * @param url - `redis:`, `rediss:` (TLS), `valkey:` or `valkeys:` with user, password, host, port
   *   and database number
   * @param scripts - Lua by the name of the method that `client` gets for it
   * @param onError - told of a trouble with the connection once until it works again; messages hold no password
   * @throws Error where the URL is not understood; its message does not repeat the URL
   */
  constructor(
    url: string,
    scripts: NonNullable<RedisOptions['scripts']>,
    onError: (error: Error) => void,
  ) {
    const target = readUrl(url)
    this.address = `${target.host}:${target.port}`
    this.#onError = onError
    this.client = new Redis({
      ...target,
      scripts,
      connectionName: 'gatehouse',
      // Node tries the addresses of both families by itself.
      family: 0,
      familyFallback: { enabled: false },
      connectTimeout: connectWithinMs,
      disconnectTimeout: 100,
      commandTimeout: answerWithinMs,
      // A link that swallows what is sent is torn down, and made again.
      socketTimeout: answerWithinMs,
      maxLoadingRetryTime: 250,
      retryStrategy: () => {
        this.#attempts += 1
        return Math.min(this.#attempts * 50, retryAtMostMs)
      },
      // After a failover the old primary answers so; the name may lead to the new one.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      // A command whose caller was told that it failed must not run later, nor one run twice.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
    }) as Redis & Scripts
    this.client.on('error', (error: Error) => this.#failed(error))
  }

  /** Sends commands as soon as there is a connection. Rejects within two seconds if that fails. */
  async ask<T>(send: (client: Redis & Scripts) => Promise<T>): Promise<T> {
    try {
      if (this.client.status !== 'ready') await this.#becomeReady()
      const answer = await send(this.client)
      this.#attempts = 0
      this.#trouble = ''
      return answer
    } catch (error) {
      throw this.#outage(error)
    }
  }

  /** Waits for answers that are due, at most a second, and closes. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.client.status === 'ready') await this.client.quit().catch(() => {})
    this.client.disconnect()
  }

  #becomeReady(): Promise<unknown> {
    if (this.#closed) throw new Error('the connection was closed')
    this.#ready ??= readyOf(this.client).finally(() => {
      this.#ready = undefined
    })
    return this.#ready
  }

  #failed(error: Error): void {
    const trouble = reasonOf(error)
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#onError(this.#outage(error))
  }

  #outage(error: unknown): Error {
    const lost = isLostConnection(error as Error)
    const reason = lost ? this.#trouble || 'no connection' : reasonOf(error as Error)
    return new StoreUnavailable(`Valkey at ${this.address}: ${reason}`)
  }
}

/** Rejects at once when the attempt under way fails, since the client then emits an error. */
function readyOf(client: Redis): Promise<unknown> {
  return once(client, 'ready', { signal: AbortSignal.timeout(readyWithinMs) })
}

/** Whether this is how the client says that it could not send, or was cut off before the answer. */
function isLostConnection({ name, message }: Error): boolean {
  return (
    name === 'AbortError' ||
    name === 'MaxRetriesPerRequestError' ||
    message.startsWith("Stream isn't writeable")
  )
}

/** Not the error itself: those of the client carry commands with their arguments. */
function reasonOf(error: NodeJS.ErrnoException): string {
  // An error of several addresses has a code only. A server that does not know AUTH quotes all of it.
  return (error.message || String(error.code)).replace(/, with args beginning with.*/s, '')
}

function readUrl(text: string): RedisOptions & { readonly host: string; readonly port: number } {
  const url = URL.parse(text)
  const scheme = url && schemes.get(url.protocol)
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1')
  const db = url && /^\/?(\d{0,5})$/.exec(url.pathname)?.[1]
  const credentials = url && readCredentials(url)
  if (!url || !scheme || !host || db === null || db === undefined || !credentials) {
    throw new Error(
      'STORE_URL is no Valkey URL: write it like redis://user:password@valkey:6379/0 ' +
        '(rediss: for TLS; percent-encode special characters in the password).',
    )
  }
  return {
    host,
    port: Number(url.port || 6379),
    db: Number(db),
    ...credentials,
    ...(scheme.tls && { tls: {} }),
  }
}

function readCredentials(url: URL): { username?: string; password?: string } | undefined {
  try {
    const username = decodeURIComponent(url.username)
    const password = decodeURIComponent(url.password)
    return { ...(username && { username }), ...(password && { password }) }
  } catch {
    return
  }
}
