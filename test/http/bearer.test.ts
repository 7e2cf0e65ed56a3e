import { test } from 'vitest'
import { demoUsers } from '../../demo/idp/users.ts'
import { accessToken, audience, validateWith } from '../support/access-token.ts'
import { expectPass, expectRefusal } from '../support/decisions.ts'
import { startTestGateway } from '../support/gateway.ts'

const takesTokens = { AUTH_ALLOWED_AUDIENCES: audience }

test("a person's token passes, with the identity headers of its claims", async () => {
  await using site = await startTestGateway({ env: takesTokens })
  const token = await accessToken(site, { realm_access: { roles: ['admin'] } })
  expectPass(await validateWith(site, token), {
    'x-user-id': demoUsers[0]?.id ?? '',
    'x-username': 'alice',
    'x-user-roles': 'admin',
    'x-user-groups': '/ops',
    'x-user-scopes': 'profile email',
    'x-client-id': 'cli',
    'x-auth-source': 'bearer',
    'x-auth-kind': 'user',
    'x-auth-provider': 'default',
    'x-session-id': '',
  })
})

test("a service's token does not pass where people are asked for", async () => {
  await using site = await startTestGateway({ env: takesTokens })
  const token = await accessToken(site, { sub: 'cli', sid: undefined })
  expectRefusal(await validateWith(site, token), 'wrong_identity_kind')
})

test('tokens are refused until an audience is set', async () => {
  await using site = await startTestGateway()
  expectRefusal(await validateWith(site, await accessToken(site)), 'invalid_token')
})

test('a known token passes with the provider gone, an unknown one with the keys that were read', async () => {
  await using site = await startTestGateway({ env: takesTokens })
  const token = await accessToken(site)
  expectPass(await validateWith(site, token))
  await site.idp.close()
  site.clock.advance(60_000)
  expectPass(await validateWith(site, token))
  expectPass(await validateWith(site, await accessToken(site, { sub: 'other' })))
})
