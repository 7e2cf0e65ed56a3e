import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeVariable, variableNames } from '../../src/config/variables.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const root = new URL('../..', import.meta.url).pathname
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pagesIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

const readme = read('README.md')
const compose = read('traefik/docker-compose.yml')
const howTos = [...pagesIn('docs/how-to'), ...pagesIn('docs/how-to/providers')]
const decisions = pagesIn('docs/decisions')

describe('README.md', () => {
  test('its first code block is traefik/docker-compose.yml', () => {
    expect(/^```yaml\n(.*?)^```$/ms.exec(readme)?.[1]).toBe(compose)
    expect(readme.indexOf('```yaml')).toBe(readme.indexOf('```'))
  })

  test('that file is one that people read: at most 32 lines', () => {
    expect(compose.trimEnd().split('\n').length).toBeLessThanOrEqual(32)
  })

  test('its table has every identity header, in their order', () => {
    const rows = [...readme.matchAll(/^\| `(x-[a-z-]+)` \|/gm)].map(([, name]) => name)
    expect(rows).toEqual(identityHeaderNames)
  })
})

describe('traefik/', () => {
  test('H-01 both files name every identity header', () => {
    const label = /authResponseHeaders: (\S+)/.exec(compose)?.[1]
    expect(label?.split(',')).toEqual(identityHeaderNames)
    const items = [...read('traefik/gatehouse.yml').matchAll(/^ +- (\S+)$/gm)]
    expect(items.map(([, name]) => name)).toEqual(identityHeaderNames)
  })
})

/** Names that look like ours and belong to other programs, or stand for any. */
const others =
  /^(?:NAME_FILE|NODE_EXTRA_CA_CERTS|NODE_OPTIONS|AUTH_URL|KC_\w+|KONG_\w+|PARTNER_SECRET|OIDC_PARTNER_\w+|GATEHOUSE_CLIENT_ID|GATEHOUSE_KEYRING|XDG_CONFIG_HOME)$/

const ours = new Set([
  ...variableNames.flatMap((name) => {
    const { aliases = [], joined } = describeVariable(name)
    return [name, ...aliases, ...(joined?.names ?? [])]
  }),
])

test.each(['README.md', ...howTos])('%s names settings that exist', (page) => {
  const named = read(page).match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? []
  const unknown = named.filter(
    (name) => !others.test(name) && !ours.has(name) && !ours.has(name.replace(/_FILE$/, '')),
  )
  expect(named.length).toBeGreaterThan(0)
  expect(unknown).toEqual([])
})

test('docs/how-to/operate.md explains every metric of the gateway, and no other', () => {
  const page = read('docs/how-to/operate.md')
  const explained = [...page.matchAll(/^\| `(gatehouse_\w+)` \|/gm)].map(([, name]) => name)
  const known = createMetrics().registry.getMetricsAsArray()
  const own = known.map(({ name }) => name).filter((name) => name.startsWith('gatehouse_'))
  expect(explained).toEqual(own)
})

test('docs/decisions/README.md lists every decision by its title', () => {
  const entries = [...read('docs/decisions/README.md').matchAll(/^- \[(.+)\]\((.+)\)$/gm)]
  const listed = entries.map(([, title, file]) => [`docs/decisions/${file}`, title])
  const titles = decisions
    .filter((path) => !path.endsWith('README.md'))
    .map((path) => [path, /^# (.+)$/m.exec(read(path))?.[1]])
  expect(listed).toEqual(titles)
})

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  'src/README.md',
  'keycloak/README.md',
  ...pagesIn('docs'),
  ...pagesIn('docs/reference'),
  ...howTos,
  ...decisions,
]

test.each(['src/README.md', 'docs/architecture.md', 'CONTRIBUTING.md', ...decisions])(
  '%s names files that exist',
  (page) => {
    const named = [...read(page).matchAll(/`([\w./-]+\.(?:ts|json))`/g)].map(
      ([, name]) => name ?? '',
    )
    const places = ['', 'src'].map((folder) => join(root, folder))
    const missing = named.filter((name) => !places.some((place) => existsSync(join(place, name))))
    expect(missing).toEqual([])
  },
)

test.each(pages)('%s leads to files and headings that exist', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
    ([, link]) => link ?? '',
  )
  expect(links.filter((link) => !leadsSomewhere(page, link))).toEqual([])
})

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#')
  const target = path === '' ? page : join(page, '..', path)
  if (!existsSync(join(root, target))) return false
  return heading === undefined || anchorsOf(target).includes(heading)
}

/** The anchors of a page's headings, as GitHub and GitLab make them. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
