import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens and resolves with the port, which the system chooses for 0; rejects where it is taken. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Stops listening and cuts what is still open. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/**
 * A port as an environment variable gives it.
 *
 * @throws Error naming the variable where its value is none
 */
export function portFrom(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = env[name] || String(fallback)
  if (/^\d{1,5}$/.test(value) && Number(value) < 65_536) return Number(value)
  throw new Error(`${name}: ${JSON.stringify(value)} is no port; for example ${name}=${fallback}`)
}
