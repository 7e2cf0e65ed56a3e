import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { SessionCookies } from '../../src/sessions/session-cookie.ts'
import { openSqliteSessionStore } from '../../src/sessions/sqlite-session-store.ts'
import {
  type BenchGatehouse,
  browserHeaders,
  removeStore,
  siteOf,
  startFilledGatehouse,
  startGatehouse,
} from './gatehouse.ts'
import { residentMb } from './processes.ts'
import { makeSessionsFile, seal, secret } from './sessions-file.ts'
import { load, median, scriptOver } from './wrk.ts'

/** Median milliseconds from the start of the process to its first answer, with that many sessions. */
export async function medianStart(
  port: number,
  storePath: string,
  sessions: number,
): Promise<number> {
  const { server } = await startFilledGatehouse(port, storePath, sessions, 1)
  await server[Symbol.asyncDispose]()
  const times: number[] = []
  for (let i = 0; i < 7; i += 1) {
    await using server = await startGatehouse(port, storePath)
    times.push(server.firstAnswerMs)
  }
  return median(times)
}

/** Resident memory after every one of the cookies was used, in megabytes. */
export async function residentAfterMisses({ server, cookies }: BenchGatehouse): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const script = join(folder, 'cookies.lua')
  const { Cookie: _, ...headers } = browserHeaders('')
  writeFileSync(
    script,
    scriptOver(
      'Cookie',
      cookies.map((cookie) => `gatehouse=${cookie}`),
    ),
  )
  await load(`${server.origin}/validate`, 20, headers, script)
  rmSync(folder, { recursive: true })
  return residentMb(server.pid)
}

/** Median microseconds to read one session at random from stores of these sizes, interleaved. */
export async function medianReads(folder: string, sizes: readonly number[]): Promise<number[]> {
  const site = siteOf(18_483)
  const verifier = new SessionCookies([secret])
  await using stack = new AsyncDisposableStack()
  const stores: { read: (i: number) => Promise<unknown>; times: number[] }[] = []
  for (const rows of sizes) {
    const path = join(folder, `reads-${rows}.db`)
    removeStore(path)
    const cookies = await makeSessionsFile(path, site, rows, 1_000)
    const store = stack.use(openSqliteSessionStore({ path, clock: systemClock, seal }))
    stack.defer(() => removeStore(path))
    const keys = cookies.flatMap((cookie) => verifier.verify(site, cookie) ?? [])
    stores.push({
      times: [],
      read: (i) => store.read(keys[i % keys.length] as (typeof keys)[number]),
    })
  }
  for (let i = 0; i < 20_000; i += 1) {
    for (const store of stores) {
      const start = performance.now()
      if ((await store.read(i * 7)) === undefined) throw new Error('a session is missing')
      store.times.push((performance.now() - start) * 1_000)
    }
  }
  return stores.map(({ times }) => median(times))
}
