import { createServer } from 'node:http'
import { close, listen } from './listen.ts'

const attempts = 50

/**
 * The first port from `wanted` on that nobody listens on; any free one for 0. `localhost` is both
 * 127.0.0.1 and ::1 to a browser, so the port has to be free on both.
 *
 * @throws Error where none of fifty ports is free
 */
export async function freePort(wanted: number, host: string): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = await probe(wanted === 0 ? 0 : wanted + attempt, host)
    if (port !== undefined && (await probe(port, '::1')) !== undefined) return port
  }
  throw new Error(`None of the ${attempts} ports from ${wanted} on is free.`)
}

/** The port, where it can be listened on. */
async function probe(port: number, host: string): Promise<number | undefined> {
  const server = createServer()
  try {
    const bound = await listen(server, port, host)
    await close(server)
    return bound
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') return
    // Machines and containers without IPv6 have nobody there to take the port.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return port
    throw error
  }
}
