import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import type { SessionStore } from '../../src/model/session-store.ts'
import { openSqliteSessionStore } from '../../src/sessions/sqlite-session-store.ts'
import { MovableClock, newKey, newSession, testSeal } from './session-store-fixtures.ts'
import { sessionStoreSuite } from './session-store-suite.ts'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  path = join(directory, 'data', 'gatehouse.db')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Runs work on the database behind the store's back. */
function inDatabase<T>(work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 1_000 })
  try {
    return work(database)
  } finally {
    database.close()
  }
}

function count(table: 'sessions' | 'marks'): unknown {
  return inDatabase((database) => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
}

/** Runs a program in another process, which has `openStore()` for the database of the test. */
function run(program: string, limit = 'true') {
  const source = (file: string) => JSON.stringify(import.meta.resolve(`../../src/${file}`))
  const prelude = `
    import { systemClock as clock } from ${source('lib/clock.ts')}
    import { deriveKeys, Seal } from ${source('lib/seal.ts')}
    import { openSqliteSessionStore } from ${source('sessions/sqlite-session-store.ts')}
    const seal = new Seal(deriveKeys(['secret'], 'session'))
    const openStore = () => openSqliteSessionStore({ path: ${JSON.stringify(path)}, clock, seal })`
  const shell = `${limit}; exec "$0" --input-type=module --eval "$1"`
  return spawn('sh', ['-c', shell, process.execPath, `${prelude}\n${program}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

sessionStoreSuite('SQLite session store', async ({ clock, seal }) => {
  const stores: SessionStore[] = []
  return {
    open() {
      const store = openSqliteSessionStore({ path, clock, seal })
      stores.push(store)
      return store
    },
    async dump() {
      const folder = join(directory, 'data')
      return readdirSync(folder)
        .map((file) => readFileSync(join(folder, file), 'latin1'))
        .join('')
    },
    async sealed(key) {
      return inDatabase((database) =>
        String(database.prepare('SELECT sealed FROM sessions WHERE key = ?').get(key)?.sealed),
      )
    },
    async overwrite(key, sealed) {
      inDatabase((database) =>
        database.prepare('UPDATE sessions SET sealed = ? WHERE key = ?').run(sealed, key),
      )
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]()
    },
  }
})

describe('SQLite session store, its file', () => {
  it('is made with its directory, for this user only, and found again', async () => {
    const session = newSession()
    {
      await using store = openSqliteSessionStore({ path, clock: systemClock, seal: testSeal })
      await store.create(session)
    }
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
    await using store = openSqliteSessionStore({ path, clock: systemClock, seal: testSeal })
    expect(await store.read(session.key)).toEqual(session)
  })

  it('can be memory', async () => {
    await using store = openSqliteSessionStore({
      path: ':memory:',
      clock: systemClock,
      seal: testSeal,
    })
    const session = newSession()
    await store.create(session)
    expect(await store.read(session.key)).toEqual(session)
    expect(store.changes.trusted()).toBe(true)
    await store.ping()
  })

  it('O-04 keeps what was told as done when the process is killed', async () => {
    const [ended, kept] = [newSession(), newSession()]
    {
      await using store = openSqliteSessionStore({ path, clock: systemClock, seal: testSeal })
      await store.create(ended)
      await store.create(kept)
    }
    const program = `
      await openStore().end('${ended.key}')
      process.kill(process.pid, 'SIGKILL')`
    const child = run(program)
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
    await using store = openSqliteSessionStore({ path, clock: systemClock, seal: testSeal })
    expect(await store.read(ended.key)).toBeUndefined()
    expect(await store.read(kept.key)).toEqual(kept)
  })

  it('F-10 that cannot be written is named, with what to do', () => {
    writeFileSync(join(directory, 'data'), 'a file where a directory should be')
    const open = () => openSqliteSessionStore({ path, clock: systemClock, seal: testSeal })
    expect(open).toThrow(path)
    expect(open).toThrow('mount a volume at /data owned by uid 1000')
    expect(open).toThrow('set STORE_URL')
  })

  it('F-11 that is no database, or of a newer version, is named, and left as it is', () => {
    const open = (file: string) =>
      openSqliteSessionStore({ path: file, clock: systemClock, seal: testSeal })
    const garbage = join(directory, 'garbage.db')
    writeFileSync(garbage, 'this is a text, and longer than the header of a database is'.repeat(9))
    const before = readFileSync(garbage)
    expect(() => open(garbage)).toThrow(`${garbage}: file is not a database`)
    expect(readFileSync(garbage)).toEqual(before)

    const newer = join(directory, 'newer.db')
    const database = new DatabaseSync(newer)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => open(newer)).toThrow('a newer version of Gatehouse')
  })

  it('F-10 that another process locks makes methods reject; reading goes on, and it recovers', async () => {
    await using store = openSqliteSessionStore({ path, clock: systemClock, seal: testSeal })
    const session = newSession()
    await store.create(session)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.ping()).rejects.toThrow(`${path} failed: database is locked`)
    await expect(store.end(session.key)).rejects.toThrow('database is locked')
    expect(await store.read(session.key)).toEqual(session)
    other.exec('ROLLBACK')
    other.close()
    await store.ping()
    expect(await store.end(session.key)).toBe(true)
  })

  it('F-10 that cannot grow makes methods reject; reading goes on', async () => {
    const program = `
      const store = openStore()
      const session = ${JSON.stringify(newSession())}
      await store.create(session)
      await store.ping()
      const failure = await fill().catch(({ message }) => message)
      const ping = await store.ping().catch(({ message }) => message)
      const read = await store.read(session.key)
      console.log(JSON.stringify({ failure, ping, read: read?.key === session.key }))
      async function fill() {
        for (const i of Array(10_000).keys()) {
          await store.create({ ...session, key: String(i).padStart(43, '0') })
        }
      }`
    const child = run(program, 'ulimit -f 1024')
    const output = await text(child.stdout)
    expect(JSON.parse(output)).toEqual({
      failure: expect.stringContaining(`${path} failed: `),
      ping: expect.stringContaining(`${path} failed: `),
      read: true,
    })
  })
})

describe('SQLite session store, its watch for other processes', () => {
  it('F-10 takes trust away while it fails, and flushes when it works again', async () => {
    const errors: Error[] = []
    await using store = openSqliteSessionStore({
      path,
      clock: systemClock,
      seal: testSeal,
      onError: (error) => errors.push(error),
    })
    expect(store.changes.trusted()).toBe(true)
    const heard: { trusted: boolean }[] = []
    store.changes.subscribe({
      changed: () => {},
      flushed: () => heard.push({ trusted: store.changes.trusted() }),
    })
    const get = vi.spyOn(StatementSync.prototype, 'get').mockImplementation(() => {
      throw new Error('disk I/O error')
    })
    await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(false)
    await expect.poll(() => get.mock.calls.length, { timeout: 5_000 }).toBeGreaterThan(2)
    get.mockRestore()
    await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(true)
    expect(heard).toEqual([{ trusted: false }])
    expect(errors).toMatchObject([{ message: expect.stringContaining(path) }])
  })
})

describe('SQLite session store, rows that are over', () => {
  it('D-12 are purged in time, with a bound on each purge', async () => {
    const clock = new MovableClock()
    await using store = openSqliteSessionStore({ path, clock, seal: testSeal })
    for (let i = 0; i < 150; i += 1) {
      await store.create(newSession({ expiresAt: clock.now() + 1_000 }))
      await store.mark(`state:${i}`, clock.now() + 1_000)
    }
    const kept = newSession()
    await store.create(kept)
    await store.mark('kept', clock.now() + 1_000_000)
    expect([count('sessions'), count('marks')]).toEqual([151, 151])

    clock.advance(61_000)
    await store.mark(newKey(), clock.now() + 1_000)
    expect([count('sessions'), count('marks')]).toEqual([51, 52])
    await store.create(newSession())
    expect([count('sessions'), count('marks')]).toEqual([2, 2])
    expect(await store.read(kept.key)).toEqual(kept)
    expect(await store.mark('kept', clock.now() + 1_000)).toBe(false)
  })
})

describe('SQLite session store, a session whose time ran out', () => {
  it('is told of when its row is purged', async () => {
    const clock = new MovableClock()
    await using store = openSqliteSessionStore({ path, clock, seal: testSeal })
    const over = newSession({ expiresAt: clock.now() + 1_000, publicId: 'over' })
    await store.create(over)
    const ends: unknown[] = []
    const subscribed = { changed: () => {}, flushed: () => {} }
    store.changes.subscribe({ ...subscribed, ended: (session) => ends.push(session) })
    clock.advance(61_000)
    await store.create(newSession())
    expect(ends).toEqual([{ publicId: 'over', identity: over.identity, at: over.expiresAt }])
  })
})
