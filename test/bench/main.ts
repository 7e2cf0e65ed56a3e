import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureMemory, measureReads, measureStart } from './footprint.ts'
import { type BenchGatehouse, manyApps, startFilledGatehouse } from './gatehouse.ts'
import { residentMb } from './processes.ts'
import { measureThroughput } from './throughput.ts'

/** Prints the table and writes it to docs/benchmarks.md. Exits with 1 where a target is missed. */

interface Row {
  readonly what: string
  readonly measured: string
  readonly target: string
  readonly met: boolean
}

const storedSessions = 100_000
const manyRows = 1_000_000
const fewRows = 1_000

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
try {
  const storePath = join(folder, 'gatehouse.db')
  const gatehouse = await startFilledGatehouse(18_480, storePath, storedSessions, 30_000)
  const plain = await measureThroughput(gatehouse, 'Gatehouse, session hit')
  const memory = residentMb(gatehouse.server.pid)
  const churned = await measureMemory(gatehouse)
  await gatehouse.server[Symbol.asyncDispose]()
  const start = await measureStart(18_480, storePath)
  const [few, many] = await measureReads(folder, [fewRows, manyRows])
  const appsPath = join(folder, 'apps.db')
  await using apps = await startFilledApps(appsPath)
  const full = await measureThroughput(apps, 'Gatehouse, session hit, 50 apps and all headers')
  const [hit, fullHit] = [plain.at(-1), full.at(-1)]
  if (!hit || !fullHit || !few || !many) throw new Error('a measurement is missing')

  const rows: Row[] = [
    target(
      'session hit against bare node:http',
      hit.ratio,
      (x) => `${x.toFixed(2)}×`,
      0.85,
      'at least',
    ),
    target(
      'its p99 against bare node:http',
      hit.p99Ratio,
      (x) => `${x.toFixed(2)}×`,
      1.5,
      'at most',
    ),
    target(
      'session hit with 50 apps and all header sets against bare node:http',
      fullHit.ratio,
      (x) => `${x.toFixed(2)}×`,
      0.85,
      'at least',
    ),
    target('first answer after process start', start, (x) => `${x.toFixed(0)} ms`, 500, 'at most'),
    target(
      `memory with ${storedSessions.toLocaleString('en')} stored sessions, after the load above`,
      memory,
      (x) => `${x.toFixed(0)} MB`,
      120,
      'at most',
    ),
    target(
      'memory after 20 s of 30,000 sessions in turn, each a miss',
      churned,
      (x) => `${x.toFixed(0)} MB`,
      200,
      'at most',
    ),
    target(
      `read of one of ${manyRows.toLocaleString('en')} sessions against one of ${fewRows.toLocaleString('en')}`,
      many.microseconds / few.microseconds,
      (x) => `${x.toFixed(2)}× (${few.microseconds.toFixed(0)} µs)`,
      1.2,
      'at most',
    ),
  ]
  const page = `# Benchmarks

Written by \`npm run bench\` (Node ${process.versions.node}, ${cpus()[0]?.model.trim()}): one core for the server, one for
the load (wrk, 32 connections), servers in turn, medians over seven rounds. The bare servers send the same
headers as the Gatehouse below them and do nothing else. Numbers of another machine differ; the ratios should not by much.

| server | requests/s | against bare | p99 ms | p99 against bare |
|---|---|---|---|---|
${[...plain, ...full].map((row) => `| ${row.name} | ${Math.round(row.requestsPerSecond).toLocaleString('en')} | ${row.ratio.toFixed(2)}× | ${row.p99Ms.toFixed(2)} | ${row.p99Ratio.toFixed(2)}× |`).join('\n')}

| measured | value | target | met |
|---|---|---|---|
${rows.map((row) => `| ${row.what} | ${row.measured} | ${row.target} | ${row.met ? 'yes' : 'no'} |`).join('\n')}
`
  process.stdout.write(page)
  writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), page)
  if (!rows.every((row) => row.met)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** A gateway with everything that makes answers long. */
async function startFilledApps(storePath: string): Promise<BenchGatehouse & AsyncDisposable> {
  const started = await startFilledGatehouse(18_490, storePath, 1_000, 10, manyApps(folder))
  return { ...started, [Symbol.asyncDispose]: () => started.server[Symbol.asyncDispose]() }
}

function target(
  what: string,
  value: number,
  show: (value: number) => string,
  limit: number,
  kind: 'at least' | 'at most',
): Row {
  const met = kind === 'at least' ? value >= limit : value <= limit
  return { what, measured: show(value), target: `${kind} ${show(limit).replace(/ \(.*/, '')}`, met }
}
