import { Redis } from 'iovalkey'
import { GenericContainer, type StartedTestContainer } from 'testcontainers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionStore } from '../../src/model/session-store.ts'
import { openValkeySessionStore } from '../../src/sessions/valkey-session-store.ts'
import { MovableClock, newKey, newSession, testSeal } from '../contract/session-store-fixtures.ts'
import { sessionStoreSuite } from '../contract/session-store-suite.ts'
import { runName } from './support/run-name.ts'
import { TcpLink } from './support/tcp-link.ts'

const password = 'p@ss:w/rd%'
const hour = 3_600_000

let server: StartedTestContainer
let link: TcpLink
let admin: Redis
let url: string

function connectAdmin(): Redis {
  return new Redis(server.getMappedPort(6379), server.getHost())
}

beforeAll(async () => {
  server = await new GenericContainer('valkey/valkey:8')
    .withName(runName('valkey-session-store'))
    .withCommand([
      'valkey-server',
      ...['--appendonly', 'yes', '--appendfsync', 'always'],
      ...['--user', 'gatehouse', 'on', `>${password}`, '~gatehouse:*', '&gatehouse:*', '-@all'],
      ...['+@read', '+@write', '+@pubsub', '+@scripting', '+@connection', '+info', '+time'],
    ])
    .withExposedPorts(6379)
    .start()
  link = await TcpLink.to(() => ({ host: server.getHost(), port: server.getMappedPort(6379) }))
  url = `valkey://gatehouse:${encodeURIComponent(password)}@127.0.0.1:${link.port}/0`
  admin = connectAdmin()
})

afterAll(async () => {
  admin?.disconnect()
  await link?.[Symbol.asyncDispose]()
  await server?.stop()
})

sessionStoreSuite('Valkey session store', async ({ clock, seal }) => {
  await admin.flushall()
  const stores: SessionStore[] = []
  return {
    open() {
      const store = openValkeySessionStore({ url, clock, seal })
      stores.push(store)
      return store
    },
    async dump() {
      const { output } = await server.exec(['sh', '-c', 'cat /data/appendonlydir/*'])
      return output
    },
    async sealed(key) {
      return String(await admin.hget(`gatehouse:session:${key}`, 'sealed'))
    },
    async overwrite(key, sealed) {
      await admin.hset(`gatehouse:session:${key}`, 'sealed', sealed)
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]()
    },
  }
})

