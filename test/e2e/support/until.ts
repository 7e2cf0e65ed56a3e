import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks again and again until the answer is neither undefined nor false, and resolves with it; rejects
 * after `deadlineMs`, naming what was waited for. An exception counts as "not yet".
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  deadlineMs = 30_000,
): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + deadlineMs
  let last: unknown
  while (performance.now() < end) {
    try {
      last = await ask()
      if (last !== undefined && last !== false) return last as Exclude<T, undefined | false>
    } catch (error) {
      last = error
    }
    await delay(50)
  }
  throw new Error(`waited ${deadlineMs} ms in vain: ${what}; last: ${describe(last)}`)
}

function describe(value: unknown): string {
  return value instanceof Error ? value.message : JSON.stringify(value)
}
