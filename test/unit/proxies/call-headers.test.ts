import { describe, expect, test } from 'vitest'
import { forwardedHeaderNames } from '../../../src/model/header-names.ts'
import { CallHeaders, HeaderNames } from '../../../src/proxies/call-headers.ts'

const names = new HeaderNames(['remote-user', 'x-dept'])
const read = (rawHeaders: readonly string[]) => new CallHeaders(rawHeaders, names)
const ambiguity = (rawHeaders: readonly string[]) =>
  read(rawHeaders).ambiguityIn(forwardedHeaderNames)

describe('the headers of a validate call', () => {
  test('are read by name whatever their case', () => {
    const fields = read([
      ...['ACCEPT', 'text/html', 'Origin', 'https://a', 'X-Requested-With', 'r', 'cookie', 'a=1'],
      ...['Sec-Fetch-Mode', 'navigate', 'sec-fetch-dest', 'document', 'Purpose', 'prefetch'],
    ])
    const { accept, origin, requestedWith, cookie, fetchMode, fetchDest, prefetch, webSocket } =
      fields
    expect([accept, origin, requestedWith, cookie]).toEqual(['text/html', 'https://a', 'r', 'a=1'])
    expect([fetchMode, fetchDest, prefetch, webSocket]).toEqual([
      'navigate',
      'document',
      true,
      false,
    ])
    expect(fields.authorization).toEqual([])
  })

  test.each(['Sec-WebSocket-Key', 'Sec-WebSocket-Version'])('%s tells a handshake', (name) => {
    expect(read([name, '13']).webSocket).toBe(true)
  })

  test('that are there twice are joined, cookies by a semicolon', () => {
    const fields = read(['Accept', 'a', 'Cookie', 'a=1', 'accept', 'b', 'cookie', 'b=2'])
    expect([fields.accept, fields.cookie]).toEqual(['a, b', 'a=1; b=2'])
  })

  test('every Authorization is told apart', () => {
    expect(read(['Authorization', 'a', 'AUTHORIZATION', '']).authorization).toEqual(['a', ''])
  })

  test.each([
    ['P-04', ['X-Forwarded-Host', 'a', 'x-forwarded-host', 'a'], /x-forwarded-host is there twice/],
    ['P-04', ['X-Forwarded-For', 'a', 'X-Forwarded-For', 'b'], /x-forwarded-for is there twice/],
    ['P-05', ['X_Forwarded_Uri', '/a'], /"X_Forwarded_Uri" is a twin/],
    ['P-05', ['x.forwarded-uri', '/a'], /"x.forwarded-uri" is a twin/],
    ['H-02', ['X_User_Id', 'a'], /"X_User_Id" is a twin/],
    ['H-02', ['X-Auth.Kind', 'a'], /"X-Auth.Kind" is a twin/],
    ['H-02', ['Remote_User', 'a'], /"Remote_User" is a twin/],
    ['H-02', ['X.Dept', 'a'], /"X.Dept" is a twin/],
    ['H-02', ['X_Authz_Signature', 'a'], /is a twin/],
    ['H-04', ['Connection', 'X-Dept'], /names the reserved header x-dept/],
    ['H-04', ['Connection', 'close, X-User-Id'], /names the reserved header x-user-id/],
    ['H-04', ['Connection', 'close', 'connection', ' x-forwarded-uri '], /x-forwarded-uri/],
  ])('%s %j are refused', (_id, rawHeaders, reason) => {
    expect(ambiguity(rawHeaders)).toMatch(reason)
  })

  test.each([
    ['X_Custom', 'a'],
    ['X_User', 'a'],
    ['Connection', 'keep-alive, x-custom'],
    ['x-user-id', 'a', 'x-user-id', 'b'],
  ])('%s is no such thing', (...rawHeaders) => {
    expect(ambiguity(rawHeaders)).toBeUndefined()
  })
})