describe('Valkey session store, its keys', () => {
  let store: SessionStore

  beforeEach(async () => {
    await admin.flushall()
    store = openValkeySessionStore({ url, clock: new MovableClock(), seal: testSeal })
  })

  afterEach(async () => {
    await store[Symbol.asyncDispose]()
  })

  it('D-12 all expire with what they are for', async () => {
    const long = newSession({ subject: 'bob', sid: 'sid-1' })
    await store.create(long)
    await store.create(newSession({ subject: 'bob', sid: 'sid-1', expiresAt: Date.now() + 60_000 }))
    await store.mark('state:1', Date.now() + 60_000)
    const names = await admin.keys('*')
    expect(names).toHaveLength(5)
    for (const name of names) {
      expect(name).toMatch(/^gatehouse:/)
      expect(await admin.pttl(name)).toBeGreaterThan(0)
    }
    const expiry = (name: string) => admin.call('PEXPIRETIME', name)
    const indexes = names.filter((name) => /:(subject|sid):/.test(name))
    expect(indexes).toHaveLength(2)
    for (const index of indexes) expect(await expiry(index)).toBe(long.expiresAt)

    const lease = await store.lease(long.key, 10_000)
    if (typeof lease === 'string') throw new Error(`the session is ${lease}`)
    const retireAt = Date.now() + 30_000
    await store.retire(long.key, retireAt)
    expect(await store.write({ ...long, expiresAt: long.expiresAt + hour }, lease)).toBe(true)
    expect(await expiry(`gatehouse:session:${long.key}`)).toBe(retireAt)
    for (const index of indexes) expect(await expiry(index)).toBe(long.expiresAt + hour)
  })

  it('D-12 an ended session leaves nothing behind', async () => {
    const session = newSession({ subject: 'bob', sid: 'sid-1' })
    await store.create(session)
    await store.end(session.key)
    expect(await admin.keys('*')).toEqual([])
  })

  it('D-12 a session that expired leaves the indexes when another enters, or is listed', async () => {
    const members = async () => {
      const [index = ''] = await admin.keys('gatehouse:subject:*')
      return admin.zcard(index)
    }
    const kept = newSession({ subject: 'bob' })
    await store.create(kept)
    for (const _ of Array(20)) {
      await store.create(newSession({ subject: 'bob', expiresAt: Date.now() + 1 }))
    }
    await expect.poll(() => admin.keys('gatehouse:session:*')).toHaveLength(1)
    const next = newSession({ subject: 'bob', createdAt: kept.createdAt + hour })
    await store.create(next)
    expect(await members()).toBeLessThanOrEqual(12)
    expect(await store.list(kept.identity.issuer, 'bob')).toEqual([next, kept])
    expect(await members()).toBe(2)
  })

  it('F-11 a server that forgot everything, scripts too, is used on', async () => {
    const session = newSession()
    await store.create(session)
    await store.lease(session.key, 1_000)
    await admin.flushall()
    await admin.script('FLUSH')
    expect(await store.read(session.key)).toBeUndefined()
    expect(await store.lease(session.key, 1_000)).toBe('ended')
    await store.create(session)
    expect(await store.lease(session.key, 1_000)).toEqual({ key: session.key, fence: 1 })
  })
})

