import { Pool } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoUsers, type User } from '../../../demo/idp/users.ts'
import { Agent } from '../../support/agent.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { localNames } from '../../support/local-names.ts'
import { signIn } from '../../support/sign-in.ts'

const [alice] = demoUsers as readonly [User]
const users: readonly User[] = Array.from({ length: 200 }, (_, i) => ({
  ...alice,
  id: `id-${i}`,
  username: `user-${i}`,
  name: `User № ${i}`,
  email: `user-${i}@example.com`,
  groups: [`/group-${i}`],
  roles: i % 3 === 0 ? ['admin'] : [],
}))
const apps = ['plain', 'web', 'admin'] as const

let site: TestGateway
const host = (app: string) => `${app}.mixed.localhost:${new URL(site.url).port}`

interface Caller {
  readonly user?: User
  readonly cookie: string
}
let callers: Caller[]

beforeAll(async () => {
  site = await startTestGateway({
    idp: { users },
    env: (url) => ({
      PUBLIC_URL: url.replace('localhost', 'auth.mixed.localhost'),
      COOKIE_DOMAIN: 'mixed.localhost',
      AUTH_ASSERTION: 'true',
    }),
    redirectUris: (url) => [`${url.replace('localhost', 'auth.mixed.localhost')}/auth/callback`],
    file: () => `
apps:
  plain: { hosts: [plain.mixed.localhost] }
  web: { hosts: [web.mixed.localhost], headers: [x-webauth, remote] }
  admin: { hosts: [admin.mixed.localhost], allow: [role:admin] }
`,
  })
  const signedIn = async (user: User): Promise<Caller> => {
    const agent = new Agent(localNames)
    await signIn(
      agent,
      `http://${host('auth')}/auth/login?return_to=http://${host('plain')}/p`,
      user,
    )
    return { user, cookie: agent.cookies.header(new URL(`http://${host('plain')}`)) }
  }
  callers = [{ cookie: 'gatehouse=forged' }]
  for (let i = 0; i < users.length; i += 20) {
    callers.push(...(await Promise.all(users.slice(i, i + 20).map(signedIn))))
  }
}, 60_000)
afterAll(() => site[Symbol.asyncDispose]())

/** Status, subject and names that an app is to receive for a caller. */
function expected({ user }: Caller, app: (typeof apps)[number]): unknown[] {
  if (!user) return [401, undefined, undefined, undefined, undefined]
  if (app === 'admin' && user.roles.length === 0) {
    return [403, undefined, undefined, undefined, undefined]
  }
  const name = Buffer.from(user.name, 'utf8').toString('latin1')
  return app === 'web' ? [200, '', user.username, name, user.id] : [200, user.id, '', '', user.id]
}

test('H-13 of 10,000 requests of 200 people to three apps each gets its own identity', async () => {
  await using stack = new AsyncDisposableStack()
  const pool = stack.adopt(new Pool(site.gateway.origin, { connections: 32 }), (it) => it.close())
  const wrong: unknown[] = []
  const ask = async (i: number) => {
    const caller = callers[(i * 7 + Math.floor(i / 5)) % callers.length] as Caller
    const app = apps[i % 3] as (typeof apps)[number]
    const answer = await pool.request({
      method: 'GET',
      path: '/validate',
      headers: {
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': host(app),
        'x-forwarded-uri': `/${i}`,
        'x-request-id': `r${i}`,
        cookie: caller.cookie,
      },
    })
    await answer.body.dump()
    const { headers, statusCode } = answer
    const claims = String(headers['x-auth-assertion'] ?? '').split('.')[1]
    const asserted = claims && JSON.parse(Buffer.from(claims, 'base64url').toString()).sub
    const got = [
      statusCode,
      headers['x-user-id'],
      headers['x-webauth-user'],
      headers['x-webauth-name'],
      asserted,
      headers['x-request-id'],
    ]
    if (JSON.stringify(got) !== JSON.stringify([...expected(caller, app), `r${i}`])) {
      wrong.push({ got, expected: expected(caller, app) })
    }
  }
  await Promise.all(Array.from({ length: 10_000 }, (_, i) => ask(i)))
  expect(wrong).toEqual([])
})
