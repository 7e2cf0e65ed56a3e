import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Environment } from '../../config/environment.ts'
import { Seal } from '../../lib/seal.ts'
import { Failure, failed, reasonsOf } from './failure.ts'
import { lockFile } from './file-lock.ts'
import type { Keyring } from './keyring.ts'
import { isLogin, type Login } from './login-record.ts'

/** Logins by the identifiers of their resources. */
export type Logins = Map<string, Login>

/** Where the logins of a person are, by the conventions of the system. */
export function storePath(env: Environment, platform: NodeJS.Platform): string {
  const folder =
    env.XDG_CONFIG_HOME ||
    (platform === 'win32' && env.APPDATA) ||
    join(env.HOME || homedir(), '.config')
  return join(folder, 'gatehouse', 'credentials.json')
}

/**
 * The stored logins: one file that only its owner reads, sealed with a key of the keyring where there
 * is one. Every process that changes it holds its lock meanwhile.
 */
export class TokenStore {
  readonly path: string
  readonly #keyring: Keyring | undefined

  constructor(path: string, keyring: Keyring | undefined) {
    this.path = path
    this.#keyring = keyring
  }

  /** What is stored. Rejects with a Failure where it cannot be read, or others can read it. */
  async read(): Promise<Logins> {
    const text = await this.#readText()
    if (text === undefined) return new Map()
    const { logins, sealed } = parse(text) ?? {}
    const list = sealed === undefined ? logins : parse(await this.#open(sealed))?.logins
    if (!Array.isArray(list) || !list.every(isLogin)) throw this.#unreadable('it is damaged')
    return new Map(list.map((login) => [login.resource, login]))
  }

  /**
   * Changes what is stored, alone. What `change` returns is handed on when the file is written; where it
   * rejects, nothing changes.
   *
   * @returns also whether the file is sealed now
   */
  async update<T>(
    change: (logins: Logins) => T | Promise<T>,
  ): Promise<{ value: T; sealed: boolean }> {
    await this.#makeFolder()
    await using _lock = await lockFile(`${this.path}.lock`)
    const logins = await this.read()
    const value = await change(logins)
    const plainText = JSON.stringify({ version: 1, logins: [...logins.values()] }, undefined, 2)
    const seal = await this.#sealForWriting()
    const text = seal
      ? JSON.stringify({ version: 1, sealed: seal.seal(plainText, bound) })
      : plainText
    await this.#write(text)
    return { value, sealed: seal !== undefined }
  }

  async #makeFolder(): Promise<void> {
    const folder = dirname(this.path)
    try {
      await mkdir(folder, { recursive: true })
      // Also of one that was there: who can write to it could put another file in the place of ours.
      await chmod(folder, 0o700)
    } catch (error) {
      throw failed(`${folder} cannot be made a folder of its own`, error)
    }
  }

  async #readText(): Promise<string | undefined> {
    const found = await stat(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return
      throw this.#unreadable(reasonsOf(error))
    })
    if (!found) return
    // Windows has lists in place of modes, and gives the folder of a person to that person.
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
      throw new Failure(`others can read ${this.path}, which holds tokens: chmod 600 ${this.path}`)
    return readFile(this.path, 'utf8')
  }

  async #open(sealed: unknown): Promise<string> {
    const key = await this.#keyring?.read().catch((error: unknown) => {
      throw this.#unreadable(`the keyring does not give its key (${reasonsOf(error)})`)
    })
    if (!key) throw this.#unreadable('its key is in a keyring that is not here')
    const text = new Seal([key]).open(String(sealed), bound)
    if (text === undefined) throw this.#unreadable('the key of the keyring is another one')
    return text
  }

  /** Undefined where tokens can only be kept in the clear. */
  async #sealForWriting(): Promise<Seal | undefined> {
    try {
      const key = (await this.#keyring?.read()) ?? (await this.#keyring?.create())
      return key && new Seal([key])
    } catch {
      return
    }
  }

  /** In one step, so that a reader never sees half of it. */
  async #write(text: string): Promise<void> {
    const draft = `${this.path}.${randomUUID()}`
    try {
      await writeFile(draft, `${text}\n`, { flag: 'wx', mode: 0o600, flush: true })
      await rename(draft, this.path)
    } catch (error) {
      await rm(draft, { force: true })
      throw new Failure(`${this.path} cannot be written (${reasonsOf(error)})`)
    }
  }

  #unreadable(why: string): Failure {
    return new Failure(`${this.path} cannot be read: ${why}; delete it and sign in again`)
  }
}

const bound = 'gatehouse credentials'

function parse(text: string): { logins?: unknown; sealed?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return
  }
}
