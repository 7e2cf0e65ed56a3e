import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a docker command printed, without the line end; rejects with its message where it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** Everything a container has printed so far, both streams. */
export async function logs(container: string): Promise<string> {
  const { stdout, stderr } = await run('docker', ['logs', container], {
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout + stderr
}

export async function isHealthy(container: string): Promise<boolean> {
  return (await docker('inspect', '-f', '{{.State.Health.Status}}', container)) === 'healthy'
}
