import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = new URL('../..', import.meta.url).pathname

/** How many rows each section of the threat catalogue has, by the letter of its ids. */
export const threatSections: Readonly<Record<string, number>> = {
  P: 28,
  H: 14,
  C: 20,
  L: 22,
  O: 12,
  B: 25,
  S: 13,
  D: 12,
  F: 16,
  G: 10,
}

// Titles, also those in tables: strings that begin with ids.
const title = /(['"`])((?:[PHCLOBSDFG]-\d\d(?!\d)[ ,]*(?:and )?)+)/g

/** The test files by the id that a title in them begins with; paths from the project's root. */
export function testsByThreat(): Map<string, string[]> {
  const found = new Map<string, Set<string>>()
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  for (const file of files.filter((name) => /\.test\.ts$|-suite\.ts$/.test(name))) {
    const text = readFileSync(join(root, 'test', file), 'utf8')
    for (const [, , ids = ''] of text.matchAll(title)) {
      for (const id of ids.match(/[A-Z]-\d\d/g) ?? []) {
        const files = found.get(id) ?? new Set()
        files.add(relative(root, join(root, 'test', file)))
        found.set(id, files)
      }
    }
  }
  return new Map([...found].map(([id, files]) => [id, [...files].sort()]))
}
