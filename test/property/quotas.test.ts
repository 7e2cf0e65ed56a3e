import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Draw } from '../../src/model/quota.ts'
import { openSqliteQuotaStore } from '../../src/quotas/sqlite-quota-store.ts'

const anyDraws = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    requests: fc.nat(4),
    windowMs: fc.constantFrom(1, 10, 60, 1_000),
  }),
  { selector: ({ name, windowMs }) => `${name} ${windowMs}`, maxLength: 5 },
)

/** The window is part of a key, as it is in those of `drawsOf`. */
function drawOf({
  name,
  requests,
  windowMs,
}: {
  name: string
  requests: number
  windowMs: number
}) {
  return { name, key: `${name} ${windowMs}`, limit: { requests, windowMs } }
}

test('S-11 draws count all or none, exactly, in windows of any clock', async () => {
  const steps = fc.array(
    fc.record({
      draws: anyDraws,
      moveMs: fc.oneof(fc.constant(0), fc.integer({ min: -40, max: 40 })),
    }),
    { maxLength: 60 },
  )
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      let now = 1_000_000
      const clock = { now: () => now, monotonic: () => now }
      await using store = openSqliteQuotaStore({ path: ':memory:', clock })
      const counts = new Map<string, number>()
      for (const { draws: drawn, moveMs } of all) {
        now += moveMs
        const draws = drawn.map(drawOf)
        const place = ({ key, limit }: Draw) => `${key} ${Math.floor(now / limit.windowMs)}`
        const usedUp = draws.filter((draw) => (counts.get(place(draw)) ?? 0) >= draw.limit.requests)
        const answer = await store.draw(draws)
        if (answer.kind === 'granted') {
          expect(usedUp).toEqual([])
          for (const draw of draws) counts.set(place(draw), (counts.get(place(draw)) ?? 0) + 1)
        } else {
          expect(usedUp).toContain(answer.draw)
          const ends = usedUp.map(
            ({ limit }) => limit.windowMs * (1 + Math.floor(now / limit.windowMs)),
          )
          expect(answer.endsAt).toBe(Math.max(...ends))
        }
      }
    }),
  )
})
