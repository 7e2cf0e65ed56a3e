import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessToken, audience, validateWith } from '../../support/access-token.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'

type Odd = Readonly<Record<string, unknown>>

let strict: TestGateway
beforeAll(async () => {
  strict = await startTestGateway({
    env: { AUTH_ALLOWED_AUDIENCES: audience },
    file: () => `
rules:
- { name: write, match: { paths: [/page] }, access: any, require: { scopes: ["tools:write"], roles: [admin] } }`,
  })
})
afterAll(() => strict[Symbol.asyncDispose]())
const ask = async (claims: Odd) => validateWith(strict, await accessToken(strict, claims))
const roles = { realm_access: { roles: ['admin'] } }

test.each<[string, Odd]>([
  ['longer', { scope: 'tools:write:all' }],
  ['a part', { scope: 'tools:writ tools write' }],
  ['in capitals', { scope: 'Tools:Write' }],
  ['joined by commas', { scope: 'tools:read,tools:write' }],
  ['joined by tabs', { scope: 'tools:read\ttools:write' }],
  ['in a text of a list', { scope: ['tools:read tools:write'] }],
  ['a key of an object', { scope: { 'tools:write': true } }],
  ['missing', { scope: undefined }],
  ['empty', { scope: '' }],
])('B-22 a scope that is %s', async (_name, claims) => {
  const answer = await ask({ ...roles, ...claims })
  const { 'www-authenticate': challenge, ...headers } = answer.headers
  expectRefusal({ ...answer, headers }, 'insufficient_scope')
  expect(challenge).toBe(
    'Bearer realm="gatehouse", error="insufficient_scope", scope="tools:write"',
  )
})

test.each<[string, Odd]>([
  ['longer', { realm_access: { roles: ['administrator', 'admin ', 'xadmin'] } }],
  ['joined', { realm_access: { roles: ['user,admin'] } }],
  ['in capitals', { realm_access: { roles: ['Admin'] } }],
  ['in a list of its own', { realm_access: { roles: [['admin']] } }],
  ['a group', { groups: ['admin', '/admin'] }],
  ['a claim of another name', { 'realm_access.role': ['admin'] }],
])('B-22 a role that is %s', async (_name, claims) => {
  expectRefusal(await ask({ scope: 'tools:write', ...claims }), 'forbidden')
})

test('B-22 whole ones pass, wherever tokens have them', async () => {
  expectPass(await ask({ ...roles, scope: 'tools:read tools:write' }))
  expectPass(await ask({ ...roles, scope: undefined, scp: ['tools:write'] }))
  expectPass(await ask({ ...roles, scope: undefined, scp: 'tools:write tools:read' }))
})
