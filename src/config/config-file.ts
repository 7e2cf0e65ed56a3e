import { createRequire } from 'node:module'
import type { DefinedError } from 'ajv'
import { distance } from 'fastest-levenshtein'
import { type Environment, fileOf, type ReadFile, reasonOf } from './environment.ts'
import { foreignKeys, patternFaults } from './file-forms.ts'
import { type ConfigFile, fileSchema } from './file-schema.ts'
import { type Findings, quoted } from './problem.ts'
import { enumAdvice } from './rule-schema.ts'

// Only where there is a file: most installations have none, and the two would take ten megabytes.
const requireLater = createRequire(import.meta.url)
const yaml = () => requireLater('yaml') as typeof import('yaml')
const ajv = () => requireLater('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')

/**
 * Reads `CONFIG_FILE` (YAML 1.2, of which JSON is a part), puts variables in place of `${env.NAME}` and
 * `${env.NAME:default}`, and checks it against its schema. Undefined with a problem; each names its
 * path in the file.
 */
export function readConfigFile(
  path: string,
  env: Environment,
  readFile: ReadFile,
  findings: Findings,
): ConfigFile | undefined {
  const text = textOf(path, readFile, findings)
  if (text === undefined) return
  const parsed = parse(text)
  if ('fault' in parsed)
    return findings.refuse('CONFIG_FILE', `${fileOf(path)} is not YAML: ${parsed.fault}`)
  const before = findings.problems.length
  const content = substituted(parsed.content, '', env, findings)
  if (findings.problems.length > before) return
  const problems = faultsOf(content)
  for (const { at, message } of problems) findings.refuse(at || 'CONFIG_FILE', message)
  return problems.length === 0 ? (content as ConfigFile) : undefined
}

function textOf(path: string, readFile: ReadFile, findings: Findings): string | undefined {
  try {
    return readFile(path)
  } catch (error) {
    return findings.refuse('CONFIG_FILE', `${fileOf(path)} cannot be read (${reasonOf(error)})`)
  }
}

function parse(text: string): { readonly content: unknown } | { readonly fault: string } {
  const document = yaml().parseDocument(text, { uniqueKeys: true })
  const [error] = document.errors
  if (error) {
    const [place] = error.linePos ?? []
    return { fault: `${place ? `line ${place.line}: ` : ''}${error.message.split('\n')[0]}` }
  }
  try {
    return { content: document.toJS({ maxAliasCount: 100 }) ?? {} }
  } catch (cause) {
    // Aliases without their anchors, or so many that the file would fill the memory.
    return { fault: cause instanceof Error ? cause.message : 'it cannot be read' }
  }
}

const reference = /\$\{env\.([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g

/** The same with variables of the environment in the texts; keys stay as they are. */
function substituted(value: unknown, at: string, env: Environment, findings: Findings): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(reference, (_all, name: string, fallback: string | undefined) => {
      const text = env[name] || fallback
      if (text === undefined)
        findings.refuse(
          at || 'CONFIG_FILE',
          `needs the variable ${name}, which is not set; set it, or write \${env.${name}:default}`,
        )
      return text ?? ''
    })
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => substituted(item, `${at}[${i}]`, env, findings))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      substituted(item, at === '' ? key : `${at}.${key}`, env, findings),
    ]),
  )
}

interface Fault {
  readonly at: string
  readonly message: string
}

function faultsOf(content: unknown): Fault[] {
  const { Ajv2020 } = ajv()
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(fileSchema)
  if (validate(content)) return []
  const faults = (validate.errors as DefinedError[]).flatMap((error) => faultOf(error) ?? [])
  // What fails one of several forms is reported for each of them.
  return faults.filter(({ at, message }, i) => {
    return faults.findIndex((other) => other.at === at && other.message === message) === i
  })
}

/** An error of the schema in an operator's words. */
function faultOf(error: DefinedError): Fault | undefined {
  const at = pathOf(error.instancePath)
  switch (error.keyword) {
    case 'additionalProperties': {
      const { additionalProperty: name } = error.params
      const known = Object.keys(error.parentSchema?.properties ?? propertiesAt(error.schemaPath))
      const near = known.find((candidate) => distance(candidate, name) <= 2)
      const advice = near ? `did you mean ${near}?` : `known: ${known.join(', ')}`
      const message = foreignKeys[name] ?? `is not known; ${advice}`
      return { at: at === '' ? name : `${at}.${name}`, message }
    }
    case 'required':
      return { at: `${at}.${error.params.missingProperty}`, message: 'is missing' }
    case 'type':
      return { at, message: `is not of the type ${error.params.type}` }
    case 'enum': {
      const { allowedValues: allowed } = error.params
      const advice = enumAdvice.get(allowed)
      return { at, message: `is none of ${allowed.join(', ')}${advice ? `; ${advice}` : ''}` }
    }
    case 'minItems':
    case 'minProperties':
      return { at, message: 'lists nothing' }
    case 'pattern': {
      const { propertyName: name } = error
      const place = [at, name].filter((part) => part !== undefined && part !== '').join('.')
      return { at: place, message: patternFaults[error.params.pattern] ?? 'is of another form' }
    }
    // Those within say what is wrong.
    case 'anyOf':
    case 'propertyNames':
      return
    default:
      return { at, message: error.message ?? quoted(error.keyword) }
  }
}

/** `/apps/grafana/hosts/0` as `apps.grafana.hosts[0]`. */
function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, step) => {
      if (/^\d+$/.test(step)) return `${path}[${step}]`
      return path === '' ? step : `${path}.${step}`
    }, '')
}

/** The properties that a place of the schema knows. */
function propertiesAt(schemaPath: string): Readonly<Record<string, unknown>> {
  const steps = schemaPath.split('/').slice(1, -1)
  let place: unknown = fileSchema
  for (const step of steps) place = (place as Record<string, unknown>)[step]
  return ((place as { properties?: Record<string, unknown> }).properties ?? {}) as Record<
    string,
    unknown
  >
}
