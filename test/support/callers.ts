import { demoUsers, type User } from '../../demo/idp/users.ts'
import { keyHash } from '../../src/bearer/api-keys.ts'
import { loadSettings } from '../../src/config/load.ts'
import { accessToken, audience } from './access-token.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'
import type { TestClock } from './test-clock.ts'

/** The API key of the service `backup`. */
export const apiKey = `ghk_${'k'.repeat(43)}`

/** `keys:` with it alone, as a line of `CONFIG_FILE`. */
export const keysLine = `keys: [{ name: backup, hash: "sha256:${keyHash(apiKey)}", expires: 2099-01-01, roles: [backup], scopes: [read] }]`

/** A path of the app, as the proxy tells it. */
export const uri = (path: string) => ({ 'X-Forwarded-Uri': path })

/** What each who may ask sends besides; `page` alone waits for a page. */
export type Callers = Readonly<Record<CallerName, Readonly<Record<string, string>>>>

export const callerNames = [
  'nobody',
  'page',
  'session',
  'ended session',
  "person's token",
  "service's token",
  'key',
  'bad token',
] as const

export type CallerName = (typeof callerNames)[number]

export interface CallersOptions {
  readonly file?: (url: string) => string
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: TestClock
}

/** A gateway that takes sessions, access tokens and, with `keysLine` in its file, an API key. */
export async function startCallers({ env, ...options }: CallersOptions = {}): Promise<{
  site: TestGateway
  callers: Callers
}> {
  const site = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience, ...env },
    ...options,
  })
  return { site, callers: await callersOf(site) }
}

export async function callersOf(site: TestGateway): Promise<Callers> {
  const program = { Accept: '*/*' }
  const cookieOf = async (user: User | undefined) => {
    const { agent } = await site.signIn(user)
    return { agent, Cookie: agent.cookies.header(new URL(site.url)) }
  }
  const { Cookie } = await cookieOf(demoUsers[0])
  const { agent, Cookie: ended } = await cookieOf(demoUsers[1])
  await agent.fetch(`${site.url}/auth/logout`, { headers: { 'sec-fetch-site': 'none' } })
  const bearer = (token: string) => ({ ...program, Authorization: `Bearer ${token}` })
  return {
    nobody: program,
    page: { Accept: 'text/html' },
    session: { ...program, Cookie },
    'ended session': { ...program, Cookie: ended },
    "person's token": bearer(await accessToken(site)),
    "service's token": bearer(await accessToken(site, { sub: 'cli', sid: undefined })),
    key: { ...program, 'X-Api-Key': apiKey },
    'bad token': bearer('e30.e30.e30'),
  }
}

/** Puts another file in force, with what else the gateway was told. */
export function takeOver(site: TestGateway, file: string): void {
  const loaded = loadSettings({ ...site.env, CONFIG_FILE: file }, (text) => text)
  if (loaded.kind === 'problems')
    throw new Error(loaded.problems.map((problem) => JSON.stringify(problem)).join('\n'))
  site.gateway.reload(loaded)
}
