import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import type { QuotaStore } from '../../src/model/quota.ts'
import { StoreUnavailable } from '../../src/model/session-store.ts'
import { openSqliteQuotaStore, quotaPathOf } from '../../src/quotas/sqlite-quota-store.ts'
import { drawOf, grantedOf, HeldClock, hour, minute, quotaStoreSuite } from './quota-store-suite.ts'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-'))
  path = join(directory, 'data', 'gatehouse-quotas.db')
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** How many rows the database has, seen from outside. */
function countRows(): unknown {
  const database = new DatabaseSync(path)
  try {
    return database.prepare('SELECT count(*) AS n FROM counts').get()?.n
  } finally {
    database.close()
  }
}

/** Runs a program in another process, which has a `store` on the database of the test, and `drawOf`. */
function run(program: string, limit = 'true') {
  const source = (file: string) => JSON.stringify(import.meta.resolve(`../../src/${file}`))
  const prelude = `
    import { openSqliteQuotaStore } from ${source('quotas/sqlite-quota-store.ts')}
    const clock = { now: () => ${new HeldClock().now()}, monotonic: () => 0 }
    const store = openSqliteQuotaStore({ path: ${JSON.stringify(path)}, clock })
    const drawOf = (key, requests) => ({ name: key, key, limit: { requests, windowMs: ${minute} } })`
  const shell = `${limit}; exec "$0" --input-type=module --eval "$1"`
  return spawn('sh', ['-c', shell, process.execPath, `${prelude}\n${program}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

quotaStoreSuite('SQLite quota store', async ({ clock }) => {
  const stores: QuotaStore[] = []
  return {
    open() {
      const store = openSqliteQuotaStore({ path, clock })
      stores.push(store)
      return store
    },
    async dump() {
      const folder = join(directory, 'data')
      return readdirSync(folder)
        .map((file) => readFileSync(join(folder, file), 'latin1'))
        .join('')
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]()
    },
  }
})

describe('SQLite quota store', () => {
  it('answers at once', async () => {
    await using store = openSqliteQuotaStore({ path, clock: systemClock })
    expect(store.draw([drawOf('bob', 1)])).toEqual({ kind: 'granted' })
    expect(store.draw([drawOf('bob', 1)])).toMatchObject({ kind: 'exceeded' })
  })

  it('can be memory', async () => {
    await using store = openSqliteQuotaStore({ path: ':memory:', clock: new HeldClock() })
    expect(await grantedOf(5, [store], [drawOf('bob', 3), drawOf('all', 9)])).toBe(3)
  })

  it('S-11 processes that share the file grant exactly the limit together', async () => {
    const program = `
      let granted = 0
      for (let i = 0; i < 400; i += 1) {
        const drawn = await store.draw([drawOf('a', 500), drawOf('b', 1_000)])
        if (drawn.kind === 'granted') granted += 1
      }
      console.log(granted)`
    const outputs = await Promise.all(Array.from({ length: 3 }, () => text(run(program).stdout)))
    expect(outputs.map(Number).reduce((sum, granted) => sum + granted)).toBe(500)
    await using store = openSqliteQuotaStore({ path, clock: new HeldClock() })
    expect(await grantedOf(1_000, [store], [drawOf('b', 1_000)])).toBe(500)
  })

  it('S-11 counts last over a restart, also of a process that is killed', async () => {
    const program = `
      for (let i = 0; i < 3; i += 1) await store.draw([drawOf('bob', 5)])
      process.kill(process.pid, 'SIGKILL')`
    await text(run(program).stdout)
    await using store = openSqliteQuotaStore({ path, clock: new HeldClock() })
    expect(await grantedOf(5, [store], [drawOf('bob', 5)])).toBe(2)
  })
})

describe('SQLite quota store, its file', () => {
  it('is beside that of the sessions', () => {
    expect(quotaPathOf('/data/gatehouse.db')).toBe('/data/gatehouse-quotas.db')
    expect(quotaPathOf('/data.d/gatehouse')).toBe('/data.d/gatehouse-quotas')
    expect(quotaPathOf('gatehouse.db')).toBe('gatehouse-quotas.db')
    expect(quotaPathOf(':memory:')).toBe(':memory:')
  })

  it('is made with its directory, for this user only', async () => {
    await using _store = openSqliteQuotaStore({ path, clock: systemClock })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
  })

  it('S-13 that cannot be used is named at the start', () => {
    writeFileSync(join(directory, 'data'), 'a file where a directory should be')
    expect(() => openSqliteQuotaStore({ path, clock: systemClock })).toThrow(path)
  })

  it('of a newer version is refused, with what moving it away would lose', async () => {
    await openSqliteQuotaStore({ path, clock: systemClock })[Symbol.asyncDispose]()
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(() => openSqliteQuotaStore({ path, clock: systemClock })).toThrow(
      'move it away (every count begins anew)',
    )
  })

  it('S-13 that another process locks makes draws reject, counts nothing, and recovers', async () => {
    await using store = openSqliteQuotaStore({ path, clock: new HeldClock() })
    const [one, two] = [drawOf('one', 2), drawOf('two', 1)]
    await store.draw([one])
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    for (const draws of [[one], [one, two]]) {
      const failure = Promise.resolve(store.draw(draws))
      await expect(failure).rejects.toThrow(StoreUnavailable)
      await expect(failure).rejects.toThrow(`the quota store ${path} failed: database is locked`)
    }
    other.exec('ROLLBACK')
    other.close()
    expect(await grantedOf(5, [store], [one, two])).toBe(1)
  })

  it('S-13 that cannot grow makes draws reject', async () => {
    const program = `
      let failure
      for (let i = 0; i < 20_000 && !failure; i += 1) {
        const draws = [drawOf('a' + i, 5), drawOf('b' + i, 5)]
        await Promise.resolve(store.draw(draws)).catch((error) => { failure = error })
      }
      const { name, message } = failure
      console.log(JSON.stringify({ name, message }))`
    const output = await text(run(program, 'ulimit -f 1024').stdout)
    expect(JSON.parse(output)).toEqual({
      name: 'StoreUnavailable',
      message: expect.stringContaining(`${path} failed: `),
    })
  })

  it('S-13 that was closed makes draws reject', async () => {
    const store = openSqliteQuotaStore({ path, clock: systemClock })
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    const failure = Promise.resolve(store.draw([drawOf('bob', 1)]))
    await expect(failure).rejects.toThrow(StoreUnavailable)
  })
})

describe('SQLite quota store, windows that are over', () => {
  it('S-12 D-12 are purged in time, with a bound on each purge', async () => {
    const clock = new HeldClock()
    await using store = openSqliteQuotaStore({ path, clock })
    for (let i = 0; i < 250; i += 1) await store.draw([drawOf(`old ${i}`, 5)])
    await store.draw([drawOf('kept', 1, hour)])
    expect(countRows()).toBe(251)
    // Over, but kept for a minute more: the clock may be set back.
    clock.advance(minute)
    await store.draw([drawOf('next', 9, hour)])
    expect(countRows()).toBe(252)

    clock.advance(minute)
    await store.draw([drawOf('next', 9, hour)])
    expect(countRows()).toBe(152)
    await store.draw([drawOf('next', 9, hour)])
    await store.draw([drawOf('next', 9, hour)])
    expect(countRows()).toBe(2)
    expect(await store.draw([drawOf('kept', 1, hour)])).toMatchObject({ kind: 'exceeded' })
  })

  it('S-12 D-12 do not pile up under a flood of keys', async () => {
    const clock = new HeldClock()
    await using store = openSqliteQuotaStore({ path, clock })
    for (let i = 0; i < 5_000; i += 1) {
      await store.draw([drawOf(`address ${i}`, 5, 1_000), drawOf(`address ${i}/`, 5)])
      clock.advance(1_000)
    }
    // Of 10,000 keys, those of the last three minutes or so.
    expect(countRows()).toBeLessThan(500)
  })

  it('S-12 what is refused adds no row', async () => {
    await using store = openSqliteQuotaStore({ path, clock: new HeldClock() })
    await store.draw([drawOf('bob', 1)])
    for (let i = 0; i < 50; i += 1) await store.draw([drawOf(`flood ${i}`, 5), drawOf('bob', 1)])
    expect(countRows()).toBe(1)
  })
})
