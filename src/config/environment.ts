import { readFileSync } from 'node:fs'
import { type Findings, quoted } from './problem.ts'
import { describeVariable, type Variable, type VariableName, variableNames } from './variables.ts'

/** Names and values as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads a text file; throws where it cannot. */
export type ReadFile = (path: string) => string

/** Where a value came from. */
export interface Source {
  /** Name of the environment variable, `…_FILE` included. */
  readonly name: string
  /** Path of the file it named. */
  readonly path?: string
}

/** The text of one variable. Lists have one text for each source, other variables exactly one. */
export interface Reading {
  readonly texts: readonly string[]
  readonly sources: readonly Source[]
}

export type Readings = ReadonlyMap<VariableName, Reading>

interface Found {
  readonly text: string
  readonly sources: readonly Source[]
}

export const readTextFile: ReadFile = (path) => readFileSync(path, 'utf8')

/**
 * Reads every known variable under its own name, its aliases and their `_FILE` forms.
 * Empty values count as unset; what is unset is absent from the result.
 */
export function readEnvironment(
  env: Environment,
  readFile: ReadFile,
  findings: Findings,
): Readings {
  const readings = new Map<VariableName, Reading>()
  for (const name of variableNames) {
    const variable = describeVariable(name)
    const found = [name, ...(variable.aliases ?? [])].flatMap((known) =>
      readNamed(known, variable.secret === true, env, readFile, findings),
    )
    if (variable.joined)
      found.push(...readJoined(variable.joined, found.length > 0, env, readFile, findings))
    const first = found[0]
    if (first === undefined) continue
    if (variable.type === 'array' && !variable.oneSource) {
      readings.set(name, {
        texts: found.map(({ text }) => text),
        sources: found.flatMap(({ sources }) => sources),
      })
      continue
    }
    const other = found.find(({ text }) => text !== first.text)
    if (other) {
      findings.refuse(
        name,
        `${nameSources(first.sources)} and ${nameSources(other.sources)} give different values; keep one of them`,
      )
    }
    readings.set(name, { texts: [first.text], sources: first.sources })
  }
  return readings
}

/** The value of `NAME` and the contents of the file in `NAME_FILE`, where they are set. */
function readNamed(
  name: string,
  secret: boolean,
  env: Environment,
  readFile: ReadFile,
  findings: Findings,
): Found[] {
  const found: Found[] = []
  const add = (text: string, source: Source) => {
    const kept = secret ? text : text.trim()
    if (kept !== '') found.push({ text: kept, sources: [source] })
  }
  add(env[name] ?? '', { name })
  const fileVariable = `${name}_FILE`
  const path = env[fileVariable]
  if (!path) return found
  try {
    const text = readFile(path).replace(/\r?\n$/, '')
    if (text.includes('\uFFFD'))
      findings.refuse(fileVariable, 'the file it names is not UTF-8 text')
    else if (text.trim() === '') findings.refuse(fileVariable, 'the file it names is empty')
    else add(text, { name: fileVariable, path })
  } catch (error) {
    findings.refuse(fileVariable, `${fileOf(path)} cannot be read (${reasonOf(error)})`)
  }
  return found
}

/**
 * One value from two variables, such as the URL of a server and the name of a realm on it. One without
 * the other says nothing; `given` is true where the value is known without them.
 */
function readJoined(
  { names, by }: NonNullable<Variable['joined']>,
  given: boolean,
  env: Environment,
  readFile: ReadFile,
  findings: Findings,
): Found[] {
  const [base, part] = names.map((name) => readNamed(name, false, env, readFile, findings)[0])
  if (base && part) {
    const text = base.text.replace(/\/+$/, '') + by + encodeURIComponent(part.text.toWellFormed())
    return [{ text, sources: [...base.sources, ...part.sources] }]
  }
  if (!base && !part) return []
  const [name, other] = base ? names : names.toReversed()
  if (given) findings.warn(`${name}`, `has no effect without ${other}`)
  else findings.refuse(`${name}`, `has no effect without ${other}; set both, or neither`)
  return []
}

/** A path as a message may show it: a secret that was put in place of one is not shown. */
export function fileOf(path: string): string {
  return /^(\/|\.\.?\/|[A-Za-z]:\\)/.test(path) ? `the file ${quoted(path)}` : 'the file it names'
}

/** What an error of reading a file is, in one word. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
}

function nameSources(sources: readonly Source[]): string {
  return sources.map(({ name }) => name).join(' + ')
}
