import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessClaims, accessToken, audience, validateWith } from '../../support/access-token.ts'
import {
  craftedToken,
  encodedPart,
  expectInvalid,
  type Part,
  signatureOf,
} from '../../support/crafted-token.ts'
import { expectPass } from '../../support/decisions.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'

let site: TestGateway

beforeAll(async () => {
  site = await startTestGateway({ env: { AUTH_ALLOWED_AUDIENCES: audience } })
})
afterAll(() => site[Symbol.asyncDispose]())

const head = '{"alg":"RS256","kid":"demo-rs256"}'
const signed = (header: Part, payload: Part) => craftedToken(site.idp.keys.RS256, header, payload)
const body = (changes: object = {}) => JSON.stringify({ ...accessClaims(site), ...changes })

/** The parts of a good token. */
async function parts() {
  const [header = '', payload = '', signature = ''] = (await accessToken(site)).split('.')
  return { header, payload, signature }
}

const noPart = 'no base64url, or no JSON object'

test('B-14 what the tests write by hand is good where nothing is wrong with it', async () => {
  expectPass(await validateWith(site, signed(head, body())))
  expectPass(await validateWith(site, signed(` {\n"alg" : "RS256" } `, ` ${body()}\n`)))
  // Colons and quotes in texts are no members.
  const odd = { note: 'a:b "c":\\"d\\": \\', 'e:"f': { g: [{}, { h: ':' }] } }
  expectPass(await validateWith(site, signed(head, body(odd))))
})

describe('B-14 lax base64', () => {
  test.each<[string, (token: Awaited<ReturnType<typeof parts>>) => string, string]>([
    ['padded', ({ header, payload, signature }) => `${header}.${payload}.${signature}==`, noPart],
    [
      'padded before',
      ({ header, payload, signature }) => `${header}==.${payload}.${signature}`,
      'no bearer token',
    ],
    [
      'in the other alphabet',
      (t) => Object.values({ ...t, signature: other(t.signature) }).join('.'),
      noPart,
    ],
    [
      'with bits left over',
      (t) => Object.values({ ...t, signature: leftOver(t.signature) }).join('.'),
      noPart,
    ],
    ['with one character too many', (t) => `${Object.values(t).join('.')}AAA`, noPart],
    ['with a tilde', (t) => `${Object.values(t).join('.')}~`, noPart],
  ])('B-14 %s', async (_name, change, reason) => {
    const token = await parts()
    const changed = change(token)
    expect(changed).not.toBe(Object.values(token).join('.'))
    await expectInvalid(site, changed, reason)
  })
})

/** The same bytes in the alphabet of RFC 4648 section 4. */
const other = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/')

/** Another text of the same bytes: the last character of 256 bytes has four bits that do not count. */
function leftOver(text: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = letters.indexOf(text.at(-1) ?? '')
  const changed = text.slice(0, -1) + letters[last ^ 1]
  if (!Buffer.from(changed, 'base64url').equals(Buffer.from(text, 'base64url')))
    throw new Error('the bytes are others')
  return changed
}

describe('B-14 parts', () => {
  test.each<[string, (header: string, payload: string, signature: string) => string]>([
    ['one more', (h, p, s) => `${h}.${p}.${s}.${s}`],
    ['an empty one more', (h, p, s) => `${h}.${p}.${s}.`],
    ['one less', (h, p) => `${h}.${p}`],
    ['the header alone', (h) => h],
    ['an empty payload', (h, _p, s) => `${h}..${s}`],
    ['an empty signature', (h, p) => `${h}.${p}.`],
    ['six', (h, p, s) => [h, p, s, h, p, s].join('.')],
    ['a dot in between', (h, p, s) => `${h}..${p}.${s}`],
  ])('B-14 %s', async (_name, join) => {
    const { header, payload, signature } = await parts()
    await expectInvalid(site, join(header, payload, signature), 'has not its three parts')
  })

  test('B-14 an empty one in front, or a header that is none: nothing the issuer knows', async () => {
    const { header, payload, signature } = await parts()
    await expectInvalid(site, `.${header}.${payload}.${signature}`, 'the issuer')
    await expectInvalid(site, `${header.slice(1)}.${payload}.${signature}`, 'the issuer')
  })

  test('B-14 JSON serialisations', async () => {
    const { header, payload, signature } = await parts()
    const flat = { protected: header, payload, signature }
    const general = { payload, signatures: [{ protected: header, signature }] }
    for (const json of [flat, general]) {
      await expectInvalid(site, JSON.stringify(json), 'no bearer token')
      await expectInvalid(site, encodedPart(json), 'has not its three parts')
    }
  })
})

