import { describe, expect, test } from 'vitest'
import { listClaim, unionOfLists } from '../../../src/issuers/claims.ts'

describe('a list claim', () => {
  test.each([
    ['an array', ['admin', 'user'], ['admin', 'user']],
    ['an array with other things in it', ['admin', 1, null, {}, ''], ['admin']],
    ['a JSON array in a string', '["admin","user"]', ['admin', 'user']],
    ['a string that only begins like one', '[admin', ['[admin']],
    ['one name', 'admin', ['admin']],
    ['an empty string', '', []],
    ['a number', 7, []],
    ['an object with an array roles', { roles: ['admin', 7, ''] }, ['admin']],
    ['an object with an empty array roles', { roles: [], other: {} }, []],
    ['an object with roles as keys', { admin: { 1: 'a.example' }, user: {} }, ['admin', 'user']],
    ['an object whose roles is no array', { roles: 'admin' }, []],
    [
      'an object with keys over no object',
      { admin: true, owner: null, a: ['b'], user: {} },
      ['user'],
    ],
    ['an object with an empty key', { '': {}, user: {} }, ['user']],
    ['an empty object', {}, []],
  ])('may be %s', (_name, value, list) => {
    expect(listClaim({ claim: value }, 'claim')).toEqual(list)
  })

  test.each([[undefined], [null]])('that is %s is not there', (value) => {
    expect(listClaim({ claim: value }, 'claim')).toBeUndefined()
  })

  test('holds own members only', () => {
    const inherited = Object.create({ roles: ['admin'], root: {} })
    expect(listClaim({ claim: inherited }, 'claim')).toEqual([])
    const polluted = JSON.parse('{"claim":{"__proto__":{"roles":["admin"]},"user":{}}}')
    expect(listClaim(polluted, 'claim')).toEqual(['__proto__', 'user'])
  })

  test('is named whole or by the path of its list, with the same result', () => {
    const claims = { realm_access: { roles: ['admin'] } }
    expect(listClaim(claims, 'realm_access')).toEqual(['admin'])
    expect(listClaim(claims, 'realm_access.roles')).toEqual(['admin'])
  })

  test('may have colons, slashes and dots in its name', () => {
    const zitadel = 'urn:zitadel:iam:org:project:roles'
    const auth0 = 'https://example.com/roles'
    const claims = { [zitadel]: { admin: {} }, [auth0]: ['auditor'] }
    expect(unionOfLists([claims], [zitadel, auth0])).toEqual(['admin', 'auditor'])
  })
})
