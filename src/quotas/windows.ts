import { hash } from 'node:crypto'
import type { Draw, Drawn } from '../model/quota.ts'

/**
 * Counts are kept for so long after their window, in milliseconds: the clocks of replicas differ a
 * little, and a clock may be set back a little.
 */
export const keptAfterMs = 60_000

/** When the window of a limit that holds now ends, in milliseconds since the epoch. */
export function endOfWindow(now: number, windowMs: number): number {
  return (Math.floor(now / windowMs) + 1) * windowMs
}

/**
 * What stores know a count by: nobody's name or address can be read in it. 132 bits, too many for two
 * counts ever to meet. UTF-16 and not UTF-8, which writes all lone surrogates alike.
 */
export function storedKey(key: string): string {
  return hash('sha256', Buffer.from(key, 'utf16le'), 'base64url').slice(0, 22)
}

/** The outcome, by the draws whose limits are used up. Waiting for the last to end suffices. */
export function drawnFrom(exceeded: readonly Draw[], now: number): Drawn {
  const ends = exceeded.map((draw) => ({ draw, endsAt: endOfWindow(now, draw.limit.windowMs) }))
  const [first, ...others] = ends
  if (!first) return { kind: 'granted' }
  const last = others.reduce((latest, end) => (end.endsAt > latest.endsAt ? end : latest), first)
  return { kind: 'exceeded', ...last }
}
