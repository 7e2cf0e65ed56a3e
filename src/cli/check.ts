import type { Environment } from '../config/environment.ts'
import { type Loaded, loadSettings } from '../config/load.ts'
import { renderProblem } from '../config/problem.ts'
import type { ProviderSettings, Settings } from '../config/settings.ts'
import { siteUrl } from '../model/site.ts'
import { unreachableWarnings } from '../rules/unreachable-rules.ts'
import { effectiveSettings } from './effective-settings.ts'
import { exitCodes, type Terminal } from './terminal.ts'

/** What `gatehouse check` asks of the world. Each rejects with an error an operator understands. */
export interface Probes {
  /** Reads the provider's discovery document; how far its clock is ahead, where it says, in ms. */
  readonly discover: (
    provider: ProviderSettings,
  ) => Promise<{ readonly facts: readonly string[]; readonly aheadMs: number | undefined }>
  /** Resolves when the store answers. */
  readonly pingStore: (settings: Settings) => Promise<void>
}

const toleratedSkewMs = 30_000

/** Shows what the gateway would run with, and tests what it depends on; resolves to the exit code. */
export async function check(env: Environment, probes: Probes, terminal: Terminal): Promise<number> {
  const loaded = loadSettings(env)
  for (const warning of loaded.warnings) terminal.error(`warning: ${renderProblem(warning)}`)
  if (loaded.kind === 'problems') {
    for (const problem of loaded.problems) terminal.error(renderProblem(problem))
    return exitCodes.configuration
  }
  for (const warning of unreachableWarnings(loaded.settings)) terminal.error(`warning: ${warning}`)
  terminal.out('Settings')
  for (const line of effectiveSettings(loaded)) terminal.out(`  ${line}`)
  showRegistrations(loaded, terminal)
  terminal.out('\nTests')
  const outcomes = [
    ...(
      await Promise.all(loaded.settings.providers.map((one) => testProvider(one, probes)))
    ).flat(),
    await testStore(loaded.settings, probes),
  ]
  for (const { verdict, line } of outcomes) terminal.out(`  ${verdict.padEnd(7)} ${line}`)
  return outcomes.some(({ verdict }) => verdict === 'failed') ? exitCodes.failed : exitCodes.ok
}

function showRegistrations({ settings }: Extract<Loaded, { kind: 'ok' }>, terminal: Terminal) {
  if (settings.providers.length === 0) return
  const [first] = settings.providers
  for (const provider of settings.providers) {
    const named = settings.providers.length > 1 ? ` ${provider.name}, ${provider.issuer}` : ''
    const callback = provider === first ? 'callback' : `callback/${provider.name}`
    terminal.out(`\nRegister at the provider${named}`)
    settings.sites.forEach((site, i) => {
      const url = (route: string) => siteUrl(site, `${settings.authPath}/${route}`)
      terminal.out(`  redirect URI               ${url(callback)}`)
      terminal.out(`  post-logout redirect URI   ${url('logged-out')}`)
      // One is enough: it ends the sessions of every site.
      if (i === 0) terminal.out(`  back-channel logout URL    ${url('backchannel-logout')}`)
    })
  }
  terminal.out(
    '  The provider itself calls the back-channel logout URL: it has to reach that address.',
  )
}

interface Outcome {
  readonly verdict: 'ok' | 'warning' | 'failed'
  readonly line: string
}

async function testProvider(provider: ProviderSettings, probes: Probes): Promise<Outcome[]> {
  try {
    const { facts, aheadMs } = await probes.discover(provider)
    return [
      { verdict: 'ok', line: `discovery of ${provider.issuer}` },
      ...facts.map((line): Outcome => ({ verdict: 'warning', line })),
      judgeClock(aheadMs),
    ]
  } catch (error) {
    return [{ verdict: 'failed', line: `discovery of ${provider.issuer}: ${reasonsOf(error)}` }]
  }
}

function judgeClock(aheadMs: number | undefined): Outcome {
  if (aheadMs === undefined)
    return { verdict: 'warning', line: 'the provider sends no Date, so the clock was not compared' }
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  if (Math.abs(aheadMs) <= toleratedSkewMs)
    return { verdict: 'ok', line: "the clock agrees with the provider's" }
  return {
    verdict: 'warning',
    line: `the clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} the provider's; tokens may be refused: synchronise both`,
  }
}

async function testStore(settings: Settings, probes: Probes): Promise<Outcome> {
  try {
    await probes.pingStore(settings)
    return { verdict: 'ok', line: 'the store answers' }
  } catch (error) {
    return { verdict: 'failed', line: `the store: ${reasonsOf(error)}` }
  }
}

/** The messages of an error and of what caused it, the nearest first. */
function reasonsOf(error: unknown): string {
  const reasons: string[] = []
  for (let reason = error; reason instanceof Error; reason = reason.cause)
    reasons.push(reason.message)
  return reasons.length === 0 ? String(error) : [...new Set(reasons)].join(': ')
}
