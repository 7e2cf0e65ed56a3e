import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'

/** The core of the servers; the load has the other. */
const serverCore = '0'

/** A server in a process of its own, pinned to its core. */
export interface Server extends AsyncDisposable {
  readonly origin: string
  readonly pid: number
  /** Milliseconds from the start of the process to its first answer. */
  readonly firstAnswerMs: number
}

/** Starts `node <args>` and waits for its first answer at `path`. */
export async function startServer(
  args: readonly string[],
  port: number,
  path: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const start = performance.now()
  const child = spawn('taskset', ['-c', serverCore, process.execPath, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, ...env },
  })
  const origin = `http://127.0.0.1:${port}`
  while (!(await answers(origin + path))) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended early`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return {
    origin,
    pid: child.pid ?? 0,
    firstAnswerMs: performance.now() - start,
    [Symbol.asyncDispose]: () => stop(child),
  }
}

/** Resident memory of a process, in megabytes. */
export function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1_024
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill()
  await once(child, 'exit')
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: false }, (response) => {
      response.resume()
      resolve(true)
    })
    sent.on('error', () => resolve(false))
    sent.end()
  })
}
