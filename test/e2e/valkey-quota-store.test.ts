import { Redis } from 'iovalkey'
import { GenericContainer, type StartedTestContainer } from 'testcontainers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { QuotaStore } from '../../src/model/quota.ts'
import { StoreUnavailable } from '../../src/model/session-store.ts'
import { openValkeyQuotaStore } from '../../src/quotas/valkey-quota-store.ts'
import {
  drawOf,
  grantedOf,
  HeldClock,
  hour,
  minute,
  quotaStoreSuite,
} from '../contract/quota-store-suite.ts'
import { runName } from './support/run-name.ts'
import { TcpLink } from './support/tcp-link.ts'

const password = 'p@ss:w/rd%'

let server: StartedTestContainer
let link: TcpLink
let admin: Redis
let url: string

beforeAll(async () => {
  server = await new GenericContainer('valkey/valkey:8')
    .withName(runName('valkey-quota-store'))
    .withCommand([
      'valkey-server',
      ...['--user', 'gatehouse', 'on', `>${password}`, '~gatehouse:*', '-@all'],
      ...['+@read', '+@write', '+@scripting', '+@connection', '+info'],
    ])
    .withExposedPorts(6379)
    .start()
  link = await TcpLink.to(() => ({ host: server.getHost(), port: server.getMappedPort(6379) }))
  url = `valkey://gatehouse:${encodeURIComponent(password)}@127.0.0.1:${link.port}/0`
  admin = new Redis(server.getMappedPort(6379), server.getHost())
})

afterAll(async () => {
  admin?.disconnect()
  await link?.[Symbol.asyncDispose]()
  await server?.stop()
})

quotaStoreSuite('Valkey quota store', async ({ clock }) => {
  await admin.flushall()
  const stores: QuotaStore[] = []
  return {
    open() {
      const store = openValkeyQuotaStore({ url, clock })
      stores.push(store)
      return store
    },
    async dump() {
      const names = await admin.keys('*')
      const values = await Promise.all(names.map((name) => admin.get(name)))
      return [...names, ...values].join('\n')
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store[Symbol.asyncDispose]()
    },
  }
})

describe('Valkey quota store, its keys', () => {
  let clock: HeldClock
  let store: QuotaStore

  beforeEach(async () => {
    await admin.flushall()
    clock = new HeldClock()
    store = openValkeyQuotaStore({ url, clock })
  })

  afterEach(async () => {
    await store[Symbol.asyncDispose]()
  })

  /** How long each key is needed still, by the server. */
  async function lifetimes(): Promise<number[]> {
    const names = await admin.keys('*')
    for (const name of names) expect(name).toMatch(/^gatehouse:quota:[\w-]{22}:\d+$/)
    return Promise.all(names.map((name) => admin.pttl(name)))
  }

  it('S-12 D-12 all expire a minute after their windows, whatever the clock says', async () => {
    await store.draw([drawOf('bob', 5), drawOf('all', 5)])
    clock.advance(-1_000 * 24 * hour)
    await store.draw([drawOf('bob', 5)])
    const ms = await lifetimes()
    expect(ms).toHaveLength(3)
    for (const each of ms) {
      expect(each).toBeGreaterThan(minute)
      expect(each).toBeLessThanOrEqual(2 * minute)
    }
  })

  it('S-11 a count lasts for its window when the clock is set back in it', async () => {
    clock.advance(hour - 1)
    await store.draw([drawOf('bob', 5, hour)])
    expect(Math.max(...(await lifetimes()))).toBeLessThanOrEqual(minute + 1)
    clock.advance(1 - hour)
    await store.draw([drawOf('bob', 5, hour)])
    clock.advance(hour - 1)
    await store.draw([drawOf('bob', 5, hour)])
    const ms = await lifetimes()
    expect(ms).toHaveLength(1)
    expect(ms[0]).toBeGreaterThan(hour)
  })

  it('S-12 what is refused adds no key', async () => {
    await store.draw([drawOf('bob', 1)])
    for (let i = 0; i < 50; i += 1) await store.draw([drawOf(`flood ${i}`, 5), drawOf('bob', 1)])
    expect(await lifetimes()).toHaveLength(1)
  })

  it('F-11 a server that forgot everything, scripts too, is used on', async () => {
    await store.draw([drawOf('bob', 1)])
    await admin.flushall()
    await admin.script('FLUSH')
    expect(await grantedOf(3, [store], [drawOf('bob', 1)])).toBe(1)
  })
})

describe('Valkey quota store, when the server fails', () => {
  const draws = [drawOf('bob', 10)]
  let store: QuotaStore
  let errors: string[]

  beforeEach(async () => {
    await admin.flushall()
    errors = []
    const onError = (error: Error) => errors.push(error.message)
    store = openValkeyQuotaStore({ url, clock: new HeldClock(), onError })
    await store.draw(draws)
  })

  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    await link.restore()
  })

  async function drawn(): Promise<string> {
    return (await store.draw(draws)).kind
  }

  async function expectRecovery(): Promise<void> {
    await expect.poll(drawn, { timeout: 10_000 }).toBe('granted')
  }

  it('S-13 a server that refuses makes draws reject, and is found again; nothing is counted later', async () => {
    await link.cut()
    for (const _ of Array(5)) await expect(drawn()).rejects.toThrow(StoreUnavailable)
    await expect(drawn()).rejects.toThrow(/^Valkey at 127\.0\.0\.1:\d+: /)
    expect(errors.join()).toContain('ECONNREFUSED')
    await link.restore()
    await expectRecovery()
    expect(await grantedOf(20, [store], draws)).toBe(8)
  })

  it('S-13 a server that is silent makes draws reject, and is found again; each counts once at most', async () => {
    link.silence()
    for (const _ of Array(3)) await expect(drawn()).rejects.toThrow(StoreUnavailable)
    await link.restore()
    await expectRecovery()
    const later = await grantedOf(20, [store], draws)
    expect(later).toBeGreaterThanOrEqual(5)
    expect(later).toBeLessThanOrEqual(8)
  })

  it('S-13 a server that may not write makes draws reject', async () => {
    await admin.acl('SETUSER', 'reader', 'on', '>reader', '~gatehouse:*', '+@all', '-@write')
    await using reader = openValkeyQuotaStore({
      url: `redis://reader:reader@127.0.0.1:${link.port}`,
      clock: new HeldClock(),
    })
    await expect(reader.draw(draws)).rejects.toThrow(StoreUnavailable)
  })

  it('S-13 a store that was closed makes draws reject', async () => {
    await store[Symbol.asyncDispose]()
    await expect(drawn()).rejects.toThrow(StoreUnavailable)
  })

  it('F-03 it starts while the server is down', async () => {
    await link.cut()
    await using late = openValkeyQuotaStore({ url, clock: new HeldClock() })
    await expect(late.draw(draws)).rejects.toThrow(StoreUnavailable)
    await link.restore()
    const draw = async () => (await late.draw(draws)).kind
    await expect.poll(draw, { timeout: 10_000 }).toBe('granted')
  })
})
