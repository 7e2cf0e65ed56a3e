import { request } from 'node:http'
import { type BenchGatehouse, browserHeaders } from './gatehouse.ts'
import { type Server, startServer } from './processes.ts'
import { type Load, load, median } from './wrk.ts'

const rounds = 7
const seconds = 3

export interface Throughput {
  readonly name: string
  readonly requestsPerSecond: number
  readonly p99Ms: number
  /** Against bare `node:http`: medians over the rounds of the ratio within a round. */
  readonly ratio: number
  readonly p99Ratio: number
}

/** A session hit beside servers that send the same headers and do nothing else, round by round. */
export async function measureThroughput(
  { server, cookies }: BenchGatehouse,
  name: string,
): Promise<Throughput[]> {
  const headers = browserHeaders(cookies[0] ?? '')
  const answer = JSON.stringify(await answerHeaders(server, headers))
  const file = (name: string) => new URL(`servers/${name}.ts`, import.meta.url).pathname
  await using http = await startServer([file('bare-http'), answer, '18481'], 18481, '/')
  await using fastify = await startServer(
    [file('bare-fastify'), answer, '18482'],
    18482,
    '/validate',
  )
  const subjects = [
    { name: 'bare `node:http`', origin: http.origin, runs: [] as Load[] },
    { name: 'bare Fastify', origin: fastify.origin, runs: [] as Load[] },
    { name, origin: server.origin, runs: [] as Load[] },
  ]
  for (const { origin } of subjects) await load(`${origin}/validate`, seconds, headers)
  for (let round = 0; round < rounds; round += 1) {
    for (const { origin, runs } of subjects) {
      runs.push(await load(`${origin}/validate`, seconds, headers))
    }
  }
  const [bare] = subjects
  return subjects.map(({ name, runs }) => ({
    name,
    requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
    p99Ms: median(runs.map((run) => run.p99Ms)),
    ratio: median(
      runs.map(
        (run, i) => run.requestsPerSecond / (bare?.runs[i]?.requestsPerSecond ?? Number.NaN),
      ),
    ),
    p99Ratio: median(runs.map((run, i) => run.p99Ms / (bare?.runs[i]?.p99Ms ?? Number.NaN))),
  }))
}

/** The headers that the gateway itself puts on a 200; Node adds the others to every server's. */
function answerHeaders(
  { origin }: Server,
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
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
