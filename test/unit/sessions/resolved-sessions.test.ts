import { describe, expect, test } from 'vitest'
import type { SessionKey } from '../../../src/model/session.ts'
import type { ChangeFeed, SessionStore } from '../../../src/model/session-store.ts'
import { ResolvedSessions } from '../../../src/sessions/resolved-sessions.ts'
import { newSession } from '../../contract/session-store-fixtures.ts'
import { TestClock } from '../../support/test-clock.ts'

/** A store of which only reading matters, and a feed that tells what it is told to. */
function setUp(max = 100) {
  const clock = new TestClock()
  const stored = new Map<SessionKey, ReturnType<typeof newSession>>()
  const reads: SessionKey[] = []
  /** While set, reads wait for it after they have seen the row. */
  const gate: { wait?: Promise<void> } = {}
  const feed = {
    trusted: true,
    listener: undefined as Parameters<ChangeFeed['subscribe']>[0] | undefined,
  }
  const store: Pick<SessionStore, 'read' | 'changes'> = {
    changes: {
      trusted: () => feed.trusted,
      subscribe: (listener) => {
        feed.listener = listener
      },
    },
    async read(key) {
      reads.push(key)
      const session = stored.get(key)
      await gate.wait
      return session
    },
  }
  const resolved = new ResolvedSessions({
    store: store as SessionStore,
    clock,
    passesTokens: () => false,
    seen: (identity) => identity,
    max,
  })
  const add = (cookie: string) => {
    const session = newSession()
    stored.set(session.key, session)
    return { cookie, key: session.key, session }
  }
  return {
    ...{ clock, stored, reads, gate, feed, resolved, add },
    changed: (key: SessionKey) => feed.listener?.changed(key),
    flushed: () => feed.listener?.flushed(),
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a session in memory', () => {
  test('is there once it was read', async () => {
    const { resolved, add, reads } = setUp()
    const { cookie, key } = add('cookie')
    expect(resolved.get(cookie)).toBeUndefined()
    const read = await resolved.read(cookie, key)
    expect(read?.session.identity.username).toBe('bob')
    expect(resolved.get(cookie)).toBe(read)
    expect(resolved.get('another')).toBeUndefined()
    expect(reads).toHaveLength(1)
  })

  test('is read once for all who ask at the same time', async () => {
    const { resolved, add, reads } = setUp()
    const { cookie, key } = add('cookie')
    const answers = await Promise.all([1, 2, 3].map(() => resolved.read(cookie, key)))
    expect(new Set(answers).size).toBe(1)
    expect(reads).toEqual([key])
  })

  test('that the store does not have is not kept', async () => {
    const { resolved } = setUp()
    expect(await resolved.read('cookie', newSession().key)).toBeUndefined()
    expect(resolved.get('cookie')).toBeUndefined()
  })

  test('is used no more from the moment its end is heard', async () => {
    const { resolved, add, changed } = setUp()
    const [one, other] = [add('one'), add('other')]
    await resolved.read(one.cookie, one.key)
    await resolved.read(other.cookie, other.key)
    changed(one.key)
    expect(resolved.get('one')).toBeUndefined()
    expect(resolved.get('other')).toBeDefined()
  })

  test.each(['changed', 'flushed'] as const)(
    'F-07 that was %s while it was read is not kept, and later readers do not join',
    async (hear) => {
      const { resolved, add, gate, stored, ...heard } = setUp()
      const { cookie, key, session } = add('cookie')
      const waiting = Promise.withResolvers<void>()
      gate.wait = waiting.promise
      const overtaken = resolved.read(cookie, key)
      heard[hear](key)
      stored.set(key, { ...session, identity: { ...session.identity, username: 'robert' } })
      delete gate.wait
      const later = await resolved.read(cookie, key)
      expect(later?.session.identity.username).toBe('robert')
      waiting.resolve()
      expect((await overtaken)?.current).toBe(false)
      expect(resolved.get(cookie)).toBe(later)
    },
  )

  test('F-07 whose end was heard while it was read is not kept', async () => {
    const { resolved, add, gate, changed } = setUp()
    const { cookie, key } = add('cookie')
    const waiting = Promise.withResolvers<void>()
    gate.wait = waiting.promise
    const overtaken = resolved.read(cookie, key)
    changed(key)
    waiting.resolve()
    expect((await overtaken)?.current).toBe(false)
    expect(resolved.get(cookie)).toBeUndefined()
  })

  test('is not used while the feed is not trusted', async () => {
    const { resolved, add, feed } = setUp()
    const { cookie, key } = add('cookie')
    await resolved.read(cookie, key)
    feed.trusted = false
    expect(resolved.get(cookie)).toBeUndefined()
    feed.trusted = true
    expect(resolved.get(cookie)).toBeDefined()
  })

  test('is forgotten with all others when anything may have changed', async () => {
    const { resolved, add, flushed } = setUp()
    const [one, other] = [add('one'), add('other')]
    await resolved.read(one.cookie, one.key)
    await resolved.read(other.cookie, other.key)
    flushed()
    expect([resolved.get('one'), resolved.get('other')]).toEqual([undefined, undefined])
  })
})

