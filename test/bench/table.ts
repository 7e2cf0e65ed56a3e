import { cpus } from 'node:os'
import { type Measured, medianOf, ratio } from './throughput.ts'

/** What a part of the benchmark says. */
export interface Results {
  /** Servers, the bare one that they are compared with first. */
  readonly servers?: readonly Measured[]
  readonly rows: readonly Row[]
}

export interface Row {
  readonly what: string
  readonly measured: string
  /** Absent: it is information. */
  readonly target?: { readonly text: string; readonly met: boolean }
}

type Show = (value: number) => string

export const times: Show = (value) => `${value.toFixed(2)}×`
export const milliseconds: Show = (value) => `${value.toFixed(0)} ms`
export const megabytes: Show = (value) => `${value.toFixed(0)} MB`
export const count: Show = (value) => Math.round(value).toLocaleString('en')

/** @param more - what else is known of the value */
export function atLeast(limit: number, what: string, value: number, show: Show, more = ''): Row {
  const target = { text: `at least ${show(limit)}`, met: value >= limit }
  return { what, measured: show(value) + more, target }
}

/** @param more - what else is known of the value */
export function atMost(limit: number, what: string, value: number, show: Show, more = ''): Row {
  const target = { text: `at most ${show(limit)}`, met: value <= limit }
  return { what, measured: show(value) + more, target }
}

export function information(what: string, measured: string): Row {
  return { what, measured }
}

/** The page of the documentation. */
export function pageOf(results: readonly Results[]): string {
  const rows = results.flatMap((part) => part.rows)
  return `# Benchmarks

Written by \`npm run bench\` (Node ${process.versions.node}, ${cpus()[0]?.model.trim()}): one core for the server, one for
the load (wrk, 32 connections), servers in turn, medians over seven rounds. The bare servers send the same
headers as the Gatehouse below them, are sent the same ones, and do nothing else. Numbers of another machine
differ; the ratios should not by much.

| server | requests/s | against bare | p99 ms | p99 against bare |
|---|---|---|---|---|
${results.flatMap(({ servers = [] }) => serverLines(servers)).join('\n')}

| measured | value | target | met |
|---|---|---|---|
${rows.map(lineOf).join('\n')}
`
}

function serverLines(servers: readonly Measured[]): string[] {
  const [bare] = servers
  if (!bare) return []
  return servers.map((server) => {
    const requests = count(medianOf(server, 'requestsPerSecond'))
    const p99 = medianOf(server, 'p99Ms').toFixed(2)
    const against = [ratio(server, bare), ratio(server, bare, 'p99Ms')].map(times)
    return `| ${server.name} | ${requests} | ${against[0]} | ${p99} | ${against[1]} |`
  })
}

function lineOf({ what, measured, target }: Row): string {
  const met = target ? (target.met ? 'yes' : '**no**') : ''
  return `| ${what} | ${measured} | ${target?.text ?? 'for information'} | ${met} |`
}
