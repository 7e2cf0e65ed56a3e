import { createWriteStream, type WriteStream } from 'node:fs'

const chunkBytes = 65_536
const flushEveryMs = 250
/** As many chunks wait at most for a slow reader: 4 MB. */
const maxChunks = 64

/**
 * Gathers log lines as bytes and writes them in chunks: a line costs a request a copy, no string that
 * grows and no system call. Lines wait for at most a quarter of a second. Where nobody reads them,
 * further ones are dropped until somebody does.
 */
export class LineBuffer {
  readonly #out: WriteStream
  readonly #timer: NodeJS.Timeout
  /** Chunks that were written, to be filled again. */
  readonly #free: Buffer[] = []
  #chunk: Buffer = Buffer.allocUnsafeSlow(chunkBytes)
  #used = 0
  #chunks = 1

  /** @param fd - file descriptor to write to, 1 for standard output */
  constructor(fd: number) {
    this.#out = createWriteStream('', { fd, autoClose: false })
    // A reader that went away must not end the gateway.
    this.#out.on('error', () => {})
    this.#timer = setInterval(() => this.#pass(), flushEveryMs).unref()
  }

  write(line: string): void {
    // No UTF-16 unit becomes more than three bytes of UTF-8.
    if (this.#hasRoom(line.length * 3)) this.#used += this.#chunk.write(line, this.#used)
    else if (this.#used === 0) this.#out.write(line)
  }

  /** As `write`, for a line known to be ASCII: a third of the cost. */
  writeAscii(line: string): void {
    if (this.#hasRoom(line.length)) this.#used += this.#chunk.write(line, this.#used, 'latin1')
    else if (this.#used === 0) this.#out.write(line)
  }

  /** Resolves when every line so far is written. */
  close(): Promise<void> {
    clearInterval(this.#timer)
    this.#pass()
    return new Promise((resolve) => this.#out.end(() => resolve()))
  }

  #hasRoom(bytes: number): boolean {
    if (this.#used + bytes > chunkBytes) this.#pass()
    return this.#used + bytes <= chunkBytes
  }

  /** Passes the chunk on and takes another; keeps it where there is none to take. */
  #pass(): void {
    if (this.#used === 0) return
    const next = this.#free.pop() ?? (this.#chunks < maxChunks ? this.#another() : undefined)
    if (!next) return
    const full = this.#chunk
    this.#out.write(full.subarray(0, this.#used), () => this.#free.push(full))
    this.#chunk = next
    this.#used = 0
  }

  #another(): Buffer {
    this.#chunks += 1
    return Buffer.allocUnsafeSlow(chunkBytes)
  }
}
