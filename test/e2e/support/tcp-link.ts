import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A port of this machine that leads to another, until it is cut or silenced. */
export class TcpLink implements AsyncDisposable {
  readonly #target: () => { host: string; port: number }
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0
  #silent = false

  private constructor(target: () => { host: string; port: number }) {
    this.#target = target
    this.#server = createServer((near) => this.#join(near))
  }

  /** @param target - asked for each connection, since a restarted container has another port */
  static async to(target: () => { host: string; port: number }): Promise<TcpLink> {
    const link = new TcpLink(target)
    await link.#listen()
    return link
  }

  get port(): number {
    return this.#port
  }

  /** Closes every connection, and refuses new ones. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Nothing passes on any connection, and nobody is told. */
  silence(): void {
    this.#silent = true
    this.freeze()
  }

  /** Nothing passes on the connections there are; new ones work. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  async restore(): Promise<void> {
    this.#silent = false
    for (const socket of this.#sockets) socket.resume()
    if (!this.#server.listening) await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.cut()
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  #join(near: Socket): void {
    const far = connect(this.#target())
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('data', (bytes) => to.write(bytes))
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      if (this.#silent) from.pause()
    }
  }
}
