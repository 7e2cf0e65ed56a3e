import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { close, listen } from '../../demo/listen.ts'
import { type Demo, startDemo } from '../../demo/start-demo.ts'
import { identityHeaderNames } from '../../src/model/header-names.ts'
import { Agent } from '../support/agent.ts'
import { isSignInPage, signIn } from '../support/sign-in.ts'

const [alice, lukasz] = demoUsers as [User, User]

let demo: Demo
beforeAll(async () => {
  demo = await startDemo({ port: 0, opsPort: 0, host: '127.0.0.1' })
})
afterAll(() => demo[Symbol.asyncDispose]())

async function signedIn(user = alice): Promise<Agent> {
  const agent = new Agent()
  await signIn(agent, demo.url, user)
  return agent
}

/** The headers the app got, by name. */
async function received(agent: Agent, headers: Record<string, string> = {}) {
  const answer = await agent.fetch(`${demo.url}/headers`, { headers })
  return Object.fromEntries(answer.json() as [string, string][])
}

test('a sign-in ends at the page that was asked for, with its query', async () => {
  const answer = await signIn(new Agent(), `${demo.url}/reports/7?page=2&q=%2Fx`, lukasz)
  expect([answer.status, answer.url]).toEqual([200, `${demo.url}/reports/7?page=2&q=%2Fx`])
  expect(answer.text).toContain('<h1>Hello, Łukasz Żółw</h1>')
})

test('an API caller is refused with JSON instead', async () => {
  const headers = {
    accept: 'application/json',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
  }
  const answer = await new Agent().fetch(demo.url, { headers })
  expect(answer.status).toBe(401)
  expect(answer.json()).toMatchObject({ code: 'unauthenticated' })
})

test('the app gets every identity header, whatever the client claims', async () => {
  const claimed = Object.fromEntries(identityHeaderNames.map((name) => [name, 'evil']))
  // The request id is the caller's to choose.
  const headers = await received(await signedIn(), { ...claimed, 'x-request-id': 'mine' })
  expect(Object.keys(headers)).toEqual(expect.arrayContaining([...identityHeaderNames]))
  expect(Object.values(headers)).not.toContain('evil')
  expect(headers).toMatchObject({
    'x-user-id': alice.id,
    'x-username': 'alice',
    'x-user-email': 'alice@example.com',
    'x-user-name': 'Alice Archer',
    'x-user-roles': 'admin,user',
    'x-user-groups': '/engineering,/ops',
    'x-auth-kind': 'user',
    'x-auth-source': 'session',
    'x-service-name': '',
    'x-request-id': 'mine',
  })
})

test('the countdown of the page has something to count', async () => {
  const agent = await signedIn()
  const answer = await agent.fetch(`${demo.url}/auth/session`)
  expect(answer.json()).toMatchObject({ username: 'alice', seconds_remaining: expect.any(Number) })
})

test('sign-out ends both sessions, the gateway’s and the provider’s', async () => {
  const agent = await signedIn()
  const headers = { 'sec-fetch-site': 'same-origin' }
  const answer = await agent.follow(`${demo.url}/auth/logout`, { headers })
  expect([answer.status, answer.url]).toEqual([200, expect.stringContaining('/auth/logged-out')])
  expect(isSignInPage(await agent.follow(demo.url))).toBe(true)
})

test('a session ended at the provider is over at the next request, in that browser alone', async () => {
  const [first, second] = [await signedIn(), await signedIn()]
  const page = await first.fetch(`${demo.url}/idp/demo`)
  const session = /\(this browser\).*?name="session" value="([^"]+)"/s.exec(page.text)?.[1] ?? ''
  await first.fetch(`${demo.url}/idp/demo`, { form: { session } })
  expect((await first.fetch(`${demo.url}/headers`)).status).toBe(302)
  expect(isSignInPage(await first.follow(demo.url))).toBe(true)
  expect(await received(second)).toMatchObject({ 'x-username': 'alice' })
})

describe('the process', () => {
  test('takes the next port where one is taken, says so, and stops with Ctrl-C', async () => {
    const inTheWay = createServer()
    const taken = await listen(inTheWay, 0, '127.0.0.1')
    onTestFinished(() => close(inTheWay))
    const child = spawn(process.execPath, ['demo/main.ts'], {
      env: { ...process.env, HOST: '127.0.0.1', PORT: String(taken), OPS_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exit = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      if (line.includes('Ctrl-C')) break
    }
    const said = lines.join('\n')
    const url = /Open (http:\/\/localhost:\d+)$/m.exec(said)?.[1] ?? ''
    expect(said).toContain(`Port ${taken} is taken: using`)
    expect(url).not.toBe(`http://localhost:${taken}`)
    expect(isSignInPage(await new Agent().follow(url))).toBe(true)
    child.kill('SIGINT')
    expect(await exit).toBe(0)
  })
})
