import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureRules } from './rule-parts.ts'
import { measureHits, measureStart, measureStores, measureWithApps } from './session-parts.ts'
import { pageOf, type Results } from './table.ts'
import { measureAccessTokens } from './token-parts.ts'

/**
 * Prints the tables and writes them to docs/benchmarks.md. With names of parts as arguments, only those
 * run, and nothing is written. Exits with 1 where a target is missed.
 */
const parts: Readonly<Record<string, (folder: string) => Promise<Results>>> = {
  hits: measureHits,
  apps: measureWithApps,
  tokens: measureAccessTokens,
  rules: measureRules,
  start: measureStart,
  stores: measureStores,
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(parts, name))
if (unknown !== undefined)
  throw new Error(`${unknown} is none of the parts ${Object.keys(parts).join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
try {
  const results: Results[] = []
  for (const [name, measure] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    process.stderr.write(`${new Date().toISOString()} ${name}\n`)
    results.push(await measure(folder))
  }
  const page = pageOf(results)
  process.stdout.write(page)
  if (wanted.length === 0) writeFileSync(new URL('../../docs/benchmarks.md', import.meta.url), page)
  const rows = results.flatMap((part) => part.rows)
  if (rows.some(({ target }) => target && !target.met)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
