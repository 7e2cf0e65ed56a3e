import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderFileReference, renderFileSchema } from '../../../src/cli/file-reference.ts'
import { renderReference } from '../../../src/cli/reference.ts'
import { describeVariable, sections, variableNames } from '../../../src/config/variables.ts'
import { problemsOf } from '../config/environments.ts'

test('the reference on disk is what `npm run docs` writes', () => {
  const url = new URL('../../../docs/reference/configuration.md', import.meta.url)
  expect(readFileSync(url, 'utf8')).toBe(renderReference())
})

test.each([
  ['configuration-file.md', renderFileReference],
  ['gatehouse.schema.json', renderFileSchema],
])('so is %s', (file, render) => {
  const url = new URL(`../../../docs/reference/${file}`, import.meta.url)
  expect(readFileSync(url, 'utf8')).toBe(render())
})

test('the example of the configuration file is one', () => {
  const yaml = /```yaml\n(.*?)```/s.exec(renderFileReference())?.[1] ?? ''
  const changes = { COOKIE_DOMAIN: 'example.com', CONFIG_FILE: '/f', PARTNER_SECRET: 'x' }
  expect(problemsOf(changes, { '/f': yaml })).toEqual([])
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
