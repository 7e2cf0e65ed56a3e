import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { Agent } from '../support/agent.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const [, lukasz] = demoUsers as [User, User]
const program = { accept: 'application/json' }

let site: TestGateway
/** Two browsers of Alice and one of somebody else. */
let first: Agent
let second: Agent
let stranger: Agent

beforeEach(async () => {
  site = await startTestGateway()
  first = (await site.signIn()).agent
  second = (await site.signIn()).agent
  stranger = (await site.signIn(lukasz)).agent
})
afterEach(() => site[Symbol.asyncDispose]())

const lives = async (agent: Agent) => (await site.validateAs(agent)).status === 200

/** The id by which the account page names the other session. */
async function idOfOther(agent: Agent): Promise<string> {
  const page = await agent.fetch(`${site.url}/auth/`)
  return /name="id" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
}

const end = (agent: Agent, body: object) =>
  agent.fetch(`${site.url}/auth/sessions/end`, {
    method: 'POST',
    headers: { ...program, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

describe('GET /auth/', () => {
  test('shows who it is, when the session ends, and the other sessions of the same person', async () => {
    const page = await first.fetch(`${site.url}/auth/`)
    expect(page.status).toBe(200)
    for (const text of ['Alice Archer', 'alice@example.com', 'Session ends', '/engineering']) {
      expect(page.text).toContain(text)
    }
    expect(page.text).not.toContain('lukasz')
    expect(page.text.match(/name="id" value="/g)).toHaveLength(1)
    for (const agent of [first, second, stranger]) {
      expect(page.text).not.toContain(agent.cookies.get(site.url, 'gatehouse')?.split('.')[0])
    }
    expect(page.headers.getSetCookie()).toEqual([])
  })

  test('names no other session where there is none', async () => {
    const page = await stranger.fetch(`${site.url}/auth/`)
    expect(page.text).toContain('You are signed in nowhere else.')
  })

  test('sends a browser without a session to sign in, and refuses a program', async () => {
    const page = await new Agent().fetch(`${site.url}/auth/`)
    expect([page.status, page.headers.get('location')]).toEqual([302, `${site.url}/auth/login`])
    const answer = await new Agent().fetch(`${site.url}/auth/`, { headers: program })
    expect([answer.status, answer.json()]).toMatchObject([
      401,
      { code: 'unauthenticated', error: 'unauthorized', login_url: `${site.url}/auth/login` },
    ])
  })
})

describe('POST /auth/sessions/end', () => {
  test('with an id ends that one of the person’s sessions', async () => {
    const answer = await end(first, { id: await idOfOther(first) })
    expect([answer.status, answer.json()]).toEqual([200, { success: true, ended: 1 }])
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(await lives(first)).toBe(true)
    expect(await lives(second)).toBe(false)
  })

  test('with all ends every session of the person, this one too', async () => {
    const answer = await end(first, { all: true })
    expect([answer.status, answer.json()]).toEqual([200, { success: true, ended: 2 }])
    expect(answer.headers.getSetCookie()).toEqual([
      'gatehouse=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax',
    ])
    expect(await lives(second)).toBe(false)
    expect(await lives(stranger)).toBe(true)
  })

  test('by the buttons of the page goes back to it, or to the end', async () => {
    const one = await first.fetch(`${site.url}/auth/sessions/end`, {
      form: { id: await idOfOther(first) },
    })
    expect([one.status, one.headers.get('location')]).toEqual([303, `${site.url}/auth/`])
    const all = await first.fetch(`${site.url}/auth/sessions/end`, { form: { all: 'true' } })
    expect([all.status, all.headers.get('location')]).toEqual([303, `${site.url}/auth/logged-out`])
    expect(await lives(second)).toBe(false)
  })

  test('does not reach a session of somebody else', async () => {
    const page = await stranger.fetch(`${site.url}/auth/session`, { headers: program })
    expect(page.status).toBe(200)
    const { headers } = await site.validateAs(stranger)
    const answer = await end(first, { id: headers['x-session-id'] })
    expect(answer.json()).toEqual({ success: true, ended: 0 })
    expect(await lives(stranger)).toBe(true)
  })

  test.each([{}, { id: 'x', all: true }, { id: 42 }, { all: false }, { all: 1 }])(
    '%j is 400 and ends nothing',
    async (body) => {
      const answer = await end(first, body)
      expect([answer.status, answer.json()]).toMatchObject([400, { code: 'bad_request' }])
      expect(await lives(first)).toBe(true)
      expect(await lives(second)).toBe(true)
    },
  )

  test('without a session is 401', async () => {
    const answer = await end(new Agent(), { all: true })
    expect([answer.status, answer.json()]).toMatchObject([401, { code: 'unauthenticated' }])
    expect(await lives(first)).toBe(true)
  })
})
