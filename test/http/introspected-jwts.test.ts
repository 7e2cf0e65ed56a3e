import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { demoUsers, type User } from '../../demo/idp/users.ts'
import { accessClaims, accessToken, audience, validateWith } from '../support/access-token.ts'
import { asked, expectInvalid } from '../support/crafted-token.ts'
import { expectPass } from '../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { answerAboutTokens, introspectionPath, opaqueToken } from '../support/introspection.ts'
import { signToken } from '../support/sign-token.ts'

const [alice] = demoUsers as readonly [User]

describe('a JWT that says too little', () => {
  let site: TestGateway
  beforeEach(async () => {
    site = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
  })
  afterEach(() => site[Symbol.asyncDispose]())

  const light = (key = site.idp.keys.RS256) => {
    const { sub: _, aud: __, ...claims } = accessClaims(site)
    return signToken(key, { ...claims, typ: 'Bearer' }, { typ: 'JWT' })
  }
  const active = () => ({
    ...{ active: true, token_type: 'Bearer', iss: site.idp.issuer, sub: alice.id, azp: 'cli' },
    ...{ aud: [audience], exp: Math.floor(site.clock.now() / 1_000) + 300, groups: ['/ops'] },
  })

  test('is asked about once, after its signature was checked', async () => {
    answerAboutTokens(site, active())
    expectPass(await validateWith(site, await light()), {
      'x-user-id': alice.id,
      'x-user-groups': '/ops',
      'x-auth-source': 'introspection',
    })
    expect(asked(site, introspectionPath)).toBe(1)
    await using other = await startTestGateway()
    await expectInvalid(site, light(other.idp.keys.RS256), 'VERIFICATION_FAILED')
    expect(asked(site, introspectionPath)).toBe(1)
  })

  test('and is not active is remembered for ten seconds', async () => {
    answerAboutTokens(site, { active: false })
    const inactive = await light()
    await expectInvalid(site, inactive, 'it is not active')
    await expectInvalid(site, inactive, 'a moment ago that it is not active')
    expect(asked(site, introspectionPath)).toBe(1)
  })

  test('is refused where the answer is for another audience', async () => {
    answerAboutTokens(site, { ...active(), aud: 'account' })
    await expectInvalid(site, light(), 'it is not made for this service')
  })
})

describe('AUTH_MODE=direct_keycloak', () => {
  let direct: TestGateway
  beforeEach(async () => {
    direct = await startTestGateway({
      env: { AUTH_ALLOWED_AUDIENCES: audience, AUTH_MODE: 'direct_keycloak' },
    })
  })
  afterEach(() => direct[Symbol.asyncDispose]())

  test('judges a JWT by what the provider says of it, and of nothing else', async () => {
    const jwt = await accessToken(direct, { sub: 'not-this-one', groups: ['/not-this-one'] })
    const exp = Math.floor(direct.clock.now() / 1_000) + 300
    const said = { active: true, token_type: 'Bearer', sub: alice.id, aud: audience, exp }
    answerAboutTokens(direct, { ...said, groups: ['/ops'] })
    expectPass(await validateWith(direct, jwt), {
      'x-user-id': alice.id,
      'x-user-groups': '/ops',
      'x-auth-source': 'introspection',
    })
    answerAboutTokens(direct, { active: false })
    direct.clock.advance(60_001)
    await expectInvalid(direct, jwt, 'it is not active')
    expect(asked(direct, '/jwks')).toBe(0)
  })

  test('refuses a good JWT that the provider does not know', async () => {
    await expectInvalid(direct, accessToken(direct), 'no answer about the token')
  })

  test('asks about opaque tokens too', async () => {
    expectPass(await validateWith(direct, await opaqueToken(direct)), { 'x-username': 'alice' })
  })
})
