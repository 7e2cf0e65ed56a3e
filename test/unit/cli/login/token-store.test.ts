import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Keyring } from '../../../../src/cli/login/keyring.ts'
import type { Login } from '../../../../src/cli/login/login-record.ts'
import { storePath, TokenStore } from '../../../../src/cli/login/token-store.ts'

const login: Login = {
  resource: 'https://api.example.com/',
  indicated: true,
  issuer: 'https://id.example.com',
  clientId: 'gatehouse-cli',
  scope: 'openid',
  accessToken: 'planted-access-token',
  refreshToken: 'planted-refresh-token',
  expiresAt: 1,
  who: { subject: '1' },
}

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'))
  path = join(folder, 'gatehouse', 'credentials.json')
})
afterEach(() => rmSync(folder, { recursive: true }))

const put = (store: TokenStore, ...logins: Login[]) =>
  store.update((all) => {
    for (const one of logins) all.set(one.resource, one)
  })

function memoryKeyring(): Keyring {
  let key: Buffer | undefined
  return {
    read: async () => key,
    async create() {
      key = randomBytes(32)
      return key
    },
  }
}

describe('without a keyring', () => {
  test('file and folder are for their owner alone', async () => {
    const store = new TokenStore(path, undefined)
    mkdirSync(dirname(path), { mode: 0o777 })
    expect(await put(store, login)).toMatchObject({ sealed: false })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(readdirSync(dirname(path))).toEqual(['credentials.json'])
    expect(await new TokenStore(path, undefined).read()).toEqual(new Map([[login.resource, login]]))
  })

  test.each([0o640, 0o604, 0o620])('refuses a file with the mode %o', async (mode) => {
    const store = new TokenStore(path, undefined)
    await put(store, login)
    chmodSync(path, mode)
    await expect(store.read()).rejects.toThrow(`chmod 600 ${path}`)
    await expect(put(store, login)).rejects.toThrow('others can read')
  })

  test('changes that are made at once are all kept', async () => {
    const resources = Array.from({ length: 6 }, (_, i) => `https://api${i}.example.com/`)
    await Promise.all(
      resources.map((resource) => put(new TokenStore(path, undefined), { ...login, resource })),
    )
    const stored = await new TokenStore(path, undefined).read()
    expect([...stored.keys()].sort()).toEqual(resources)
  })

  test('a change that fails changes nothing, and lets others go on', async () => {
    const store = new TokenStore(path, undefined)
    await put(store, login)
    const before = readFileSync(path, 'utf8')
    const failing = store.update((all) => {
      all.clear()
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(readdirSync(dirname(path))).toEqual(['credentials.json'])
  })

  test.each(['', '{', '[]', '{"logins":[{}]}', '{"logins":{}}'])(
    'tells of a damaged file: %j',
    async (text) => {
      mkdirSync(dirname(path))
      writeFileSync(path, text, { mode: 0o600 })
      const store = new TokenStore(path, undefined)
      await expect(store.read()).rejects.toThrow('delete it and sign in again')
      await expect(put(store, login)).rejects.toThrow('it is damaged')
    },
  )
})

describe('with a keyring', () => {
  test('the file is sealed, and opens with the key of the keyring only', async () => {
    const keyring = memoryKeyring()
    const store = new TokenStore(path, keyring)
    expect(await put(store, login)).toMatchObject({ sealed: true })
    const text = readFileSync(path, 'utf8')
    expect(text).not.toMatch(/planted|example/)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await store.read()).get(login.resource)).toEqual(login)

    const other = memoryKeyring()
    await other.create()
    await expect(new TokenStore(path, other).read()).rejects.toThrow(
      'the key of the keyring is another',
    )
    await expect(new TokenStore(path, undefined).read()).rejects.toThrow(
      'a keyring that is not here',
    )
    await expect(put(new TokenStore(path, undefined), login)).rejects.toThrow('not here')
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('what was in the clear is sealed with the next change', async () => {
    await put(new TokenStore(path, undefined), login)
    await put(new TokenStore(path, memoryKeyring()), {
      ...login,
      resource: 'https://b.example.com/',
    })
    expect(readFileSync(path, 'utf8')).not.toContain('planted')
  })

  test('that is locked: a file in the clear, and a sealed one stays closed', async () => {
    const locked: Keyring = {
      read: () => Promise.reject(new Error('locked')),
      create: () => Promise.reject(new Error('locked')),
    }
    expect(await put(new TokenStore(path, locked), login)).toMatchObject({ sealed: false })
    await put(new TokenStore(path, memoryKeyring()), login)
    await expect(new TokenStore(path, locked).read()).rejects.toThrow('(locked)')
  })
})

test.each([
  [{ XDG_CONFIG_HOME: '/x' }, 'linux', '/x/gatehouse/credentials.json'],
  [{ HOME: '/home/me' }, 'darwin', '/home/me/.config/gatehouse/credentials.json'],
  [{ HOME: '/h', APPDATA: '/roaming' }, 'win32', '/roaming/gatehouse/credentials.json'],
] as const)('the file with %j on %s', (env, platform, expected) => {
  expect(storePath(env, platform)).toBe(expected)
})
