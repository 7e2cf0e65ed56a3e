import { join } from 'node:path'
import { medianReads, medianStart, residentAfterMisses } from './footprint.ts'
import { browserHeaders, manyApps, startFilledGatehouse } from './gatehouse.ts'
import { residentMb } from './processes.ts'
import { atLeast, atMost, count, megabytes, milliseconds, type Results, times } from './table.ts'
import { inTurn, type Measured, ratio, startBare } from './throughput.ts'

const storedSessions = 100_000
const manyRows = 1_000_000
const fewRows = 1_000

/** Session hits, and what a process with many sessions holds in memory. */
export async function measureHits(folder: string): Promise<Results> {
  const store = join(folder, 'gatehouse.db')
  const { server, cookies } = await startFilledGatehouse(18_480, store, storedSessions, 30_000)
  await using _ = server
  const { servers, bare, hit } = await besideBare('session hit', server.origin, cookies[0] ?? '')
  const memory = residentMb(server.pid)
  const churned = await residentAfterMisses({ server, cookies })
  const stored = `memory with ${count(storedSessions)} stored sessions, after the load above`
  const misses = 'memory after 20 s of 30,000 sessions in turn, each a miss'
  return {
    servers,
    rows: [
      atLeast(0.85, 'session hit against bare node:http', ratio(hit, bare), times),
      atMost(1.5, 'its p99 against bare node:http', ratio(hit, bare, 'p99Ms'), times),
      atMost(120, stored, memory, megabytes),
      atMost(200, misses, churned, megabytes),
    ],
  }
}

/** Session hits of a gateway with everything that makes answers long. */
export async function measureWithApps(folder: string): Promise<Results> {
  const more = manyApps(folder)
  const store = join(folder, 'apps.db')
  const { server, cookies } = await startFilledGatehouse(18_490, store, 1_000, 10, more)
  await using _ = server
  const name = 'session hit, 50 apps and all headers'
  const { servers, bare, hit } = await besideBare(name, server.origin, cookies[0] ?? '')
  const what = 'session hit with 50 apps and all header sets against bare node:http'
  return { servers, rows: [atLeast(0.85, what, ratio(hit, bare), times)] }
}

export async function measureStart(folder: string): Promise<Results> {
  const start = await medianStart(18_480, join(folder, 'start.db'), storedSessions)
  return { rows: [atMost(500, 'first answer after process start', start, milliseconds)] }
}

export async function measureStores(folder: string): Promise<Results> {
  const [few = Number.NaN, many = Number.NaN] = await medianReads(folder, [fewRows, manyRows])
  const what = `read of one of ${count(manyRows)} sessions against one of ${count(fewRows)}`
  return { rows: [atMost(1.2, what, many / few, times, ` (${few.toFixed(0)} µs)`)] }
}

async function besideBare(
  name: string,
  origin: string,
  cookie: string,
): Promise<{ servers: Measured[]; bare: Measured; hit: Measured }> {
  const asked = { origin, headers: browserHeaders(cookie) }
  await using http = await startBare('http', 18_481, asked)
  await using fastify = await startBare('fastify', 18_482, asked)
  const { bare, framework, hit } = await inTurn({
    bare: { ...asked, name: 'bare `node:http`', origin: http.origin },
    framework: { ...asked, name: 'bare Fastify', origin: fastify.origin },
    hit: { ...asked, name: `Gatehouse, ${name}` },
  })
  return { servers: [bare, framework, hit], bare, hit }
}
