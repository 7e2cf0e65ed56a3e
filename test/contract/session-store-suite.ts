import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../src/lib/clock.ts'
import { deriveKeys, Seal } from '../../src/lib/seal.ts'
import type { Session, SessionKey } from '../../src/model/session.ts'
import type { EndedSession, RefreshLease, SessionStore } from '../../src/model/session-store.ts'
import { issuer, MovableClock, newKey, newSession, testSeal } from './session-store-fixtures.ts'

const hour = 3_600_000

/** A database for one test. */
export interface TestedStore extends AsyncDisposable {
  /** A store on the database, closed with it. Each call makes another one, as another replica would. */
  open(): SessionStore
  /** Everything the database wrote down, as Latin-1. */
  dump(): Promise<string>
  /** The sealed record of a session. */
  sealed(key: SessionKey): Promise<string>
  overwrite(key: SessionKey, sealed: string): Promise<void>
}

async function leased(store: SessionStore, key: SessionKey, ms = 10_000): Promise<RefreshLease> {
  const lease = await store.lease(key, ms)
  if (typeof lease === 'string') throw new Error(`the session is ${lease}`)
  return lease
}

/** What a listener heard, and whether the feed was trusted when it was flushed. */
function listen(store: SessionStore) {
  const heard = {
    keys: [] as SessionKey[],
    flushes: [] as { trusted: boolean }[],
    ends: [] as EndedSession[],
  }
  store.changes.subscribe({
    changed: (key) => heard.keys.push(key),
    flushed: () => heard.flushes.push({ trusted: store.changes.trusted() }),
    ended: (session) => heard.ends.push(session),
  })
  return heard
}

