import { generateKeyPairSync } from 'node:crypto'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Intercept } from '../../../demo/identity-provider.ts'
import { accessClaims, accessToken, audience, validateWith } from '../../support/access-token.ts'
import { asked, craftedToken, expectInvalid } from '../../support/crafted-token.ts'
import { expectPass, expectRefusal } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { signToken } from '../../support/sign-token.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const start = () => startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
const fetches = (site: TestGateway) => asked(site, '/jwks')

/** Keys of the provider are read again after the cool-down, which is by the clock of the machine. */
function coolDown(): void {
  const now = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 31_000)
}

async function newKey(kid: string, alg = 'RS256'): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' }
}

const publicOf = ({ kty, n, e, crv, x, y, alg, use, kid }: JWK): JWK =>
  JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, alg, use, kid }))

/** The provider publishes these keys. */
function publish({ idp }: TestGateway, keys: readonly unknown[]): void {
  idp.alter = (path, body) => (path === '/jwks' ? { keys } : body)
}

const answering =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Intercept =>
  ({ url }, response) => {
    if (url !== '/jwks') return 'pass'
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
    return 'handled'
  }

const cutOff: Intercept = ({ url, socket }) => {
  if (url === '/jwks') socket.destroy()
  return url === '/jwks' ? 'handled' : 'pass'
}

describe('B-03 a key that must not be used', () => {
  const good = async (site: TestGateway, key: JWK, header: object = {}) =>
    craftedToken(key, { alg: 'RS256', kid: key.kid, ...header }, accessClaims(site))

  test.each<[string, Partial<Record<keyof JWK, unknown>>]>([
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'RS512' }],
    ['for key agreement', { alg: 'RSA-OAEP' }],
    ['for signing alone', { key_ops: ['sign'] }],
    ['of another type', { kty: 'EC' }],
  ])('B-03 %s', async (_name, changes) => {
    await using site = await start()
    const key = await newKey('odd')
    publish(site, [{ ...publicOf(key), ...changes }])
    await expectInvalid(site, good(site, key), 'ERR_JWKS_NO_MATCHING_KEY')
    publish(site, [publicOf(key)])
    coolDown()
    expectPass(await validateWith(site, await good(site, key)))
  })

  test('B-03 that is symmetric, or private', async () => {
    await using site = await start()
    const key = await newKey('private')
    const secret = Buffer.alloc(32, 7).toString('base64url')
    publish(site, [
      { kty: 'oct', k: secret, kid: 'oct', alg: 'HS256' },
      key,
      publicOf(site.idp.keys.RS256),
    ])
    const hmac = { kty: 'oct', k: secret, kid: 'oct', alg: 'HS256' }
    await expectInvalid(site, signToken(hmac, accessClaims(site)), 'its alg is none of')
    expectRefusal(await validateWith(site, await good(site, key)), 'idp_unavailable')
    site.clock.advance(2_000)
    expectPass(await validateWith(site, await accessToken(site)))
  })

  test('B-03 that is too short: 401, not an error', async () => {
    await using site = await start()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    const key = { ...(privateKey.export({ format: 'jwk' }) as JWK), kid: 'weak' }
    publish(site, [publicOf(key)])
    await expectInvalid(site, good(site, key), 'its signature is not good')
  })

  test('B-03 that is no key: 401, not an error', async () => {
    await using site = await start()
    const key = await newKey('broken')
    for (const broken of [
      { kty: 'RSA', kid: 'broken' },
      { ...publicOf(key), n: 'AA' },
      { ...publicOf(key), e: '!' },
      { ...publicOf(key), n: 42 },
    ]) {
      await using fresh = await start()
      publish(fresh, [broken])
      await expectInvalid(fresh, good(fresh, key), 'its signature is not good')
    }
    publish(site, [null, 'x', 42, [], publicOf(key)])
    const answer = await validateWith(site, await good(site, key))
    expectRefusal(answer, 'idp_unavailable')
  })
})

describe('B-06 the name of the key', () => {
  const odd: readonly unknown[] = [
    ...[42, true, null, [], ['demo-rs256'], { toString: 'demo-rs256' }],
    'x'.repeat(257),
  ]
  const unknown: readonly string[] = [
    ...['', ' demo-rs256', 'DEMO-RS256', 'demo-rs256\0', '*', '0'],
    ...['../../../../dev/null', '/proc/self/environ', 'file:///etc/passwd', 'http://127.0.0.1/'],
    ...["' OR '1'='1", "x' UNION SELECT 'key", '$(id)', `$\{jndi:ldap://evil.example/a}`],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'],
  ]

  test('B-06 of odd types, or too long', async () => {
    await using site = await start()
    for (const kid of odd) {
      const token = craftedToken(site.idp.keys.RS256, { alg: 'RS256', kid }, accessClaims(site))
      await expectInvalid(site, token, 'its kid is no name')
    }
    expect(fetches(site)).toBe(0)
  })

  test('B-06 that is a path, a query, a command or a name every object has', async () => {
    await using site = await start()
    const key = site.idp.keys.RS256
    for (const kid of unknown) {
      const token = craftedToken(key, { alg: 'RS256', kid }, accessClaims(site))
      await expectInvalid(site, token, 'ERR_JWKS_NO_MATCHING_KEY')
    }
    expect(fetches(site)).toBe(1)
  })

  test('B-06 that is missing: the one key that fits counts', async () => {
    await using site = await start()
    const token = await accessToken(site, {}, { kid: undefined as unknown as string })
    expectPass(await validateWith(site, token))
  })
})

