import { createServer } from 'node:http'
import { close, listen } from './listen.ts'

const attempts = 50

/**
 * The first port from `wanted` on that nobody listens on. `localhost` is both 127.0.0.1 and ::1 to a
 * browser, so the port has to be free on both.
 *
 * @throws Error where none of the next fifty is free
 */
export async function freePort(wanted: number, host: string): Promise<number> {
  for (let port = wanted; port < wanted + attempts && port < 65_536; port += 1) {
    if ((await isFree(port, host)) && (await isFree(port, '::1'))) return port
  }
  throw new Error(`No port from ${wanted} on is free: set PORT to another one.`)
}

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  try {
    await listen(server, port, host)
    await close(server)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Machines and containers without IPv6 have nobody there to take the port.
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return true
    if (code === 'EADDRINUSE') return false
    throw error
  }
}