/** What every session store must do. */
export function sessionStoreSuite(
  name: string,
  makeStore: (options: { clock: Clock; seal: Seal }) => Promise<TestedStore>,
): void {
  describe(name, () => {
    let clock: MovableClock
    let tested: TestedStore
    let store: SessionStore

    beforeEach(async () => {
      clock = new MovableClock()
      tested = await makeStore({ clock, seal: testSeal })
      store = tested.open()
    })

    afterEach(async () => {
      await tested[Symbol.asyncDispose]()
    })

    async function created(changes: Parameters<typeof newSession>[0] = {}): Promise<Session> {
      const session = newSession(changes)
      await store.create(session)
      return session
    }

    describe('sessions', () => {
      it('returns what was created', async () => {
        const session = await created({ sid: 'sid-1' })
        expect(await store.read(session.key)).toEqual(session)
        expect(await store.read(newKey())).toBeUndefined()
      })

      it('keeps odd Unicode', async () => {
        const odd = 'a\u0000b\r\n\u2028"\\ \ud800 \udfff 👩‍🚀 ﷽ \u202e%00'
        const session = newSession({ subject: odd, sid: odd, userAgent: odd })
        await store.create(session)
        expect(await store.read(session.key)).toEqual(session)
        expect(await store.list(issuer, odd)).toEqual([session])
        expect(await store.endBySid(issuer, odd)).toBe(1)
      })

      it('refuses a second session of a key', async () => {
        const session = await created()
        await expect(store.create({ ...session, userAgent: 'other' })).rejects.toThrow()
        expect(await store.read(session.key)).toEqual(session)
      })

      it('C-10 a session ends at its time, for every method', async () => {
        const session = await created({ sid: 'sid-1', subject: 'bob' })
        const lease = await leased(store, session.key)
        clock.advance(hour)
        expect(await store.read(session.key)).toBeUndefined()
        expect(await store.list(issuer, 'bob')).toEqual([])
        expect(await store.lease(session.key, 1)).toBe('ended')
        expect(await store.renewLease(lease, 1)).toBe(false)
        expect(await store.write({ ...session, expiresAt: clock.now() + hour }, lease)).toBe(false)
        expect(await store.read(session.key)).toBeUndefined()
        expect(await store.end(session.key)).toBe(false)
      })

      it('F-13 an end far away overflows nothing', async () => {
        const session = await created({ expiresAt: 1e300 })
        clock.advance(10 * 365 * 24 * hour)
        expect(await store.read(session.key)).toMatchObject({ expiresAt: 8_640_000_000_000_000 })
      })

      it('ends a session once, for good', async () => {
        const session = await created({ sid: 'sid-1', subject: 'bob' })
        expect(await store.end(session.key)).toBe(true)
        expect(await store.end(session.key)).toBe(false)
        expect(await store.read(session.key)).toBeUndefined()
        expect(await store.list(issuer, 'bob')).toEqual([])
        await store.touch(session.key, clock.now())
        await store.retire(session.key, clock.now() + hour)
        expect(await store.read(session.key)).toBeUndefined()
        expect(await store.endBySid(issuer, 'sid-1')).toBe(0)
      })

      it('moves the last use forward only', async () => {
        const session = await created()
        await store.touch(session.key, session.lastUsedAt + 5_000)
        await store.touch(session.key, session.lastUsedAt + 2_000)
        const read = await store.read(session.key)
        expect(read).toEqual({ ...session, lastUsedAt: session.lastUsedAt + 5_000 })
      })

      it('F-12 a clock set back keeps sessions and the limits', async () => {
        const session = await created()
        clock.advance(-hour)
        await store.touch(session.key, clock.now())
        expect(await store.read(session.key)).toEqual(session)
        clock.advance(2 * hour)
        expect(await store.read(session.key)).toBeUndefined()
      })
    })

    describe('retirement', () => {
      it('shortens a session and never lengthens it', async () => {
        const session = await created()
        const at = clock.now() + 30_000
        await store.retire(session.key, at + 1_000)
        await store.retire(session.key, at)
        await store.retire(session.key, at + 10_000)
        expect(await store.read(session.key)).toEqual({ ...session, expiresAt: at })
        clock.advance(30_000)
        expect(await store.read(session.key)).toBeUndefined()
      })

      it('is not undone by a write', async () => {
        const session = await created()
        const lease = await leased(store, session.key)
        const at = clock.now() + 30_000
        await store.retire(session.key, at)
        expect(await store.write({ ...session, expiresAt: at + hour }, lease)).toBe(true)
        expect(await store.read(session.key)).toMatchObject({ expiresAt: at })
      })

      it('at a time past ends the session', async () => {
        const session = await created()
        await store.retire(session.key, clock.now())
        expect(await store.read(session.key)).toBeUndefined()
      })
    })

    describe('sessions of somebody', () => {
      it('O-08 a sid ends the sessions of that issuer and sid only', async () => {
        const one = await created({ sid: 'sid-1' })
        const two = await created({ sid: 'sid-1' })
        const other = await created({ sid: 'sid-2' })
        const none = await created()
        expect(await store.endBySid('https://other.example.com', 'sid-1')).toBe(0)
        expect(await store.endBySid(issuer, 'sid-1')).toBe(2)
        expect(await store.endBySid(issuer, 'sid-1')).toBe(0)
        expect(await store.read(one.key)).toBeUndefined()
        expect(await store.read(two.key)).toBeUndefined()
        expect(await store.read(other.key)).toEqual(other)
        expect(await store.read(none.key)).toEqual(none)
      })

      it('O-08 a subject ends all of issuer and subject, whatever their delimiters', async () => {
        const pairs = [
          ['https://a', 'b:c'],
          ['https://a:b', 'c'],
          ['https://a1', ':b'],
          ['https://a', '1:b'],
          ['https://a|b', 'c'],
          ['https://a', 'b|c'],
          ['https://a,', 'b'],
          ['https://a', ',b'],
          ['https://a\0', 'b'],
          ['https://a', '\0b'],
          ['\ud800', 'b'],
          ['\ud801', 'b'],
          ['', 'https://ab'],
          ['https://ab', ''],
        ] as const
        const sessions: Session[] = []
        for (const [iss, subject] of pairs) {
          const session = newSession({ sid: subject })
          sessions.push({ ...session, identity: { ...session.identity, issuer: iss, subject } })
        }
        for (const session of sessions) await store.create(session)
        for (const [i, [iss, subject]] of pairs.entries()) {
          expect(await store.endBySubject(iss, subject)).toBe(1)
          const alive = await Promise.all(sessions.map(({ key }) => store.read(key)))
          expect(alive.filter((session) => session)).toEqual(sessions.slice(i + 1))
        }
      })

      it('lists live sessions, newest first, at most 100', async () => {
        const createdAt = clock.now()
        const sessions: Session[] = []
        for (let i = 0; i < 105; i += 1) {
          sessions.push(await created({ subject: 'bob', createdAt: createdAt + i }))
        }
        await created({ subject: 'alice' })
        const newest = sessions.toReversed()
        expect(await store.list(issuer, 'bob')).toEqual(newest.slice(0, 100))
        for (const { key } of newest.slice(0, 10)) await store.end(key)
        expect(await store.list(issuer, 'bob')).toEqual(newest.slice(10))
        expect(await store.endBySubject(issuer, 'bob')).toBe(95)
        expect(await store.list(issuer, 'bob')).toEqual([])
      })
    })

    describe('leases', () => {
      it('F-05 of 200 who ask at once exactly one gets the lease', async () => {
        const { key } = await created()
        const replica = tested.open()
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, i) => (i % 2 ? store : replica).lease(key, 10_000)),
        )
        expect(answers.filter((answer) => answer !== 'held')).toEqual([{ key, fence: 1 }])
      })

      it('are for live sessions', async () => {
        const session = await created()
        expect(await store.lease(newKey(), 1_000)).toBe('ended')
        await store.end(session.key)
        expect(await store.lease(session.key, 1_000)).toBe('ended')
      })

      it('F-07 a lease frees when its time is over, with a higher fence', async () => {
        const { key } = await created()
        const first = await leased(store, key, 1)
        await expect.poll(() => store.lease(key, 10_000)).toEqual({ key, fence: first.fence + 1 })
      })

      it('a lease that is renewed or lapsed stays ours until another takes it', async () => {
        const { key } = await created()
        const first = await leased(store, key, 1)
        expect(await store.renewLease(first, 10_000)).toBe(true)
        expect(await store.lease(key, 1)).toBe('held')
        await store.releaseLease(first)
        expect(await store.renewLease(first, 10_000)).toBe(false)
        const second = await leased(store, key)
        expect(await store.renewLease(first, 10_000)).toBe(false)
        await store.releaseLease(first)
        expect(await store.lease(key, 1)).toBe('held')
        expect(await store.renewLease(second, 10_000)).toBe(true)
      })

      it('a released lease is free at once, and makes no session', async () => {
        const { key } = await created()
        const first = await leased(store, key)
        await store.releaseLease(first)
        const second = await leased(store, key)
        expect(second.fence).toBeGreaterThan(first.fence)
        await store.end(key)
        await store.releaseLease(second)
        expect(await store.renewLease(second, 1_000)).toBe(false)
        expect(await store.lease(key, 1_000)).toBe('ended')
      })
    })

    describe('writes', () => {
      it('replace tokens, identity and end', async () => {
        const session = await created()
        const lease = await leased(store, session.key)
        await store.touch(session.key, session.lastUsedAt + 5_000)
        const next: Session = {
          ...session,
          identity: { ...session.identity, roles: [] },
          tokens: { ...session.tokens, accessToken: 'access-token-2' },
          expiresAt: session.expiresAt + hour,
        }
        expect(await store.write(next, lease)).toBe(true)
        const expected = { ...next, lastUsedAt: session.lastUsedAt + 5_000 }
        expect(await store.read(session.key)).toEqual(expected)
        clock.advance(hour)
        expect(await store.read(session.key)).toEqual(expected)
      })

      it('O-03 a write after the end is refused and brings nothing back', async () => {
        const session = await created({ subject: 'bob', sid: 'sid-1' })
        const lease = await leased(store, session.key)
        await store.end(session.key)
        expect(await store.write(session, lease)).toBe(false)
        expect(await store.read(session.key)).toBeUndefined()
        expect(await store.list(issuer, 'bob')).toEqual([])
        expect(await store.endBySid(issuer, 'sid-1')).toBe(0)
      })

      it('F-06 a write under an older lease is refused', async () => {
        const session = await created()
        const older = await leased(store, session.key, 1)
        await expect.poll(() => store.lease(session.key, 10_000)).toMatchObject({ fence: 2 })
        expect(await store.write({ ...session, userAgent: 'older' }, older)).toBe(false)
        expect(await store.read(session.key)).toEqual(session)
        const newer = { key: session.key, fence: 2 }
        expect(await store.write({ ...session, userAgent: 'newer' }, newer)).toBe(true)
        expect(await store.read(session.key)).toMatchObject({ userAgent: 'newer' })
      })

      it('under the lease of another session are a mistake', async () => {
        const lease = await leased(store, (await created()).key)
        await expect(store.write(await created(), lease)).rejects.toThrow(TypeError)
      })
    })

    describe('marks', () => {
      it('are set once', async () => {
        const until = clock.now() + hour
        expect(await store.mark('state:1', until)).toBe(true)
        expect(await store.mark('state:1', until)).toBe(false)
        expect(await tested.open().mark('state:1', until)).toBe(false)
        expect(await store.mark('state:2', until)).toBe(true)
        await store.unmark('state:1')
        await store.unmark('state:3')
        expect(await store.mark('state:1', until)).toBe(true)
      })

      it('are set by one of 200 who try at once', async () => {
        const until = clock.now() + hour
        const set = await Promise.all(Array.from({ length: 200 }, () => store.mark('once', until)))
        expect(set.filter((mine) => mine)).toHaveLength(1)
      })

      it('end at their time', async () => {
        expect(await store.mark('past', clock.now() - 1_000)).toBe(true)
        expect(await store.mark('past', clock.now() + 1)).toBe(true)
        await expect.poll(() => store.mark('past', clock.now() + hour)).toBe(true)
        expect(await store.mark('past', clock.now() + hour)).toBe(false)
      })

      it('C-20 take any name', async () => {
        const until = clock.now() + hour
        for (const odd of [
          '',
          '*',
          'a\r\nb',
          '__proto__',
          '\ud800',
          '\ud801',
          'x'.repeat(100_000),
        ]) {
          expect(await store.mark(odd, until)).toBe(true)
          expect(await store.mark(odd, until)).toBe(false)
        }
      })
    })

    describe('what is stored', () => {
      const hostile = [
        '*',
        '',
        '__proto__',
        'constructor',
        'a\r\nDEL gatehouse:session:x\r\n',
        `${'A'.repeat(42)}\n`,
        `${'A'.repeat(43)}\n`,
        `${'A'.repeat(42)}*`,
        `${'A'.repeat(42)}:`,
        '\0'.repeat(43),
        'A'.repeat(100_000),
      ] as SessionKey[]

      it('C-14 C-20 no session has a hostile key, and asking for one is no error', async () => {
        const session = await created()
        for (const key of hostile) {
          expect(await store.read(key)).toBeUndefined()
          expect(await store.end(key)).toBe(false)
          expect(await store.lease(key, 1_000)).toBe('ended')
          await store.touch(key, clock.now())
          await store.retire(key, clock.now())
          await expect(store.create({ ...session, key })).rejects.toThrow(TypeError)
        }
        expect(await store.read(session.key)).toEqual(session)
      })

      it('F-11 a corrupt record is no session, and no error', async () => {
        const session = await created({ subject: 'bob' })
        const sealed = await tested.sealed(session.key)
        const otherSecret = new Seal(
          deriveKeys(['another secret of the same length!!!'], 'session'),
        )
        const corrupt = [
          '',
          'x',
          '{"key":1}',
          sealed.slice(0, -4),
          `${sealed.slice(0, 40)}AAAA${sealed.slice(44)}`,
          testSeal.seal('not JSON', session.key),
          testSeal.seal('null', session.key),
          testSeal.seal('{"__proto__":{"key":"x"}}', session.key),
          testSeal.seal(JSON.stringify({ ...session, tokens: 'none' }), session.key),
          otherSecret.seal(JSON.stringify(session), session.key),
        ]
        for (const record of corrupt) {
          await tested.overwrite(session.key, record)
          expect(await store.read(session.key)).toBeUndefined()
          expect(await store.list(issuer, 'bob')).toEqual([])
        }
        await tested.overwrite(session.key, sealed)
        expect(await store.read(session.key)).toEqual(session)
        await tested.overwrite(session.key, 'x')
        expect(await store.end(session.key)).toBe(true)
      })

      it('C-16 a record copied to another row is no session', async () => {
        const mine = await created()
        const theirs = await created()
        await tested.overwrite(mine.key, await tested.sealed(theirs.key))
        expect(await store.read(mine.key)).toBeUndefined()
      })

      it('C-16 no token, name or address is readable in the database', async () => {
        const session = newSession({ subject: 'plain-subject', sid: 'plain-sid' })
        await store.create({
          ...session,
          userAgent: 'plain-agent',
          identity: { ...session.identity, email: 'plain@example.com', username: 'plain-name' },
          tokens: {
            ...session.tokens,
            accessToken: 'plain-access',
            refreshToken: 'plain-refresh',
            idToken: 'plain-id',
          },
        })
        await store.mark('plain-mark', clock.now() + hour)
        await leased(store, session.key)
        const dump = await tested.dump()
        expect(dump).toContain(session.key)
        expect(dump).not.toContain('plain')
        expect(dump).not.toContain(issuer)
      })
    })

    describe('changes', () => {
      it('are told to this process before the call resolves', async () => {
        const heard = listen(store)
        const [a, b, c] = [
          await created({ sid: 'sid-1' }),
          await created({ subject: 'bob' }),
          await created(),
        ]
        expect(heard.keys).toEqual([])
        await store.write(c, await leased(store, c.key))
        expect(heard.keys.at(-1)).toBe(c.key)
        await store.endBySid(issuer, 'sid-1')
        expect(heard.keys.at(-1)).toBe(a.key)
        await store.retire(b.key, clock.now() + 1_000)
        expect(heard.keys.at(-1)).toBe(b.key)
        await store.end(c.key)
        expect(heard.keys.at(-1)).toBe(c.key)
        await store.endBySubject(issuer, 'bob')
        expect(heard.keys.at(-1)).toBe(b.key)
      })

      it('O-11 reach every other replica', async () => {
        const replica = tested.open()
        const session = await created({ subject: 'bob' })
        await expect.poll(() => replica.changes.trusted(), { timeout: 5_000 }).toBe(true)
        const changes = [
          () => store.retire(session.key, clock.now() + hour / 2),
          async () => store.write(session, await leased(store, session.key)),
          () => store.end(session.key),
        ]
        for (const change of changes) {
          const heard = listen(replica)
          await change()
          const told = () => heard.keys.includes(session.key) || heard.flushes.length > 0
          await expect.poll(told, { timeout: 5_000 }).toBe(true)
        }
        expect(await replica.read(session.key)).toBeUndefined()
      })

      it('C-09 of an end, whose session it was is told, and when', async () => {
        await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(true)
        const at = clock.now() + hour / 2
        const ends: readonly ((session: Session) => Promise<unknown>)[] = [
          (session) => store.end(session.key),
          () => store.endBySid(issuer, 'sid-1'),
          () => store.endBySubject(issuer, 'bob'),
          (session) => store.retire(session.key, at),
        ]
        for (const [i, end] of ends.entries()) {
          const publicId = `public-${i}`
          const session = await created({ sid: 'sid-1', subject: 'bob', publicId })
          const other = await created({ subject: 'alice' })
          const heard = listen(store)
          await end(session)
          await expect.poll(() => heard.ends, { timeout: 5_000 }).toHaveLength(1)
          expect(heard.ends).toEqual([
            { publicId, identity: session.identity, at: expect.any(Number) },
          ])
          if (i === 3) expect(heard.ends[0]?.at).toBe(at)
          else expect(heard.ends[0]?.at).toBeLessThanOrEqual(clock.now())
          await store.write(other, await leased(store, other.key))
          await store.touch(other.key, clock.now())
          await store.end(session.key)
          expect(heard.ends.filter((told) => told.publicId !== publicId)).toEqual([])
          await store.end(other.key)
        }
      })

      it('O-11 of an end elsewhere, whose session it was is told, or that anything may be', async () => {
        const replica = tested.open()
        await expect.poll(() => replica.changes.trusted(), { timeout: 5_000 }).toBe(true)
        const session = await created({ publicId: 'public-elsewhere' })
        const heard = listen(replica)
        await store.end(session.key)
        const told = () =>
          heard.ends.some(({ publicId }) => publicId === 'public-elsewhere') ||
          heard.flushes.length > 0
        await expect.poll(told, { timeout: 5_000 }).toBe(true)
      })

      it('F-11 nothing is told of a record that cannot be read, and it ends', async () => {
        const heard = listen(store)
        const session = await created()
        await tested.overwrite(session.key, 'x')
        expect(await store.end(session.key)).toBe(true)
        expect(heard.ends).toEqual([])
      })

      it('a listener that fails harms neither the others nor the call', async () => {
        store.changes.subscribe({
          changed: () => {
            throw new Error('a listener failed')
          },
          flushed: () => {
            throw new Error('a listener failed')
          },
          ended: () => {
            throw new Error('a listener failed')
          },
        })
        const heard = listen(store)
        const session = await created()
        expect(await store.end(session.key)).toBe(true)
        expect(heard.keys).toContain(session.key)
      })

      it('O-11 a feed that lost trust flushes before it is trusted again', async () => {
        await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(true)
        const heard = listen(store)
        clock.advance(900)
        expect(store.changes.trusted()).toBe(false)
        await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(true)
        expect(heard.flushes[0]).toEqual({ trusted: false })
      })

      it('a closed store is not trusted, and its methods reject', async () => {
        const replica = tested.open()
        await replica.ping()
        await replica[Symbol.asyncDispose]()
        await replica[Symbol.asyncDispose]()
        expect(replica.changes.trusted()).toBe(false)
        await expect(replica.read(newKey())).rejects.toThrow()
        await expect(replica.ping()).rejects.toThrow()
      })
    })
  })
}
