import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { Failure } from './failure.ts'

/** Longer than a holder can work: its questions to an issuer end before. */
const deadAfterMs = 60_000
const waitMs = 90_000
const pollMs = 50

/**
 * Holds a lock file until disposed; waits while another process does. One left behind by a process
 * that is gone, or older than a minute, is taken over.
 *
 * @throws Failure where it stays taken
 */
export async function lockFile(path: string): Promise<AsyncDisposable> {
  const own = `${process.pid} ${hostname()} ${randomUUID()}`
  for (let waited = 0; waited < waitMs; waited += pollMs) {
    if (await create(path, own)) return { [Symbol.asyncDispose]: () => release(path, own) }
    if (await isDead(path)) await breakLock(path)
    else await setTimeout(pollMs)
  }
  throw new Failure(`another gatehouse holds ${path}; if none runs, delete that file`)
}

/** Whether the file was made just now, by the one call that can (O_EXCL). */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(text)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function release(path: string, own: string): Promise<void> {
  if ((await textOf(path)) === own) await rm(path, { force: true })
}

async function isDead(path: string): Promise<boolean> {
  const made = await stat(path).catch(() => undefined)
  if (!made) return false
  if (Date.now() - made.mtimeMs > deadAfterMs) return true
  const [pid, host] = (await textOf(path)).split(' ')
  return host === hostname() && !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Removes a dead lock; one that another process made in its place meanwhile is put back. */
async function breakLock(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  if (!(await isDead(aside))) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
