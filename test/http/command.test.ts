import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider.ts'
import packageJson from '../../package.json' with { type: 'json' }

const program = new URL('../../src/cli/gatehouse.ts', import.meta.url).pathname

/** Runs the command as its own process, with nothing in its environment but what is given. */
function gatehouse(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: unknown; output: string; errors: string }>((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, output, errors) =>
      resolve({ code: error?.code ?? 0, output, errors }),
    )
  })
}

let identityProvider: IdentityProvider
let folder: string
beforeAll(async () => {
  identityProvider = await startIdentityProvider()
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  await writeFile(join(folder, 'secret'), 'Jx2-kd93_sdkFj39dKslw03jdkWlw93kDlsw02kdQsp\n')
})
afterAll(async () => {
  await identityProvider.close()
  await rm(folder, { recursive: true })
})

function environment(changes: Readonly<Record<string, string>> = {}) {
  return {
    PUBLIC_URL: 'http://localhost:8080',
    OIDC_ISSUER: identityProvider.issuer,
    OIDC_CLIENT_ID: 'gatehouse',
    OIDC_CLIENT_SECRET: 'planted-client-secret',
    SESSION_SECRET_FILE: join(folder, 'secret'),
    STORE_URL: `sqlite:${join(folder, 'gatehouse.db')}`,
    ...changes,
  }
}

describe('gatehouse check', () => {
  test('finds provider, clock and store well', async () => {
    const { code, output, errors } = await gatehouse(['check'], environment())
    expect(errors).toBe('')
    expect(code).toBe(0)
    expect(output).toContain(`ok      discovery of ${identityProvider.issuer}`)
    expect(output).toContain("ok      the clock agrees with the provider's")
    expect(output).toContain('ok      the store answers')
    expect(output).toContain(`SESSION_SECRET_FILE (${join(folder, 'secret')})`)
    expect(output).not.toContain('Jx2-kd93')
    expect(output).not.toContain('planted-client-secret')
  })

  test('reaches the provider by its internal origin', async () => {
    const changes = {
      OIDC_ISSUER: 'http://localhost:1/realms/main',
      OIDC_INTERNAL_URL: identityProvider.origin,
    }
    const { code, output } = await gatehouse(['check'], environment(changes))
    expect(code).toBe(1)
    expect(output).toContain(
      `${identityProvider.origin}/realms/main/.well-known/openid-configuration answered 404`,
    )
  })

  test.each([
    [
      'another issuer',
      () => identityProvider.origin,
      'the document names the issuer "http://localhost:',
    ],
    ['no provider there', () => 'http://localhost:1', 'does not answer'],
  ])('tells of %s', async (_, issuer, message) => {
    const { code, output } = await gatehouse(['check'], environment({ OIDC_ISSUER: issuer() }))
    expect(code).toBe(1)
    expect(output).toContain(`failed  discovery of ${issuer()}: `)
    expect(output).toContain(message)
  })

  test('F-10 tells of a store that is not there, without its password', async () => {
    const changes = { STORE_URL: 'redis://:planted-password@127.0.0.1:1' }
    const { code, output, errors } = await gatehouse(['check'], environment(changes))
    expect(code).toBe(1)
    expect(output).toMatch(/failed {2}the store: .*127\.0\.0\.1:1/)
    expect(output + errors).not.toContain('planted')
  })

  test('exits with 78 where settings are wrong, every problem on its line', async () => {
    const { code, output, errors } = await gatehouse(['check'])
    expect({ code, output }).toEqual({ code: 78, output: '' })
    expect(errors.trim().split('\n')).toHaveLength(5)
  })
})

describe('gatehouse health', () => {
  test.each([
    [200, 0],
    [503, 1],
  ])('a process that answers %i is exit code %i', async (status, exitCode) => {
    const asked: string[] = []
    await using server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.writeHead(status).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    expect(await gatehouse(['health'], { PORT: String(port) })).toMatchObject({
      code: exitCode,
    })
    expect(asked).toEqual(['GET /health'])
  })

  test('no answer is exit code 1', async () => {
    const { code, errors } = await gatehouse(['health'], { PORT: '1' })
    expect({ code, errors }).toEqual({
      code: 1,
      errors: 'http://127.0.0.1:1/health does not answer\n',
    })
  })
})

test('exit codes of the rest', async () => {
  const [version, help, wrong] = await Promise.all([
    gatehouse(['--version']),
    gatehouse(['help']),
    gatehouse(['start']),
  ])
  expect(version).toEqual({ code: 0, output: `${packageJson.version}\n`, errors: '' })
  expect(help).toMatchObject({ code: 0, errors: '' })
  expect(wrong).toMatchObject({ code: 64, output: '' })
})
