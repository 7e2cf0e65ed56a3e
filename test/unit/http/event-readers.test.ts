import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { EventReaders } from '../../../src/http/event-readers.ts'
import { anonymous, type Identity } from '../../../src/model/identity.ts'
import type { ChangeFeed } from '../../../src/model/session-store.ts'
import { SessionEnds } from '../../../src/sessions/session-ends.ts'

const alice: Identity = { ...anonymous, kind: 'user', provider: 'first', subject: 'a\n1' }
const time = Date.parse('2026-11-24T12:00:00Z')

function setUp() {
  const clock = { now: () => time, monotonic: () => time }
  const feed = { trusted: true, listener: undefined as Listener | undefined }
  const changes: ChangeFeed = {
    trusted: () => feed.trusted,
    subscribe: (listener) => {
      feed.listener = listener
    },
  }
  const ends = new SessionEnds({ changes, clock })
  const readers = new EventReaders({ ends, clock, firstProvider: () => 'first' })
  return {
    ...{ feed, ends, readers },
    end: (publicId: string, identity = alice) =>
      feed.listener?.ended?.({ publicId, identity, at: time }),
    interrupt: () => feed.listener?.flushed(),
  }
}
type Listener = Parameters<ChangeFeed['subscribe']>[0]

/** A connection, and what was written to it. */
function connection() {
  let text = ''
  let slow = false
  const response = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const reader = {
    response,
    onSlow: () => {
      slow = true
    },
  }
  return { reader, response, blocks: () => text.split('\n\n').slice(0, -1), isSlow: () => slow }
}

const resync = (id: string) => `id: ${id}\nevent: resync\ndata: {"at":"2026-11-24T12:00:00.000Z"}`

test('a reader is told of an end as apps know the session', () => {
  const { ends, readers, end } = setUp()
  const { reader, blocks } = connection()
  readers.add(reader)
  const first = ends.id
  end('session-1')
  const data =
    '{"session_id":"session-1","user_id":"a\\n1","provider":"first","at":"2026-11-24T12:00:00.000Z"}'
  expect(blocks()).toEqual([
    'retry: 1000',
    resync(first),
    `id: ${ends.id}\nevent: session_ended\ndata: ${data}`,
  ])
})

test('H-11 people of a further provider are told with its name', () => {
  const { readers, end } = setUp()
  const { reader, blocks } = connection()
  readers.add(reader)
  end('session-1', { ...alice, provider: 'partner', subject: 'b' })
  expect(blocks().at(-1)).toContain('"user_id":"partner:b","provider":"partner"')
})

test('who comes back is told what was missed, and nothing where that is nothing', () => {
  const { ends, readers, end } = setUp()
  const before = ends.id
  end('session-1')
  const { reader, blocks } = connection()
  readers.add(reader, before)
  expect(blocks()).toHaveLength(2)
  expect(blocks()[1]).toContain('"session_id":"session-1"')
  const again = connection()
  readers.add(again.reader, ends.id)
  expect(again.blocks()).toEqual(['retry: 1000'])
})

test('O-11 who comes back too late, or from elsewhere, has to doubt everything', () => {
  const { ends, readers, interrupt } = setUp()
  const before = ends.id
  interrupt()
  for (const id of [before, 'elsewhere-1']) {
    const { reader, blocks } = connection()
    readers.add(reader, id)
    expect(blocks()).toEqual(['retry: 1000', resync(ends.id)])
  }
})

test('O-11 an interruption is told to all', () => {
  const { ends, readers, interrupt } = setUp()
  const { reader, blocks } = connection()
  readers.add(reader, ends.id)
  interrupt()
  expect(blocks().at(-1)).toBe(resync(ends.id))
})

test('O-11 there is a heartbeat only while every end is heard of', () => {
  const { feed, ends, readers } = setUp()
  const { reader, blocks } = connection()
  readers.add(reader, ends.id)
  readers.beat()
  feed.trusted = false
  readers.beat()
  expect(blocks().slice(1)).toEqual([
    'event: heartbeat\ndata: {"at":"2026-11-24T12:00:00.000Z"}',
    ': ',
  ])
})

test('D-12 a reader that does not read is cut off, and the others are told', () => {
  const { ends, readers, end } = setUp()
  const { reader, response, isSlow } = connection()
  response.cork()
  readers.add(reader, ends.id)
  const other = connection()
  readers.add(other.reader, ends.id)
  const long = { ...alice, subject: 'x'.repeat(100_000) }
  for (let i = 0; i < 10; i += 1) end(`session-${i}`, long)
  expect([response.destroyed, isSlow()]).toEqual([false, false])
  end('session-10', long)
  expect([response.destroyed, isSlow()]).toEqual([true, true])
  end('session-11')
  expect(other.blocks().at(-1)).toContain('"session_id":"session-11"')
})

test('D-12 there are 100 readers at most, and who is gone makes room', async () => {
  const { readers } = setUp()
  const all = Array.from({ length: 100 }, connection)
  for (const { reader } of all) {
    expect(readers.full).toBe(false)
    readers.add(reader)
  }
  expect(readers.full).toBe(true)
  const closed = new Promise((resolve) => all[0]?.response.once('close', resolve))
  all[0]?.response.destroy()
  await closed
  expect(readers.full).toBe(false)
})

test('what is written to a connection that broke is no fault', async () => {
  const { readers, end } = setUp()
  const { reader, response } = connection()
  readers.add(reader)
  const closed = new Promise((resolve) => response.once('close', resolve))
  response.destroy(new Error('reset by peer'))
  end('session-1')
  await closed
})

test('at the end every answer ends', () => {
  const { readers } = setUp()
  const { reader, response } = connection()
  readers.add(reader)
  readers.close()
  expect(response.writableEnded).toBe(true)
})