describe('B-14 what a part says', () => {
  test.each<[string, Part]>([
    ['a list', '[]'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['a number', '42'],
    ['cut off', '{"iss":"x"'],
    ['longer than its JSON', '{"iss":"x"} {}'],
    ['with a comment', '{"iss":"x"/**/}'],
    ['in single quotes', "{'iss':'x'}"],
    ['with a comma too many', '{"iss":"x",}'],
    ['NaN', '{"exp":NaN}'],
    ['a zero byte at the end', '{"iss":"x"}\0'],
    ['a control character in a text', '{"iss":"x\n"}'],
  ])('B-14 a payload that is %s', async (_name, payload) => {
    await expectInvalid(site, signed(head, payload), noPart)
  })

  test.each<[string, number[]]>([
    ['a byte that never is', [0xff]],
    ['a sequence that is cut off', [0xc3]],
    ['a slash in two bytes', [0xc0, 0xaf]],
    ['half a pair', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
  ])('B-14 bad UTF-8, %s', async (_name, bytes) => {
    const [before = '', after = ''] = body({ name: '|' }).split('|')
    const payload = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)])
    await expectInvalid(site, signed(head, payload), noPart)
    const header = Buffer.concat([
      Buffer.from('{"alg":"RS256","x":"'),
      Buffer.from(bytes),
      Buffer.from('"}'),
    ])
    await expectInvalid(site, signed(header, body()), noPart)
  })

  test('B-14 a mark of the order of bytes', async () => {
    await expectInvalid(site, signed(head, `\uFEFF${body()}`), noPart)
  })

  test.each([
    ['the same twice', '"aud":"AUD","aud":"AUD"'],
    ['another first', '"aud":"other","aud":"AUD"'],
    ['another last', '"aud":"AUD","aud":"other"'],
    ['one escaped', '"aud":"AUD","\\u0061ud":"AUD"'],
    ['inside a claim', '"aud":"AUD","realm_access":{"roles":[],"roles":["admin"]}'],
    ['inside a list', '"aud":"AUD","list":[{"a":1,"a":2}]'],
    ['with a text that looks like a member', '"aud":"AUD","x":"\\"y\\":","aud":"AUD"'],
    ['that every object has', '"aud":"AUD","__proto__":{},"__proto__":{"a":1}'],
  ])('B-14 a name twice: %s', async (_name, members) => {
    const { aud: _, ...rest } = accessClaims(site)
    const payload = `{${members.replaceAll('AUD', audience)},${JSON.stringify(rest).slice(1)}`
    await expectInvalid(site, signed(head, payload), noPart)
  })

  test.each([
    '{"alg":"none","alg":"RS256","kid":"demo-rs256"}',
    '{"alg":"RS256","alg":"none","kid":"demo-rs256"}',
    '{"alg":"RS256","kid":"demo-rs256","jwk":{"kty":"RSA","kty":"oct"}}',
  ])('B-14 a name twice in the header: %s', async (header) => {
    await expectInvalid(site, signed(header, body()), noPart)
  })

  test('B-14 __proto__ as a claim gives nothing', async () => {
    const { aud: _, ...rest } = accessClaims(site)
    const payload = `{"__proto__":{"aud":"${audience}"},${JSON.stringify(rest).slice(1)}`
    await expectInvalid(site, signed(head, payload), 'the issuer gives the gateway no answer')
  })

  test('B-14 nested deeper than anybody would', async () => {
    for (const open of ['[', '{"a":']) {
      const depth = Math.floor(4_000 / open.length)
      const close = open === '[' ? ']' : '}'
      const deep = `${open.repeat(depth)}${open === '[' ? '' : '1'}${close.repeat(depth)}`
      const { status } = await validateWith(
        site,
        signed(head, `{"deep":${deep},${body().slice(1)}`),
      )
      expect([200, 401]).toContain(status)
    }
  })
})

describe('B-17 a huge token', () => {
  /** A good token of this length, or up to two less. */
  function ofLength(length: number): string {
    const input = (filler: number) => {
      const payload = encodedPart(body({ filler: 'x'.repeat(filler) }))
      return `${encodedPart(head)}.${payload}`
    }
    const room = length - 343
    let filler = Math.floor((room - input(0).length) * 0.75) - 3
    while (input(filler + 1).length <= room) filler += 1
    const text = input(filler)
    return `${text}.${signatureOf(site.idp.keys.RS256, text).toString('base64url')}`
  }

  test('B-17 passes up to 8,192 characters, and no further', async () => {
    const longest = ofLength(8_192)
    expect(longest.length).toBeGreaterThan(8_189)
    expectPass(await validateWith(site, longest))
    const longer = ofLength(8_196)
    expect(longer.length).toBeGreaterThan(8_192)
    await expectInvalid(site, longer, 'one that is too long')
  })

  test('B-17 of 100,000 characters: 401 or 431', async () => {
    const { status, headers } = await validateWith(site, 'x'.repeat(100_000))
    expect([401, 431]).toContain(status)
    expect(headers).not.toHaveProperty('location')
  })

  test('B-17 of dots alone, or nearly', async () => {
    const header = encodedPart(head)
    await expectInvalid(site, header + '.'.repeat(8_000), 'has not its three parts')
    await expectInvalid(site, '.'.repeat(8_000), 'the issuer')
    await expectInvalid(site, '.'.repeat(9_000), 'one that is too long')
    await expectInvalid(site, header + '.a'.repeat(4_000), 'has not its three parts')
  })
})
