import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** An SQLite file of its own, gone with the test; others may open it beside the gateway. */
export interface DatabaseFile extends AsyncDisposable {
  /** For `STORE_URL`. */
  readonly url: string
  /** Another connection, as another program would have it. */
  open(): DatabaseSync
}

export async function databaseFile(): Promise<DatabaseFile> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  const path = join(directory, 'gatehouse.db')
  return {
    url: `sqlite:${path}`,
    open: () => new DatabaseSync(path),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