describe('B-07 a flood of names of keys', () => {
  test('B-07 fetches keys once, and once more after the cool-down', async () => {
    await using site = await start()
    const key = site.idp.keys.RS256
    const flood = async (prefix: string) => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, i) =>
          validateWith(
            site,
            craftedToken(key, { alg: 'RS256', kid: `${prefix}${i}` }, accessClaims(site)),
          ),
        ),
      )
      for (const answer of answers) expectRefusal(answer, 'invalid_token')
    }
    await flood('first-')
    expect(fetches(site)).toBe(1)
    await flood('second-')
    expect(fetches(site)).toBe(1)
    coolDown()
    await flood('third-')
    expect(fetches(site)).toBe(2)
    expectPass(await validateWith(site, await accessToken(site)))
  })

  test('B-07 with a provider that is down: nothing passes, and it is left alone', async () => {
    await using site = await start()
    const known = await accessToken(site)
    expectPass(await validateWith(site, known))
    site.idp.intercept = answering(503, '')
    coolDown()
    for (let i = 0; i < 20; i += 1) {
      const token = await accessToken(site, {}, { kid: `flood-${i}` })
      const { status } = await validateWith(site, token)
      expect([401, 503]).toContain(status)
    }
    // Two seconds after a failure, and not at all after five.
    expect(fetches(site)).toBeLessThanOrEqual(6)
    expectPass(await validateWith(site, known))
    expectPass(await validateWith(site, await accessToken(site, { sub: 'other' })))
  })

  test('B-07 tokens that are wrong in themselves fetch none', async () => {
    await using site = await start()
    const key = await newKey('flood')
    const crafted = (claims: object) =>
      craftedToken(key, { alg: 'RS256', kid: 'flood' }, { ...accessClaims(site), ...claims })
    await expectInvalid(site, crafted({ exp: 1 }), 'it has expired')
    await expectInvalid(site, crafted({ aud: 'other' }), 'it is not made for this service')
    await expectInvalid(site, crafted({ typ: 'ID' }), 'its typ claim')
    expect(fetches(site)).toBe(0)
  })

  test('B-07 and F-09 a key that the provider brings is known with its first token', async () => {
    await using site = await start()
    const next = await newKey('next')
    const former = site.idp.keys.RS256
    const known = await accessToken(site)
    expectPass(await validateWith(site, known))
    publish(site, [publicOf(next), publicOf(former)])
    coolDown()
    const fresh = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        signToken(next, accessClaims(site, { sub: `user-${i}` }), { typ: 'at+jwt' }),
      ),
    )
    const answers = await Promise.all(fresh.map((token) => validateWith(site, token)))
    for (const answer of answers) expectPass(answer)
    expectPass(await validateWith(site, known))
    expectPass(await validateWith(site, await accessToken(site, { sub: 'by the former key' })))
    expect(fetches(site)).toBe(2)
  })
})

describe('B-24 what the provider says its keys are', () => {
  test.each<[string, Intercept]>([
    ['a page', answering(200, '<h1>Hello</h1>', { 'content-type': 'text/html' })],
    ['no set', answering(200, '{"keys":42}')],
    ['null', answering(200, 'null')],
    ['a set of texts', answering(200, '{"keys":["a"]}')],
    ['gone', answering(404, '')],
    ['an error', answering(500, '')],
    ['too long', answering(200, `{"keys":[]${' '.repeat(600_000)}}`)],
    ['elsewhere', answering(302, '', { location: '/elsewhere' })],
    ['elsewhere for good', answering(308, '', { location: '/elsewhere' })],
    ['cut off', cutOff],
  ])('B-24 %s: the last good set is kept', async (_name, intercept) => {
    await using site = await start()
    expectPass(await validateWith(site, await accessToken(site)))
    site.idp.intercept = intercept
    site.clock.advance(3_600_001)
    coolDown()
    expectPass(await validateWith(site, await accessToken(site, { sub: 'a' })))
    await vi.waitUntil(() => fetches(site) === 2, { timeout: 10_000 })
    expectPass(await validateWith(site, await accessToken(site, { sub: 'b' })))
    const odd = await accessToken(site, {}, { kid: 'unknown' })
    expect([401, 503]).toContain((await validateWith(site, odd)).status)
    expectPass(await validateWith(site, await accessToken(site, { sub: 'c' })))
    expect(asked(site, '/elsewhere')).toBe(0)
  })

  test('B-24 elsewhere from the start: 503, and nobody is asked there', async () => {
    await using site = await start()
    site.idp.intercept = answering(302, '', { location: `${site.idp.issuer}/elsewhere` })
    expectRefusal(await validateWith(site, await accessToken(site)), 'idp_unavailable')
    expect(asked(site, '/elsewhere')).toBe(0)
    site.idp.intercept = undefined
    site.clock.advance(2_000)
    expectPass(await validateWith(site, await accessToken(site)))
  })

  test('B-24 two keys of one name: neither passes by chance', async () => {
    await using site = await start()
    const [one, two] = [await newKey('twin'), await newKey('twin')]
    publish(site, [publicOf(one), publicOf(two), publicOf(site.idp.keys.RS256)])
    for (const key of [one, two])
      await expectInvalid(site, signToken(key, accessClaims(site)), 'ERR_JWKS_MULTIPLE_MATCHING')
    expectPass(await validateWith(site, await accessToken(site)))
  })

  test('B-24 thousands of keys: they count up to half a megabyte, and not beyond', async () => {
    await using site = await start()
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ ...publicOf(site.idp.keys.ES256), kid: `k${i}` }))
    publish(site, [...many(2_000), publicOf(site.idp.keys.RS256)])
    expectPass(await validateWith(site, await accessToken(site)))
    await using other = await start()
    publish(other, [...many(10_000), publicOf(other.idp.keys.RS256)])
    expectRefusal(await validateWith(other, await accessToken(other)), 'idp_unavailable')
  })
})
