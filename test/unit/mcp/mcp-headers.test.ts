import { describe, expect, test } from 'vitest'
import { decodeName, readMessage } from '../../../src/mcp/mcp-headers.ts'
import type { McpHeaders } from '../../../src/model/mcp.ts'

const read = (changes: Partial<McpHeaders> = {}) =>
  readMessage({
    version: '2026-07-28',
    method: 'tools/call',
    name: 'search',
    doubled: undefined,
    ...changes,
  })
const base64 = (text: string | Uint8Array) => `=?base64?${Buffer.from(text).toString('base64')}?=`
const unreadable = (reason: RegExp) => ({
  kind: 'unreadable',
  reason: expect.stringMatching(reason),
})

describe('a message', () => {
  test('is what version, method and name tell', () => {
    expect(read()).toEqual({ kind: 'message', method: 'tools/call', name: 'search' })
    expect(read({ method: 'prompts/get' })).toMatchObject({ name: 'search' })
    expect(read({ version: '2027-01-15' })).toMatchObject({ kind: 'message' })
  })

  test('needs no name for other methods, and then has none', () => {
    for (const method of ['tools/list', 'server/discover', 'notifications/cancelled', 'x.y/z_$-1'])
      expect(read({ method, name: undefined })).toEqual({ kind: 'message', method })
    expect(read({ method: 'tools/list', name: '=?junk' })).toEqual({
      kind: 'message',
      method: 'tools/list',
    })
  })

  test.each([
    undefined,
    '2025-11-25',
    '2025-06-18',
    '2026-07-27',
    '',
    '2026-7-28',
    '2026-07-28 ',
    '2026-07-28, 2026-07-28',
    '2027',
    '2027-13-01',
    '2027-02-31',
    '9999-99-99',
    '12026-07-28',
    'DRAFT-2027-v1',
    'latest',
    '２０２７-01-01',
  ])('is not told by headers with the version %j', (version) => {
    expect(read({ version })).toEqual(unreadable(/MCP-Protocol-Version/))
  })

  test.each([
    undefined,
    '',
    'tools/call, tools/list',
    'tools /call',
    '/tools',
    'tools/',
    'tools//call',
    'tools/cäll',
    base64('tools/call'),
    'x'.repeat(65),
  ])('has no method %j', (method) => {
    expect(read({ method })).toEqual(unreadable(/Mcp-Method/))
  })

  test('does not name its method in another case, which might go without a name', () => {
    for (const method of ['Tools/Call', 'TOOLS/CALL', 'resources/Read'])
      expect(read({ method, name: undefined })).toEqual(unreadable(/upper case/))
  })

  test('has each header once', () => {
    expect(read({ doubled: 'mcp-name' })).toEqual(unreadable(/mcp-name is there twice/))
  })

  test('names what the method needs', () => {
    for (const method of ['tools/call', 'resources/read', 'prompts/get']) {
      expect(read({ method, name: undefined })).toEqual(unreadable(/no Mcp-Name/))
      expect(read({ method, name: '=?' })).toEqual(unreadable(/the Mcp-Name is no name/))
    }
  })

  test.each([
    'file:///public/../secret',
    'file:///public/./x',
    'file:///public/..',
    'file:///public/%2e%2e/secret',
    'file:///public/..?x',
    'file:///public//x',
    'file:///a%2Fb',
    'file:///%73ecret',
    'file:///a%5cb',
    'file:///a%252fb',
    'file:///a%zz',
    'file:///a;b%3bc',
    'file:///a\\b',
    'a/../b',
    'docs:a/../b',
  ])('may name the resource %s, which a server may resolve to another one', (uri) => {
    expect(read({ method: 'resources/read', name: uri })).toMatchObject({ name: uri, odd: true })
  })

  test.each([
    'file:///projects/my-app/config.json',
    'https://docs.example.com:8443/a.b/c..d?x=1#y',
    'ui://widget',
    'urn:isbn:0451450523',
    'notes://caf%C3%A9/a%20b',
    'notes://a,b;c',
  ])('names %s in one way', (uri) => {
    expect(read({ method: 'resources/read', name: uri })).toEqual({
      kind: 'message',
      method: 'resources/read',
      name: uri,
    })
  })
})

describe('a name', () => {
  test.each([
    ['get_weather', 'get_weather'],
    ['a name with spaces', 'a name with spaces'],
    [base64('Hello, 世界'), 'Hello, 世界'],
    [base64(' padded '), ' padded '],
    [base64('=?base64?literal?='), '=?base64?literal?='],
    [base64('plain'), 'plain'],
  ])('%s is %j', (value, name) => {
    expect(decodeName(value)).toBe(name)
  })

  test.each([
    ['empty', ''],
    ['nothing, encoded', '=?base64??='],
    ['the marks in another case', base64('x').replace('base64', 'BASE64')],
    ['marks without an end', '=?base64?eA=='],
    ['another encoding', '=?utf-8?q?x?='],
    ['base64 without its padding', '=?base64?eA?='],
    ['base64 with bits to spare', '=?base64?eB==?='],
    ['base64 of the URL alphabet', '=?base64?_-__?='],
    ['base64 with a space', '=?base64?e A==?='],
    ['two encoded values', `${base64('a')}, ${base64('b')}`],
    ['no UTF-8', base64(new Uint8Array([0xff, 0x41]))],
    ['overlong UTF-8', base64(new Uint8Array([0xc0, 0xaf]))],
    ['half a surrogate pair', base64(new Uint8Array([0xed, 0xa0, 0x80]))],
    ['a byte order mark', base64('\ufeffx')],
    ['two values, joined', 'read,delete'],
    ['8-bit characters', 'd\u00e9lete'],
    ['spaces around', ' x '],
    ['more than anybody needs', 'x'.repeat(2_049)],
  ])('is not read from %s', (_what, value) => {
    expect(decodeName(value)).toBeUndefined()
  })

  test.each([...['\n', '\r', '\0', '\t', '\x7f', '\x85', '\u2028']])(
    'H-06 with %j is none, so that no log line and no header has it',
    (character) => {
      expect(decodeName(base64(`a${character}b`))).toBeUndefined()
      expect(decodeName(`a${character}b`)).toBeUndefined()
    },
  )

  test('is a URI with a comma where URIs are named, and never two of them', () => {
    expect(decodeName('notes://a,b', true)).toBe('notes://a,b')
    expect(decodeName('notes://a, notes://b', true)).toBeUndefined()
    expect(decodeName('notes://a ,notes://b', true)).toBeUndefined()
  })
})
