import type { Case } from './cases.ts'
import type { TestedProxy } from './proxy.ts'

/** What the suite shows, as `docs/proxies.md` has it: a row for each case, and the notes. */
export function table(cases: readonly Case[], proxies: readonly TestedProxy[]): string {
  const tested = proxies.filter(({ optional }) => !optional)
  const notes: string[] = []
  const cell = ({ title, needs }: Case, proxy: TestedProxy) => {
    const result = needs !== undefined && proxy.lacks?.includes(needs) ? '–' : '✓'
    const note = proxy.notes?.[title]
    if (note === undefined) return result
    const known = notes.indexOf(note)
    return `${result} (${(known === -1 ? notes.push(note) - 1 : known) + 1})`
  }
  const rows = [
    ['', ...tested.map(({ name }) => name)],
    ['---', ...tested.map(() => '---')],
    ...cases.map((each) => [each.title, ...tested.map((proxy) => cell(each, proxy))]),
  ]
  const lines = rows.map((row) => `| ${row.join(' | ')} |`)
  return [...lines, '', ...notes.map((note, i) => `${i + 1}. ${note}`)].join('\n')
}
