import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadSettings } from '../../../src/config/load.ts'

const folder = new URL('../../../docs/how-to/providers/', import.meta.url)
const pages = readdirSync(folder).filter((name) => name !== 'README.md')
const read = (page: string) => readFileSync(new URL(page, folder), 'utf8')

/** What is there whatever the provider. */
const rest = {
  PUBLIC_URL: 'https://auth.example.com',
  SESSION_SECRET: 'p9wGk2vRzqXh4sYcT7mNfBdJ8uLeWa3V',
  OIDC_CLIENT_ID: 'gatehouse',
  OIDC_CLIENT_SECRET: 'client-secret-client-secret-1234',
}

/** The settings of each block to paste, with something in place of what stands in angle brackets. */
function blocks(page: string): Record<string, string>[] {
  return [...read(page).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) =>
    Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line) => line.replaceAll(/<[^>]+>/g, 'acme'))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    ),
  )
}

test('each provider has a page with settings, which the index links', () => {
  expect(pages.filter((page) => blocks(page).length === 0)).toEqual([])
  const linked = [...read('README.md').matchAll(/\]\((\w+\.md)\)/g)].map(([, page]) => page)
  expect(linked.toSorted()).toEqual(pages.toSorted())
})

test.each(pages)('%s: what it says to paste is accepted without a warning', (page) => {
  for (const block of blocks(page)) {
    const loaded = loadSettings({ ...rest, ...block })
    expect(loaded).toMatchObject({ kind: 'ok', warnings: [] })
  }
})

test.each(['google.md', 'gitlab.md'])('%s: without its ALLOW the start is refused', (page) => {
  const { ALLOW: _, ...block } = blocks(page).at(-1) ?? {}
  expect(loadSettings({ ...rest, ...block })).toMatchObject({
    kind: 'problems',
    problems: [expect.objectContaining({ variable: 'ALLOW' })],
  })
})
