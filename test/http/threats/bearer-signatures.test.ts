import { createPublicKey } from 'node:crypto'
import { CompactEncrypt, type CompactJWEHeaderParameters } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessClaims, accessToken, audience, validateWith } from '../../support/access-token.ts'
import {
  craftedToken,
  encodedPart,
  expectInvalid,
  signatureOf,
} from '../../support/crafted-token.ts'
import { expectPass } from '../../support/decisions.ts'
import { clientSecret, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { signToken, unsignedToken } from '../../support/sign-token.ts'

let site: TestGateway
/** Another provider: its keys are not those of ours, under the same names. */
let other: TestGateway

beforeAll(async () => {
  const options = { env: { AUTH_ALLOWED_AUDIENCES: audience } }
  ;[site, other] = await Promise.all([startTestGateway(options), startTestGateway(options)])
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const header = (changes: object = {}) => ({
  alg: 'RS256',
  kid: site.idp.keys.RS256.kid,
  typ: 'at+jwt',
  ...changes,
})
const crafted = (head: object | string, body: object | string | Uint8Array = accessClaims(site)) =>
  craftedToken(site.idp.keys.RS256, head, body)

test('B-01 to B-05 what the tests craft is good where nothing is wrong with it', async () => {
  expectPass(await validateWith(site, crafted(header())))
  expectPass(await validateWith(site, await signToken(site.idp.keys.ES256, accessClaims(site))))
})

describe('B-01 the algorithm', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', '', 'none ', 'rs256'])('B-01 alg %j', async (alg) => {
    const claims = accessClaims(site)
    const unsigned = unsignedToken(claims, alg)
    const [, , signature] = crafted(header()).split('.')
    await expectInvalid(site, unsigned, 'has not its three parts')
    await expectInvalid(site, unsigned.slice(0, -1), 'has not its three parts')
    await expectInvalid(site, `${unsigned}${signature}`, 'its alg is none of')
    await expectInvalid(site, crafted(header({ alg })), 'its alg is none of')
  })

  test.each([
    ['missing', undefined],
    ['null', null],
    ['a number', 256],
    ['a list', ['RS256']],
    ['a list that is none', ['none']],
    ['an object', { toString: 'RS256' }],
    ['true', true],
  ])('B-01 alg %s', async (_name, alg) => {
    await expectInvalid(site, crafted(header({ alg })), 'its alg is none of')
  })
})

describe('B-02 a symmetric algorithm', () => {
  const secrets: readonly [string, () => string | Buffer][] = [
    ['the public key in PEM', () => publicKey().export({ type: 'spki', format: 'pem' })],
    [
      'the public key in PEM of PKCS #1',
      () => publicKey().export({ type: 'pkcs1', format: 'pem' }),
    ],
    ['the public key in DER', () => publicKey().export({ type: 'spki', format: 'der' })],
    ['the public key as JWK', () => JSON.stringify(publicKey().export({ format: 'jwk' }))],
    ['the modulus', () => Buffer.from(site.idp.keys.RS256.n ?? '', 'base64url')],
    ['the client secret', () => clientSecret],
    ['a zero byte, as HMAC pads an empty key', () => '\0'],
  ]
  const publicKey = () => createPublicKey({ key: { ...site.idp.keys.RS256 }, format: 'jwk' })
  const { kid } = { kid: 'demo-rs256' }

  test.each(secrets)('B-02 HS256 by %s', async (_name, secret) => {
    const k = Buffer.from(secret()).toString('base64url')
    for (const alg of ['HS256', 'HS384', 'HS512'])
      await expectInvalid(
        site,
        signToken({ kty: 'oct', k, alg }, accessClaims(site), { kid }),
        'its alg is none of',
      )
  })
})

describe('B-03 a key for another algorithm', () => {
  test('B-03 an algorithm that the settings leave out', async () => {
    await using narrow = await startTestGateway({
      file: () =>
        `issuers: { own: { issuer: "${site.idp.issuer}", audiences: ["${audience}"], algorithms: [ES256] } }`,
    })
    expectPass(await validateWith(narrow, await signToken(site.idp.keys.ES256, accessClaims(site))))
    await expectInvalid(narrow, accessToken(site), 'its alg is none of')
  })

  test.each(['RS384', 'RS512', 'PS256'])('B-03 %s by the key for RS256', async (alg) => {
    const token = signToken({ ...site.idp.keys.RS256, alg }, accessClaims(site))
    await expectInvalid(site, token, 'ERR_JWKS_NO_MATCHING_KEY')
  })

  test('B-03 RS256 in the name of the key for ES256, and the reverse', async () => {
    const { RS256, ES256 } = site.idp.keys
    const named = craftedToken(RS256, header({ kid: ES256.kid }), accessClaims(site))
    await expectInvalid(site, named, 'ERR_JWKS_NO_MATCHING_KEY')
    const reverse = craftedToken(ES256, header({ kid: ES256.kid }), accessClaims(site))
    await expectInvalid(site, reverse, 'ERR_JWKS_NO_MATCHING_KEY')
    const changed = craftedToken(ES256, header({ alg: 'ES256' }), accessClaims(site))
    await expectInvalid(site, changed, 'ERR_JWKS_NO_MATCHING_KEY')
  })
})

