import { join } from 'node:path'
import { browserHeaders, startFilledGatehouse, startGatehouse } from './gatehouse.ts'
import { rulesFile } from './rule-files.ts'
import { atMost, count, information, type Results, type Row, times } from './table.ts'
import { inTurn, type Measured, medianOf, ratio, type Subject, startBare } from './throughput.ts'
import { startValkey } from './valkey.ts'

const few = 10
const many = 1_000
/** Of each day; never reached. */
const quota = '999999999/day'

/** Session hits with few rules and many, and with each request counted. */
export async function measureRules(folder: string): Promise<Results> {
  await using stack = new AsyncDisposableStack()
  let port = 18_510
  const start = async (name: string, more: Record<string, string>): Promise<Subject> => {
    port += 1
    const store = join(folder, `rules-${port}.db`)
    const { server, cookies } = await startFilledGatehouse(port, store, 1_000, 10, more)
    stack.use(server)
    const headers = browserHeaders(cookies[0] ?? '')
    return { name: `Gatehouse, ${name}`, origin: server.origin, headers }
  }
  const counted = rulesFile(folder, 'counted', few, quota)
  const fewRules = await start(`session hit, ${few} rules`, rulesFile(folder, 'few', few))
  const manyRules = await start(`the same, ${count(many)} rules`, rulesFile(folder, 'many', many))
  const inSqlite = await start(`the same, ${few} rules and a quota in SQLite`, counted)
  const valkey = await startValkey()
  let inValkey: Subject | undefined
  if (typeof valkey !== 'string') {
    stack.use(valkey)
    const server = stack.use(
      await startGatehouse(18_510, '', { ...counted, STORE_URL: valkey.url }),
    )
    const name = `Gatehouse, the same, ${few} rules and a quota in Valkey`
    inValkey = { name, origin: server.origin, headers: browserHeaders(valkey.cookie) }
  }
  const http = stack.use(await startBare('http', 18_481, fewRules))
  const bare = { ...fewRules, name: 'bare `node:http`', origin: http.origin }
  const subjects = { bare, fewRules, manyRules, inSqlite, ...(inValkey && { inValkey }) }
  const measured = await inTurn(subjects)
  const base = measured.fewRules
  const cost = ratio(base, measured.manyRules)
  return {
    servers: Object.values(measured),
    rows: [
      atMost(1.2, `cost of a session hit with ${count(many)} rules against ${few}`, cost, times),
      rate('SQLite', measured.inSqlite, base),
      measured.inValkey
        ? rate('Valkey', measured.inValkey, base)
        : information(
            'requests/s, each counted in Valkey',
            `**NOT MEASURED: Docker starts no Valkey** (${valkey})`,
          ),
    ],
  }
}

function rate(store: string, measured: Measured, base: Measured): Row {
  return information(
    `requests/s, each counted in ${store} (against none counted)`,
    `${count(medianOf(measured, 'requestsPerSecond'))} (${times(ratio(measured, base))})`,
  )
}
