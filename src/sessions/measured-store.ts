import type { Clock } from '../lib/clock.ts'
import type { SessionStore } from '../model/session-store.ts'

const measured = new Set<PropertyKey>([
  'create',
  'read',
  'touch',
  'lease',
  'renewLease',
  'releaseLease',
  'write',
  'retire',
  'end',
  'endBySid',
  'endBySubject',
  'list',
  'mark',
  'unmark',
  'ping',
] satisfies (keyof SessionStore)[])

/**
 * The same store, whose every operation is told of.
 *
 * @param observe - operation, outcome and duration in seconds
 */
export function measureStore(
  store: SessionStore,
  clock: Clock,
  observe: (operation: string, outcome: 'ok' | 'error', seconds: number) => void,
): SessionStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>
      if (!measured.has(name)) return method
      return async (...args: unknown[]) => {
        const start = clock.monotonic()
        const done = (outcome: 'ok' | 'error') =>
          observe(String(name), outcome, (clock.monotonic() - start) / 1_000)
        try {
          const result = await method(...args)
          done('ok')
          return result
        } catch (error) {
          done('error')
          throw error
        }
      }
    },
  })
}
