import { createWriteStream, type WriteStream } from 'node:fs'

const chunkBytes = 65_536
const flushEveryMs = 250
const maxWaitingBytes = 8_388_608

/**
 * Gathers log lines as bytes and writes them in chunks: a line costs a request a copy, no string that
 * grows and no system call. Lines wait for at most a quarter of a second. Where nobody reads them, those
 * beyond 8 MB are dropped.
 */
export class LineBuffer {
  readonly #out: WriteStream
  readonly #timer: NodeJS.Timeout
  #chunk = Buffer.allocUnsafe(chunkBytes)
  #used = 0

  /** @param fd - file descriptor to write to, 1 for standard output */
  constructor(fd: number) {
    this.#out = createWriteStream('', { fd, autoClose: false })
    // A reader that went away must not end the gateway.
    this.#out.on('error', () => {})
    this.#timer = setInterval(() => this.#pass(), flushEveryMs).unref()
  }

  write(line: string): void {
    // No UTF-16 unit becomes more than three bytes of UTF-8.
    const most = line.length * 3
    if (this.#used + most > chunkBytes) this.#pass()
    if (most > chunkBytes) this.#send(Buffer.from(line))
    else this.#used += this.#chunk.write(line, this.#used)
  }

  /** Resolves when every line so far is written. */
  close(): Promise<void> {
    clearInterval(this.#timer)
    this.#pass()
    return new Promise((resolve) => this.#out.end(() => resolve()))
  }

  #pass(): void {
    if (this.#used === 0) return
    this.#send(this.#chunk.subarray(0, this.#used))
    this.#chunk = Buffer.allocUnsafe(chunkBytes)
    this.#used = 0
  }

  #send(bytes: Buffer): void {
    if (this.#out.writableLength < maxWaitingBytes) this.#out.write(bytes)
  }
}