describe('the age of what is in memory', () => {
  test('over 45 s it is read again in the background, and used meanwhile', async () => {
    const { resolved, add, clock, reads, stored } = setUp()
    const { cookie, key, session } = add('cookie')
    const before = await resolved.read(cookie, key)
    clock.advance(44_000)
    expect(resolved.get(cookie)).toBe(before)
    expect(reads).toHaveLength(1)
    stored.set(key, { ...session, identity: { ...session.identity, username: 'robert' } })
    clock.advance(2_000)
    expect(resolved.get(cookie)).toBe(before)
    await settled()
    expect(reads).toHaveLength(2)
    expect(resolved.get(cookie)?.session.identity.username).toBe('robert')
  })

  test('over 60 s it is not used', async () => {
    const { resolved, add, clock } = setUp()
    const { cookie, key } = add('cookie')
    await resolved.read(cookie, key)
    clock.advance(60_001)
    expect(resolved.get(cookie)).toBeUndefined()
  })

  test('C-09 one that is gone when it is read again is used no more', async () => {
    const { resolved, add, clock, stored } = setUp()
    const { cookie, key } = add('cookie')
    await resolved.read(cookie, key)
    stored.delete(key)
    clock.advance(46_000)
    expect(resolved.get(cookie)).toBeDefined()
    await settled()
    expect(resolved.get(cookie)).toBeUndefined()
  })

  test('what is known of the last use is not lost by reading again', async () => {
    const { resolved, add, clock } = setUp()
    const { cookie, key } = add('cookie')
    const before = await resolved.read(cookie, key)
    const usedAt = clock.now() + 10_000
    if (before) Object.assign(before.session, { lastUsedAt: usedAt })
    const after = await resolved.read(cookie, key)
    expect(after).not.toBe(before)
    expect(after?.session.lastUsedAt).toBe(usedAt)
  })
})

describe('the bound of what is in memory', () => {
  test('D-12 what was used least lately goes', async () => {
    const { resolved, add } = setUp(3)
    const sessions = ['a', 'b', 'c', 'd'].map(add)
    for (const { cookie, key } of sessions) await resolved.read(cookie, key)
    expect(sessions.map(({ cookie }) => resolved.get(cookie) !== undefined)).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  test('C-09 what stays in use beyond the bound still hears of its end', async () => {
    const { resolved, add, changed } = setUp(3)
    const busy = add('busy')
    await resolved.read(busy.cookie, busy.key)
    for (const { cookie, key } of ['a', 'b', 'c', 'd'].map(add)) {
      resolved.get(busy.cookie)
      await resolved.read(cookie, key)
    }
    changed(busy.key)
    expect(resolved.get(busy.cookie)).toBeUndefined()
  })
})
