import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import { AccessTokens } from '../../src/bearer/access-tokens.ts'
import { trustedIssuers } from '../../src/bearer/trusted-issuer.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { audience, type BenchIssuer } from './access-tokens.ts'
import { issuerName, settingsOf, tokenHeaders } from './gatehouse.ts'
import type { Server } from './processes.ts'
import { load, median, scriptOver } from './wrk.ts'

const rounds = 7

export interface Misses {
  /** How many tokens are proven in the time in which jose alone verifies as many. */
  readonly ratio: number
  /** To prove one. */
  readonly microseconds: number
}

/** Proves tokens that were never seen, beside jose's own check of the same ones, round by round. */
export async function measureMisses(
  issuer: BenchIssuer,
  tokens: readonly string[],
): Promise<Misses> {
  const { issuers } = settingsOf(18_500, issuer.env)
  const observer = { answered: () => {}, breaker: () => {} }
  const trusted = trustedIssuers(issuers, new Map(), new Map(), systemClock, observer)
  const ours = new AccessTokens({
    issuers: [...trusted.values()],
    passesTokens: false,
    clock: systemClock,
  })
  const prove = async (token: string) => {
    const proof = await ours.prove(token)
    if (proof.kind !== 'verified') throw new Error(`a token was not proven: ${proof.reason}`)
  }
  const verify = (token: string) =>
    jwtVerify(token, issuer.publicKey, { issuer: issuerName, audience, algorithms: ['RS256'] })

  // The first round warms both up, and finds the keys.
  const size = Math.floor(tokens.length / (rounds + 1))
  const times: { ours: number; jose: number }[] = []
  for (let at = 0; times.length <= rounds; at += size) {
    const some = tokens.slice(at, at + size)
    times.push({ jose: await timeOf(some, verify), ours: await timeOf(some, prove) })
  }
  const measured = times.slice(1)
  return {
    ratio: median(measured.map(({ ours, jose }) => jose / ours)),
    microseconds: median(measured.map(({ ours }) => (ours * 1_000) / size)),
  }
}

/** In milliseconds, one after the other. */
async function timeOf(
  tokens: readonly string[],
  check: (token: string) => Promise<unknown>,
): Promise<number> {
  const start = performance.now()
  for (const token of tokens) await check(token)
  return performance.now() - start
}

/** Requests per second of a gateway that never saw the token of a request, as it keeps fewer. */
export async function loadWithMisses(
  { origin }: Server,
  tokens: readonly string[],
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const script = join(folder, 'tokens.lua')
  const { Authorization: _, ...headers } = tokenHeaders('')
  const values = tokens.map((token) => `Bearer ${token}`)
  writeFileSync(script, scriptOver('Authorization', values))
  const { requestsPerSecond } = await load(`${origin}/validate`, 8, headers, script)
  rmSync(folder, { recursive: true })
  return requestsPerSecond
}
