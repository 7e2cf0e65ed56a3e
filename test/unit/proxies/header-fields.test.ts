import { describe, expect, test } from 'vitest'
import { forwardedHeaderNames } from '../../../src/model/header-names.ts'
import { readHeaderFields } from '../../../src/proxies/header-fields.ts'
import { joinedHeaders } from '../../support/joined-headers.ts'

const read = (rawHeaders: readonly string[]) =>
  readHeaderFields(rawHeaders, joinedHeaders(rawHeaders))

describe('the headers of a validate call', () => {
  test('are read by name whatever their case, and no others', () => {
    const fields = read([
      ...['X-Forwarded-URI', '/a', 'ACCEPT', 'text/html', 'X-Request-Id', 'r1', 'X-Custom', 'x'],
      ...['X-User-Id', 'forged', 'Host', 'gateway'],
    ])
    expect(fields).toEqual({
      'x-forwarded-uri': '/a',
      accept: 'text/html',
      'x-request-id': 'r1',
      authorizations: [],
    })
  })

  test.each([
    ...forwardedHeaderNames,
    ...([
      'x-request-id',
      'authorization',
      'cookie',
      'origin',
      'accept',
      'x-requested-with',
    ] as const),
    ...([
      'sec-fetch-mode',
      'sec-fetch-dest',
      'sec-websocket-key',
      'sec-websocket-version',
    ] as const),
    ...(['sec-purpose', 'purpose', 'connection'] as const),
  ])('%s is found under its own name and no other', (name) => {
    const authorizations = name === 'authorization' ? ['value'] : []
    expect(read([name, 'value'])).toEqual({ [name]: 'value', authorizations })
  })

  test('that are there twice are joined, cookies by a semicolon', () => {
    const fields = read([
      ...['Accept', 'a', 'Cookie', 'a=1', 'accept', 'b', 'cookie', 'b=2', 'X-Request-Id', 'r1'],
      ...['X-Request-Id', 'r2'],
    ])
    expect(fields).toMatchObject({ accept: 'a, b', cookie: 'a=1; b=2', 'x-request-id': 'r1, r2' })
  })

  test('every Authorization is told apart', () => {
    expect(read(['Authorization', 'a', 'AUTHORIZATION', ''])).toMatchObject({
      authorizations: ['a', ''],
    })
  })

  test.each([
    ['P-04', ['X-Forwarded-Host', 'a', 'x-forwarded-host', 'a'], /x-forwarded-host is there twice/],
    ['P-04', ['X-Forwarded-For', 'a', 'X-Forwarded-For', 'b'], /x-forwarded-for is there twice/],
    ['P-05', ['X_Forwarded_Uri', '/a'], /"X_Forwarded_Uri" is a twin/],
    ['P-05', ['x.forwarded-uri', '/a'], /"x.forwarded-uri" is a twin/],
    ['H-02', ['X_User_Id', 'a'], /"X_User_Id" is a twin/],
    ['H-02', ['X-Auth.Kind', 'a'], /"X-Auth.Kind" is a twin/],
    ['H-04', ['Connection', 'close, X-User-Id'], /names the reserved header x-user-id/],
    ['H-04', ['Connection', 'close', 'connection', ' x-forwarded-uri '], /x-forwarded-uri/],
  ])('%s %j are refused', (_id, rawHeaders, reason) => {
    expect(read(rawHeaders)).toMatch(reason)
    // Nor does it matter that the name was seen before.
    expect(read(rawHeaders)).toMatch(reason)
  })

  test.each([
    ['X_Custom', 'a'],
    ['X_User', 'a'],
    ['Connection', 'keep-alive, x-custom'],
    ['x-user-id', 'a', 'x-user-id', 'b'],
  ])('%s is no such thing', (...rawHeaders) => {
    expect(read(rawHeaders)).toMatchObject({ authorizations: [] })
  })
})
