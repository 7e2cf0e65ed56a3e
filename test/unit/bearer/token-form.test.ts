import { describe, expect, test } from 'vitest'
import { formOf, longestToken } from '../../../src/bearer/token-form.ts'
import { encodedPart } from '../../support/crafted-token.ts'

const header = { alg: 'RS256' }
const claims = { iss: 'https://idp.example', aud: ['a', 'b'], nested: { list: [{ x: 1 }, 2] } }
const token = (head: object | string, body: object | string, signature = 'c2ln') =>
  `${encodedPart(head)}.${encodedPart(body)}.${signature}`

describe('a JWT', () => {
  test('is told from the rest with its header and claims', () => {
    expect(formOf(token(header, claims))).toEqual({ kind: 'jwt', header, claims })
    expect(formOf(token(` ${JSON.stringify(header)}`, claims)).kind).toBe('jwt')
  })

  test.each([
    '{"a":"b:c"}',
    '{"a":"\\"b\\":","c":"\\\\"}',
    '{"a:b":{"c\\":":[]}}',
    '{"":{"":{"":1}}}',
    '{"__proto__":1}',
    '{ "a" : [ { "b" : null } , { "b" : true } ] }',
    '{"é":"€:😀"}',
  ])('has distinct names: %s', (body) => {
    expect(formOf(token(header, body))).toMatchObject({ kind: 'jwt', claims: JSON.parse(body) })
  })

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":[{"b":1,"b":2}]}',
    '{"a":"\\"","a":":"}',
    '{"a":{"x":1,"y":2},"a":{"x":1}}',
    '{"a":{"x":1},"a":{"x":1,"y":2}}',
    '{"__proto__":1,"__proto__":2}',
    '{"1":1,"1":2}',
  ])('never has a name twice: %s', (body) => {
    expect(formOf(token(header, body)).kind).toBe('refused')
    expect(formOf(token(body, claims)).kind).toBe('refused')
  })

  test('never has another number of parts', () => {
    const [head = '', body = ''] = token(header, claims).split('.')
    for (const parts of [
      [head],
      [head, body],
      [head, body, 'x', 'y'],
      [head, '', 'x'],
      [head, body, ''],
    ])
      expect(formOf(parts.join('.'))).toMatchObject({ kind: 'refused' })
    expect(formOf([head, body, 'x', 'y', 'z'].join('.'))).toMatchObject({
      reason: expect.stringContaining('encrypted'),
    })
  })
})

describe('an opaque token', () => {
  test.each(['abc', 'a.b.c', 'v2.local.x', '.', '...', 'MTIz.NDU2.Nzg5', 'W10.e30.x', '~+/=='])(
    'is whatever begins as no JSON object: %s',
    (text) => {
      expect(formOf(text)).toEqual({ kind: 'opaque' })
    },
  )
})

test('an opaque token may begin as JSON does: one of 256 random ones has a brace', () => {
  for (const bytes of [
    '{',
    '{"',
    ' {',
    '{}x',
    '{"a":1',
    '{"alg":"RS256"}\0',
    '[{"a":1}]',
    '{"\xff',
  ]) {
    const random = Buffer.concat([Buffer.from(bytes, 'latin1'), Buffer.alloc(24, 0x9d)])
    expect(formOf(random.toString('base64url'))).toEqual({ kind: 'opaque' })
    expect(formOf(`${random.toString('base64url')}.c2ln`)).toEqual({ kind: 'opaque' })
  }
})

test('a token is looked at up to a length', () => {
  expect(formOf('x'.repeat(longestToken)).kind).toBe('opaque')
  expect(formOf('x'.repeat(longestToken + 1)).kind).toBe('refused')
})
