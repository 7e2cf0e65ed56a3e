import { GenericContainer, type StartedTestContainer } from 'testcontainers'
import { systemClock } from '../../src/lib/clock.ts'
import { SessionCookies } from '../../src/sessions/session-cookie.ts'
import { openValkeySessionStore } from '../../src/sessions/valkey-session-store.ts'
import { siteOf } from './gatehouse.ts'
import { seal, secret, sessionOf } from './sessions-file.ts'

/** A Valkey server with one session. */
export interface BenchValkey extends AsyncDisposable {
  readonly url: string
  readonly cookie: string
}

/** Starts a Valkey server in Docker; where that cannot be, the reason. */
export async function startValkey(): Promise<BenchValkey | string> {
  let server: StartedTestContainer
  try {
    server = await new GenericContainer('valkey/valkey:8').withExposedPorts(6379).start()
  } catch (error) {
    return String(error).replaceAll(/[\n|]+/g, ' ')
  }
  const url = `valkey://${server.getHost()}:${server.getMappedPort(6379)}`
  const site = siteOf(18_500)
  const { value, key } = new SessionCookies([secret]).mint(site)
  await using store = openValkeySessionStore({ url, clock: systemClock, seal })
  await store.create(sessionOf(key, 0, site, Date.now()))
  return {
    url,
    cookie: value,
    async [Symbol.asyncDispose]() {
      await server.stop()
    },
  }
}