describe('Valkey session store, when the server fails', () => {
  let clock: MovableClock
  let store: SessionStore
  let errors: string[]

  beforeEach(async () => {
    await admin.flushall()
    clock = new MovableClock()
    errors = []
    store = open()
    await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(true)
  })

  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    await link.restore()
  })

  function open(at = url): SessionStore {
    const onError = (error: Error) => errors.push(error.message)
    return openValkeySessionStore({ url: at, clock, seal: testSeal, onError })
  }

  function everyMethod(): Promise<unknown>[] {
    const session = newSession()
    const lease = { key: session.key, fence: 1 }
    return [
      store.create(session),
      store.read(session.key),
      store.touch(session.key, 1),
      store.lease(session.key, 1),
      store.renewLease(lease, 1),
      store.releaseLease(lease),
      store.write(session, lease),
      store.retire(session.key, 1),
      store.end(session.key),
      store.endBySid('issuer', 'sid'),
      store.endBySubject('issuer', 'subject'),
      store.list('issuer', 'subject'),
      store.mark('mark', clock.now() + hour),
      store.unmark('mark'),
      store.ping(),
    ]
  }

  async function expectOutage(): Promise<void> {
    const began = performance.now()
    const answers = await Promise.allSettled(everyMethod())
    expect(performance.now() - began).toBeLessThan(2_000)
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(/^Valkey at 127\.0\.0\.1:\d+: .+/) },
      })
    }
  }

  async function expectRecovery(): Promise<void> {
    await expect.poll(() => store.ping().then(() => 'up'), { timeout: 10_000 }).toBe('up')
    await expect.poll(() => store.changes.trusted(), { timeout: 10_000 }).toBe(true)
  }

  it('F-10 F-16 a server that refuses makes every method reject within 2 s, and is found again', async () => {
    const session = newSession()
    await store.create(session)
    await link.cut()
    await expectOutage()
    await expectOutage()
    await link.restore()
    await expectRecovery()
    expect(await store.read(session.key)).toEqual(session)
    expect(errors.join()).toContain('ECONNREFUSED')
  })

  it('F-10 F-16 a server that is silent makes every method reject within 2 s, and is found again', async () => {
    const session = newSession()
    await store.create(session)
    link.silence()
    await expectOutage()
    await expectOutage()
    await link.restore()
    await expectRecovery()
    expect(await store.read(session.key)).toEqual(session)
  })

  it('F-16 links that went silent are made again', async () => {
    link.freeze()
    await expect.poll(() => store.changes.trusted(), { timeout: 5_000 }).toBe(false)
    await expectRecovery()
  })

  it('nothing that was refused is done later', async () => {
    await link.cut()
    const name = newKey()
    await expect(store.mark(name, clock.now() + hour)).rejects.toThrow('Valkey at')
    await link.restore()
    await expectRecovery()
    expect(await store.mark(name, clock.now() + hour)).toBe(true)
  })

  it('O-04 F-16 a server that was restarted has what was told as done, and is found again', async () => {
    const [ended, kept] = [newSession(), newSession()]
    await store.create(ended)
    await store.create(kept)
    await store.end(ended.key)
    admin.disconnect()
    await server.restart({ timeout: 0 })
    admin = connectAdmin()
    await expectRecovery()
    expect(await store.read(ended.key)).toBeUndefined()
    expect(await store.read(kept.key)).toEqual(kept)
  })

  it('F-03 it starts while the server is down', async () => {
    await link.cut()
    await using late = open()
    await expect(late.ping()).rejects.toThrow('Valkey at')
    expect(late.changes.trusted()).toBe(false)
    await link.restore()
    await expect.poll(() => late.ping().then(() => 'up'), { timeout: 10_000 }).toBe('up')
  })

  it('O-11 a feed whose link is silent is not trusted 900 ms later', async () => {
    link.silence()
    clock.advance(900)
    expect(store.changes.trusted()).toBe(false)
    await using other = openValkeySessionStore({
      url: `redis://${server.getHost()}:${server.getMappedPort(6379)}`,
      clock,
      seal: testSeal,
    })
    const heard: boolean[] = []
    store.changes.subscribe({
      changed: () => {},
      flushed: () => heard.push(store.changes.trusted()),
    })
    await other.end(newKey())
    await link.restore()
    await expectRecovery()
    expect(heard[0]).toBe(false)
  })

  it('O-11 a subscription that is cut off is flushed before it is trusted again', async () => {
    const heard: boolean[] = []
    store.changes.subscribe({
      changed: () => {},
      flushed: () => heard.push(store.changes.trusted()),
    })
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await expect.poll(() => heard, { timeout: 5_000 }).toEqual([false])
    expect(store.changes.trusted()).toBe(true)
  })

  it('G-10 a refused password is told once, and never shown', async () => {
    const wrong = url.replace(encodeURIComponent(password), 'wrong-password')
    await using refused = open(wrong)
    await expect(refused.ping()).rejects.toThrow('WRONGPASS')
    await expect(refused.ping()).rejects.toThrow('WRONGPASS')
    // One for each of the two connections, and one for the feed.
    await expect.poll(() => errors.length, { timeout: 5_000 }).toBeGreaterThan(1)
    for (const _ of Array(20)) await expect(refused.ping()).rejects.toThrow()
    expect(errors.length).toBeLessThan(4)
    expect(errors.join()).not.toContain('wrong-password')
  })

  it('an ACL without the channels is told, and leaves sessions usable but not cached', async () => {
    await admin.acl('SETUSER', 'deaf', 'on', '>deaf', '~gatehouse:*', 'resetchannels', '+@all')
    await using deaf = open(`redis://deaf:deaf@127.0.0.1:${link.port}`)
    const session = newSession()
    await deaf.create(session)
    expect(await deaf.read(session.key)).toEqual(session)
    await expect.poll(() => errors.join(), { timeout: 5_000 }).toContain('NOPERM')
    expect(deaf.changes.trusted()).toBe(false)
    await expect(deaf.end(session.key)).rejects.toThrow('No permissions to access a channel')
    expect(await deaf.read(session.key)).toEqual(session)
  })
})
