import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderReference } from '../../../src/cli/reference.ts'
import { describeVariable, sections, variableNames } from '../../../src/config/variables.ts'

test('the reference on disk is what `npm run docs` writes', () => {
  const url = new URL('../../../docs/reference/configuration.md', import.meta.url)
  expect(readFileSync(url, 'utf8')).toBe(renderReference())
})

test('it names every variable and every other name once', () => {
  const rows = renderReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.map((row) => row.split('`')[1])).toEqual(variableNames)
  variableNames.forEach((name, index) => {
    const { aliases = [], joined } = describeVariable(name)
    for (const alias of [...aliases, ...(joined?.names ?? [])])
      expect(rows[index]).toContain(`\`${alias}\``)
  })
})

test('every variable is in a section', () => {
  expect(Object.values(sections).flatMap(Object.keys)).toEqual(variableNames)
})
