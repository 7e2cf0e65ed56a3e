import { request } from 'node:http'
import { type Server, startServer } from './processes.ts'
import { type Load, load, median } from './wrk.ts'

const rounds = 7
const seconds = 2

/** A server, and the request that it is sent again and again. */
export interface Subject {
  readonly name: string
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
}

/** A subject with its runs, one a round. */
export interface Measured {
  readonly name: string
  readonly runs: readonly Load[]
}

/** Loads subjects in turn, round by round: what disturbs the machine disturbs them all. */
export async function inTurn<T extends Readonly<Record<string, Subject>>>(
  subjects: T,
): Promise<{ [Key in keyof T]: Measured }> {
  const all = Object.entries(subjects).map(([key, subject]) => ({
    key,
    subject,
    runs: [] as Load[],
  }))
  for (const { subject } of all) await run(subject)
  for (let round = 0; round < rounds; round += 1) {
    for (const { subject, runs } of all) runs.push(await run(subject))
  }
  return Object.fromEntries(
    all.map(({ key, subject: { name }, runs }) => [key, { name, runs }]),
  ) as unknown as { [Key in keyof T]: Measured }
}

function run({ origin, headers }: Subject): Promise<Load> {
  return load(`${origin}/validate`, seconds, headers)
}

/** Median over the rounds. */
export function medianOf(measured: Measured, figure: keyof Load): number {
  return median(measured.runs.map((run) => run[figure]))
}

/** Median over the rounds of the ratio within a round. */
export function ratio(
  measured: Measured,
  base: Measured,
  figure: keyof Load = 'requestsPerSecond',
): number {
  return median(measured.runs.map((run, i) => run[figure] / (base.runs[i]?.[figure] ?? Number.NaN)))
}

/** Starts a server that answers as a subject does, and does nothing else. */
export async function startBare(
  kind: 'http' | 'fastify',
  port: number,
  like: Omit<Subject, 'name'>,
): Promise<Server> {
  const file = new URL(`servers/bare-${kind}.ts`, import.meta.url).pathname
  return startServer(
    [file, JSON.stringify(await answerHeaders(like)), `${port}`],
    port,
    '/validate',
  )
}

/** The headers that the gateway itself puts on a 200; Node adds the others to every server's. */
function answerHeaders({ origin, headers }: Omit<Subject, 'name'>): Promise<string[]> {
  const ofNode = new Set(['date', 'connection', 'keep-alive'])
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}/validate`, { headers, agent: false }, (response) => {
      response.resume()
      const { rawHeaders, statusCode } = response
      if (statusCode !== 200) reject(new Error(`the gateway answered ${statusCode}`))
      resolve(
        rawHeaders.filter((_, i) => !ofNode.has((rawHeaders[i - (i % 2)] ?? '').toLowerCase())),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}
