import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const loadCore = '1'

/** One run of load. */
export interface Load {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Loads a URL with wrk for some seconds over 32 connections.
 *
 * @throws Error where wrk is missing, or an answer was not 2xx
 */
export async function load(
  url: string,
  seconds: number,
  headers: Readonly<Record<string, string>>,
  script?: string,
): Promise<Load> {
  const header = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const lua = script === undefined ? [] : ['-s', script]
  const args = ['-c', loadCore, 'wrk', '-t1', '-c32', `-d${seconds}s`, '--latency', ...lua]
  const { stdout } = await promisify(execFile)('taskset', [...args, ...header, url]).catch(
    (cause: unknown) => {
      throw new Error('wrk does not run: install it (Debian: apt-get install wrk)', { cause })
    },
  )
  if (/Non-2xx/.test(stdout)) throw new Error(`${url} did not answer 200 throughout:\n${stdout}`)
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50Ms: milliseconds(/50%\s+([\d.]+)(us|ms|s)/.exec(stdout)),
    p99Ms: milliseconds(/99%\s+([\d.]+)(us|ms|s)/.exec(stdout)),
  }
}

function milliseconds(match: RegExpExecArray | null): number {
  const units: Record<string, number> = { us: 0.001, ms: 1, s: 1_000 }
  return Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN)
}

/** A script that sends each of many values of a header in turn, around and around. */
export function scriptOver(header: string, values: readonly string[]): string {
  return `
local values = { ${values.map((value) => JSON.stringify(value)).join(', ')} }
local i = 0
request = function()
  i = i % #values + 1
  wrk.headers["${header}"] = values[i]
  return wrk.format(nil)
end
`
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
