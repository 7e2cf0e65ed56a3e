import { describe, expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { run } from '../../../src/cli/run.ts'
import { recordingTerminal } from './recording-terminal.ts'

async function runWith(...args: string[]) {
  const { terminal, lines, errors } = recordingTerminal()
  return { code: await run(args, {}, terminal), lines, errors }
}

test.each([['help'], ['--help'], ['-h'], ['check', '--help']])(
  '%s explains the commands',
  async (...args) => {
    const { code, lines, errors } = await runWith(...args)
    expect(code).toBe(0)
    expect(errors).toEqual([])
    for (const command of ['serve', 'check', 'headers', 'demo', 'sample-app', 'health', 'help'])
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^ {2}${command}\\b`)))
  },
)

test.each(['--version', '-v'])('%s is that of the package', async (flag) => {
  expect(await runWith(flag)).toEqual({ code: 0, lines: [packageJson.version], errors: [] })
})

describe('wrong usage is told with the usage, and exits with 64', () => {
  test.each([
    [['start'], 'gatehouse: "start" is no command'],
    [['constructor'], 'gatehouse: "constructor" is no command'],
    [['check', 'all'], 'gatehouse: check takes no "all"'],
    [['serve', 'now'], 'gatehouse: serve takes no "now"'],
    [['--port=1'], "gatehouse: Unknown option '--port'"],
    [['headers'], 'gatehouse: headers knows traefik, kong, nginx, caddy, haproxy, envoy'],
    [['headers', 'apache'], 'gatehouse: headers knows traefik, kong, nginx, caddy, haproxy, envoy'],
    [['headers', 'traefik', 'caddy'], 'gatehouse: headers takes no "caddy"'],
  ])('%j', async (args, message) => {
    const { code, lines, errors } = await runWith(...args)
    expect(code).toBe(64)
    expect(lines).toEqual([])
    expect(errors[0]).toContain(message)
    expect(errors).toContainEqual(expect.stringMatching(/^Usage: gatehouse/))
  })
})

test.each(['traefik', 'kong', 'nginx', 'caddy', 'haproxy', 'envoy'])(
  'headers %s prints a recipe',
  async (proxy) => {
    const { code, lines, errors } = await runWith('headers', proxy)
    expect({ code, errors }).toEqual({ code: 0, errors: [] })
    expect(lines.length).toBeGreaterThan(20)
  },
)
