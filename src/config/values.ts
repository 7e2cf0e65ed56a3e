import type { Readings } from './environment.ts'
import { type Findings, quoted } from './problem.ts'
import {
  describeVariable,
  type Values,
  type Variable,
  type VariableName,
  variableNames,
} from './variables.ts'

/**
 * Turns texts into values of the types the schema states, with its defaults. A text that is not of
 * its type is a problem; for the checks that follow, its variable then counts as unset.
 */
export function readValues(readings: Readings, findings: Findings): Values {
  const values: Partial<Record<VariableName, unknown>> = {}
  for (const name of variableNames) {
    const variable = describeVariable(name)
    const texts = readings.get(name)?.texts
    const value = texts && readTexts(name, variable, texts, findings)
    values[name] = value ?? variable.default
  }
  // The type is derived from the same schema that just decided every value.
  return values as Values
}

function readTexts(
  name: VariableName,
  variable: Variable,
  texts: readonly string[],
  findings: Findings,
): string | number | boolean | string[] | undefined {
  if (variable.type === 'array') return readList(name, variable, texts, findings)
  const text = texts[0] ?? ''
  const refused = refusal(variable, text)
  if (refused !== undefined) return findings.refuse(name, refused, variable.examples?.[0])
  if (variable.type === 'integer') return Number(text)
  if (variable.type === 'boolean') return text.toLowerCase() === 'true'
  return text
}

function readList(
  name: VariableName,
  variable: Variable,
  texts: readonly string[],
  findings: Findings,
): string[] | undefined {
  const plain = variable.lines ? texts.map(withoutComments) : texts
  const items = plain.flatMap((text) => text.split(',').map((item) => item.trim()))
  const named = [...new Set(items.filter((item) => item !== ''))]
  if (named.length === 0) return findings.refuse(name, 'lists nothing', variable.examples?.[0])
  const allowed = variable.items && 'enum' in variable.items ? variable.items : {}
  for (const item of named) {
    const refused = refusal({ ...variable, ...allowed, type: 'string' }, item)
    if (refused !== undefined) return findings.refuse(name, refused, variable.examples?.[0])
  }
  return named
}

/** A list of lines as one with commas. */
function withoutComments(text: string): string {
  return text.replaceAll(/(?<=^|\s)#.*/gm, '').replaceAll(/\r?\n/g, ',')
}

/** Why a text is no value of its variable, in an operator's words; undefined where it is one. */
function refusal(variable: Variable, text: string): string | undefined {
  if (variable.refused && Object.hasOwn(variable.refused, text)) return variable.refused[text]
  if (variable.enum && !variable.enum.includes(text))
    return `${quoted(text)} is none of ${variable.enum.join(', ')}`
  if (variable.type === 'boolean' && !/^(true|false)$/i.test(text))
    return `${quoted(text)} is neither true nor false`
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = variable
  if (
    variable.type === 'integer' &&
    !(/^\d{1,15}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum)
  )
    return `${quoted(text)} is not a whole number from ${minimum} to ${maximum}`
  return undefined
}
