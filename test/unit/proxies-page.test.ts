import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { cases } from '../e2e/proxies/cases.ts'
import { proxies } from '../e2e/proxies/proxies.ts'
import { table } from '../e2e/proxies/table.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const titles = cases.map(({ title }) => title)

describe('docs/proxies.md', () => {
  test('has the table of the suite: every case, every proxy, every note', () => {
    expect(read('docs/proxies.md')).toContain(`\n${table(cases, proxies)}\n`)
  })

  test('names the proxies that are tested only where their image is', () => {
    for (const { image, optional } of proxies) {
      if (optional) expect(read('docs/proxies.md')).toContain(`\`${image}\``)
    }
  })
})

test('no two cases have one title', () => {
  expect(titles).toEqual([...new Set(titles)])
})

describe.each(proxies)(
  '$name',
  ({ composeFile = 'docker-compose.yml', folder, image, notes = {}, optional }) => {
    test('has notes to cases that there are', () => {
      expect(titles).toEqual(expect.arrayContaining(Object.keys(notes)))
    })

    if (optional) return
    test('has the image of deploy/', () => {
      const { services } = parse(read(`deploy/${folder}/${composeFile}`))
      expect(services[folder].image).toBe(image)
    })
  },
)