describe('B-04 a key that comes with the token', () => {
  test('B-04 of an issuer that is not ours, by a good key of its own', async () => {
    const before = other.idp.requests.length
    await expectInvalid(site, accessToken(other), 'it is of no issuer whose tokens are taken')
    expect(other.idp.requests.length).toBe(before)
  })

  test('B-04 by a key of another issuer under the name of ours', async () => {
    const token = signToken(other.idp.keys.RS256, accessClaims(site))
    await expectInvalid(site, token, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })

  test.each(['jwk', 'jku', 'x5u', 'x5c'])('B-04 %s: nobody is asked', async (name) => {
    const { n, e } = other.idp.keys.RS256
    const values: Readonly<Record<string, unknown>> = {
      jwk: { kty: 'RSA', n, e },
      jku: `${other.idp.issuer}/jwks`,
      x5u: `${other.idp.issuer}/trap`,
      x5c: [Buffer.from('certificate').toString('base64')],
    }
    const claims = accessClaims(site)
    const [ours, foreign] = [site.idp.requests.length, other.idp.requests.length]
    for (const kid of [site.idp.keys.RS256.kid, 'elsewhere']) {
      const head = header({ [name]: values[name], kid })
      await expectInvalid(site, craftedToken(other.idp.keys.RS256, head, claims), 'it brings a key')
      await expectInvalid(site, crafted(head), 'it brings a key')
      await expectInvalid(site, crafted(header({ [name]: null })), 'it brings a key')
    }
    expect([site.idp.requests.length, other.idp.requests.length]).toEqual([ours, foreign])
  })

  test('B-04 altered after signing', async () => {
    const [head, , signature] = (await accessToken(site)).split('.')
    const body = encodedPart({ ...accessClaims(site), sub: 'root' })
    await expectInvalid(site, `${head}.${body}.${signature}`, 'VERIFICATION_FAILED')
  })
})

describe('B-05 extensions', () => {
  test.each([
    ['unknown', { crit: ['x'], x: true }],
    ['unknown and missing', { crit: ['x'] }],
    ['known to JOSE', { crit: ['exp'], exp: 1 }],
    ['empty', { crit: [] }],
    ['null', { crit: null }],
    ['a text', { crit: 'b64' }],
    ['b64 true', { crit: ['b64'], b64: true }],
    ['b64 false', { crit: ['b64'], b64: false }],
  ])('B-05 crit that is %s', async (_name, changes) => {
    await expectInvalid(site, crafted(header(changes)), 'it has critical extensions')
  })

  test.each([false, true, 'false', null])('B-05 b64 %j that is not critical', async (b64) => {
    await expectInvalid(site, crafted(header({ b64 })), 'it has critical extensions')
  })

  test('B-05 b64 false, and signed as it says', async () => {
    const claims = accessClaims(site)
    const head = encodedPart(header({ b64: false, crit: ['b64'] }))
    const signature = signatureOf(site.idp.keys.RS256, `${head}.${JSON.stringify(claims)}`)
    const token = `${head}.${encodedPart(claims)}.${signature.toString('base64url')}`
    await expectInvalid(site, token, 'it has critical extensions')
  })
})

describe('B-15 a signature by an elliptic curve', () => {
  const head = () => ({ alg: 'ES256', kid: site.idp.keys.ES256.kid, typ: 'at+jwt' })
  const input = () => `${encodedPart(head())}.${encodedPart(accessClaims(site))}`

  test.each([
    ['zeros', () => Buffer.alloc(64)],
    ['r zero', (good: Buffer) => Buffer.concat([Buffer.alloc(32), good.subarray(32)])],
    ['s zero', (good: Buffer) => Buffer.concat([good.subarray(0, 32), Buffer.alloc(32)])],
    ['the order of the curve twice', () => Buffer.concat([order, order])],
    ['a byte short', (good: Buffer) => good.subarray(0, 63)],
    ['a byte long', (good: Buffer) => Buffer.concat([good, Buffer.alloc(1)])],
    ['one byte', () => Buffer.alloc(1)],
  ])('B-15 %s', async (_name, change) => {
    const signed = input()
    const signature = change(signatureOf(site.idp.keys.ES256, signed))
    const token = `${signed}.${signature.toString('base64url')}`
    await expectInvalid(site, token, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })

  test('B-15 in DER', async () => {
    const signed = input()
    const signature = signatureOf(site.idp.keys.ES256, signed, 'der')
    const token = `${signed}.${signature.toString('base64url')}`
    await expectInvalid(site, token, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
  })
})

const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

describe('B-16 a token that is encrypted', () => {
  test.each<[string, CompactJWEHeaderParameters]>([
    ['for our client', { alg: 'dir', enc: 'A256GCM' }],
    ['with a million rounds of a hash', { alg: 'dir', enc: 'A256GCM', p2c: 1_000_000 }],
    ['and compressed', { alg: 'dir', enc: 'A256GCM', cty: 'JWT' }],
  ])('B-16 %s', async (_name, head) => {
    const inner = new TextEncoder().encode(await accessToken(site))
    const key = new Uint8Array(32)
    const token = await new CompactEncrypt(inner).setProtectedHeader(head).encrypt(key)
    const parts = token.split('.')
    // An empty key part is right for `dir`.
    expect(parts).toHaveLength(5)
    await expectInvalid(site, token, 'the token is encrypted')
  })

  test('B-16 compressed or derived from a password, by its header', async () => {
    for (const head of [
      { alg: 'RSA-OAEP', enc: 'A128GCM', zip: 'DEF' },
      { alg: 'PBES2-HS512+A256KW', enc: 'A128GCM', p2c: 2_147_483_647, p2s: 'c2FsdA' },
    ])
      await expectInvalid(site, `${encodedPart(head)}.a.b.c.d`, 'the token is encrypted')
  })

  test('B-16 signed around an encrypted or a signed one', async () => {
    const inner = await accessToken(site)
    await expectInvalid(site, crafted(header({ cty: 'JWT' }), inner), 'no JSON object')
  })
})
