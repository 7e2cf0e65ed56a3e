import { parse, TomlError } from 'smol-toml'
import type { Environment } from '../../config/environment.ts'
import { Options, type OptionValue, optionName } from './options.ts'

const prefix = 'OAUTH2_PROXY_'

/** Reads the environment of oauth2-proxy. A text says why it cannot be taken. */
export function optionsOfEnvironment(env: Environment): Options | string {
  const entries = Object.entries(env)
    .filter(([name, value]) => name.startsWith(prefix) && value)
    .map(([name, value = '']) => [optionName(name.slice(prefix.length)), value] as const)
  if (entries.length === 0) return `there is no variable that begins with ${prefix}`
  return checked(new Map(entries), (name) => prefix + name.toUpperCase())
}

/** Reads its configuration file, or a file with its command line. A text says why it cannot be taken. */
export function optionsOfFile(text: string): Options | string {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*(?:#.*)?$/.test(line))
  if (lines.some((line) => flagForm.test(line)))
    return checked(optionsOfFlags(lines), (name) => `--${name.replaceAll('_', '-')}`)
  try {
    return checked(optionsOfToml(text), (name) => name)
  } catch (error) {
    const line = error instanceof TomlError ? `line ${error.line} is not TOML` : 'it is not TOML'
    return `${line}; its YAML ("alpha") configuration is not read: give the options that it stands for`
  }
}

function optionsOfToml(text: string): Map<string, OptionValue> {
  const entries = Object.entries(parse(text)).map(
    ([name, value]) =>
      [optionName(name), Array.isArray(value) ? value.map(String) : String(value)] as const,
  )
  return new Map(entries)
}

/** One flag on a line, as in a script or under `args` of a manifest. */
const flagForm = /^\s*(?:-\s+)?(["']?)--?([a-z][a-z0-9-]+)(?:[= ](.*?))?\1\s*,?\s*\\?\s*$/

function optionsOfFlags(lines: readonly string[]): Map<string, OptionValue> {
  const values = new Map<string, string[]>()
  for (const line of lines) {
    const [, , flag, value = 'true'] = flagForm.exec(line) ?? []
    if (flag === undefined) continue
    const name = optionName(flag)
    const text = value.replace(/^(["'])(.*)\1$/, '$2')
    values.set(name, [...(values.get(name) ?? []), text])
  }
  // One alone may still be a list with commas.
  return new Map([...values].map(([name, texts]) => [name, texts.length > 1 ? texts : `${texts}`]))
}

/** What is printed goes into lines: nothing of the source may begin another one. */
function checked(
  values: ReadonlyMap<string, OptionValue>,
  spelled: (name: string) => string,
): Options | string {
  for (const [name, value] of values) {
    if (!/^\w+$/.test(name)) return `${JSON.stringify(name)} is no name of an option`
    if (/\p{Cc}/u.test([value].flat().join('').trim()))
      return `the value of ${spelled(name)} has line breaks or other control characters`
  }
  return new Options(values, spelled)
}
