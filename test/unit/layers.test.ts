import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = new URL('../..', import.meta.url).pathname

/** From the highest to the lowest; a folder imports from lower layers and from itself only. */
const layers = [
  ['cli'],
  ['http'],
  ['validate'],
  ['oidc', 'mcp', 'proxies', 'rules', 'sessions', 'bearer', 'quotas'],
  ['issuers', 'storage', 'telemetry'],
  ['config'],
  ['model', 'lib'],
]
const folders = layers.flat()
const layerOf = (folder: string) => layers.findIndex((layer) => layer.includes(folder))

/** Files by their path, each with the one module it imports. */
const imports = new Map<string, string>()
const mayImport = (file: string, module: string) => {
  imports.set(file, module)
  return file
}

const allowed: string[] = []
const forbidden: string[] = []
for (const from of folders) {
  for (const to of folders.filter((folder) => folder !== from)) {
    const list = layerOf(from) < layerOf(to) ? allowed : forbidden
    list.push(mayImport(`src/${from}/imports-${to}.ts`, `../${to}/x.ts`))
  }
  allowed.push(mayImport(`src/${from}/imports-itself.ts`, './x.ts'))
  allowed.push(mayImport(`src/${from}/imports-node.ts`, 'node:net'))
  for (const upper of ['services', 'main']) {
    const list = from === 'cli' ? allowed : forbidden
    list.push(mayImport(`src/${from}/imports-${upper}.ts`, `../${upper}.ts`))
  }
  for (const name of ['fastify', 'fastify-plugin', '@fastify/cookie']) {
    const list = from === 'http' ? allowed : forbidden
    list.push(mayImport(`src/${from}/imports-${name.replace('/', '-')}.ts`, name))
  }
}
for (const [module, list] of [
  ['../../oidc/x.ts', allowed],
  ['../../lib/x.ts', allowed],
  ['../pages/x.ts', allowed],
  ['../parts.ts', allowed],
  ['../../services.ts', forbidden],
  ['../../cli/x.ts', forbidden],
] as const) {
  list.push(mayImport(`src/http/routes/imports${module.replaceAll(/\W+/g, '-')}.ts`, module))
}
forbidden.push(mayImport('src/services.ts', './cli/x.ts'))
forbidden.push(mayImport('src/main.ts', 'fastify'))

const cycles: Readonly<Record<string, string>> = {
  'src/model/one.ts': "import { two } from './two.ts'\n\nexport const one = two\n",
  'src/model/two.ts': "import { one } from './one.ts'\n\nexport const two = one\n",
  'src/lib/left.ts': "import type { Right } from './right.ts'\n\nexport type Left = Right[]\n",
  'src/lib/right.ts': "import type { Left } from './left.ts'\n\nexport type Right = Left[]\n",
}

let directory: string
/** What the linter found, as `rule file`. */
let found: string[]

beforeAll(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-layers-')))
  await copyFile(join(root, 'biome.json'), join(directory, 'biome.json'))
  const sources = [...imports].map(
    ([file, module]) => [file, `import * as x from '${module}'\n\nexport const y = x\n`] as const,
  )
  for (const [file, text] of [...sources, ...Object.entries(cycles)]) {
    await mkdir(dirname(join(directory, file)), { recursive: true })
    await writeFile(join(directory, file), text)
  }
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
  const options = ['lint', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none']
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [biome, ...options], { cwd: directory }, (_error, stdout) =>
      resolve(stdout),
    )
  })
  const lines = output.matchAll(/^::error title=lint\/\w+\/(\w+),file=([^,]+),/gm)
  found = [...lines].map(([, rule, file = '']) => `${rule} ${relative(directory, file)}`)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('the linter', () => {
  test('finds every import of a layer that is not lower, and of Fastify outside src/http', () => {
    const restricted = found.filter((it) => it.startsWith('noRestrictedImports '))
    expect(restricted.map((it) => it.split(' ')[1]).sort()).toEqual([...forbidden].sort())
  })

  test('has nothing against the others', () => {
    expect(allowed.length).toBeGreaterThan(100)
    expect(found.filter((it) => allowed.includes(it.split(' ')[1] ?? ''))).toEqual([])
  })

  test('finds imports that go round in circles, of types too', () => {
    const circular = found.filter((it) => it.startsWith('noImportCycles '))
    expect(circular.sort()).toEqual(
      Object.keys(cycles)
        .map((file) => `noImportCycles ${file}`)
        .sort(),
    )
  })
})
