import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { testsByThreat, threatSections } from '../support/threat-index.ts'

const page = readFileSync(new URL('../../docs/threats.md', import.meta.url), 'utf8')
const rows = new Map(
  [...page.matchAll(/^\| ([A-Z]-\d\d) \|.*\|([^|]*)\|$/gm)].map(([, id = '', shownBy = '']) => [
    id,
    shownBy.trim(),
  ]),
)
const tests = testsByThreat()

describe('docs/threats.md', () => {
  test('has every id of the catalogue', () => {
    const missing = Object.entries(threatSections).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}-${String(i + 1).padStart(2, '0')}`).filter(
        (id) => !rows.has(id) && !page.includes(`${letter}-01 to ${letter}-${count}`),
      ),
    )
    expect(missing).toEqual([])
  })

  test.each([...rows])('%s names the tests there are, or says why there is none', (id, shownBy) => {
    const named = [...shownBy.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file]) => `test/${file}`)
    expect(named).toEqual(tests.get(id) ?? [])
    if (named.length === 0) expect(shownBy).toMatch(/^not yet: /)
  })
})
