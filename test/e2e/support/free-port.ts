import { createServer } from 'node:http'
import { close, listen } from '../../../demo/listen.ts'

/** The first of so many free ports in a row, `preferred` where that one is free. */
export async function freePort(preferred = 0, count = 1): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = await probe(attempt === 0 ? preferred : 0)
    if (first === undefined) continue
    const rest = Array.from({ length: count - 1 }, (_, index) => probe(first + index + 1))
    if ((await Promise.all(rest)).every((port) => port !== undefined)) return first
  }
  throw new Error(`no ${count} free ports in a row`)
}

/** The port, if nobody listens there on any address. */
async function probe(port: number): Promise<number | undefined> {
  const server = createServer()
  try {
    return await listen(server, port, '0.0.0.0')
  } catch {
    return
  } finally {
    await close(server)
  }
}
